/** Our picture of a cluster and Python's, both of our worker, which does to tasks whatever can be done to them. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { Celery } from "../../lib/celery/mod.ts";
import { eventually } from "../support/eventually.ts";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { Program, script } from "../support/program.ts";
import { RedisServer } from "../support/redis_server.ts";
import { type Said, saidBy } from "../support/said_by_state.ts";

const PYTHON_FOLDER = fileURLToPath(new URL("../python/celery/", import.meta.url));

describeWithPeers(["redis-server", "python-celery"], "app.events beside Python's", () => {
  let redis: RedisServer;
  beforeAll(async () => redis = await RedisServer.start());
  afterAll(() => redis.stop());

  test("make the same picture of the same worker and its tasks", { timeout: 120_000 }, async () => {
    const urls = { broker: redis.url, backend: redis.url };
    const app = new Celery("monitor", { ...urls, environment: {} });
    onTestFinished(() => app.close());
    const state = await app.events.State();
    const receiver = await app.events.receive((event) => state.event(event));
    onTestFinished(() => receiver.close());
    const python = new Program(PYTHON, [join(PYTHON_FOLDER, "events_state.py"), "ours@host"], {
      cwd: PYTHON_FOLDER,
      env: { CAPTURE_BROKER: redis.url, PYTHONDONTWRITEBYTECODE: "1" },
    });
    onTestFinished(async () => void await python.stop());
    await python.printed(/listening/);
    const env = { CELERY_BROKER_URL: redis.url, CELERY_RESULT_BACKEND: redis.url };
    const args = ["worker", "-E", "-n", "ours@host", "-c", "1", "-l", "INFO"];
    const worker = new Program(...script("test/interop/celery_worker/tasks.ts", args), { env });
    onTestFinished(async () => void await worker.stop());
    await worker.printed(/ready\./);

    const send = (name: string, args: unknown[] = [], options = {}) => app.sendTask(`ours.${name}`, args, options);
    const expired = send("add", [1, 2], { expires: new Date(Date.now() - 1000) });
    for (const name of ["ignore", "reject", "retry_twice", "parent", "soft_limit", "die"]) send(name);
    send("value_error", ["why"]);
    send("replaced", [1]);
    send("nowhere");
    const waiting = send("add", [3, 4], { countdown: 3600 });
    await eventually("all of it has happened", () => {
      const states = state.tasksByTime().map((task) => `${task.name} ${task.state}`);
      return state.tasks.get(expired.id)?.state === "REVOKED" && state.tasks.get(waiting.id)?.state === "RECEIVED" &&
        states.filter((text) => text === "ours.add SUCCESS").length === 3 &&
        states.includes("ours.retry_twice SUCCESS") &&
        states.filter((text) => text.endsWith(" FAILURE")).length === 4;
    });
    await worker.stop();
    const [, said = ""] = await python.printed(/(\{.*\})\n/);

    const expected: Said = JSON.parse(said);
    await eventually("both have heard it all", () => state.eventCount >= expected.event_count);
    expect(timeless(saidBy(state))).toEqual(timeless(expected));
    expect(expected.tasks.length).toBe(13);
  });
});

/** Without what is of the one who hears: when, by its own clock, and whether it was there for the first heartbeat. */
function timeless(said: Said): unknown {
  return { ...said, event_count: 0, workers: said.workers.map(({ heartbeats: _, expires: __, ...rest }) => rest) };
}
