/** Our picture of a cluster over RabbitMQ: of Python's worker and ours, which say the same of the same tasks. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { Celery } from "../../lib/celery/mod.ts";
import { eventually } from "../support/eventually.ts";
import { describeWithPeers } from "../support/peers.ts";
import { Program, script } from "../support/program.ts";
import { startPythonWorker } from "../support/python_worker.ts";
import { RABBIT_START_TIMEOUT_MS, RabbitServer } from "../support/rabbit_server.ts";

describeWithPeers(["rabbitmq-server", "python-celery"], "app.events over RabbitMQ", () => {
  let server: RabbitServer;
  beforeAll(async () => server = await RabbitServer.start(), RABBIT_START_TIMEOUT_MS);
  afterAll(() => server?.stop());

  test("hears of tasks and workers of both languages, and again after an outage", { timeout: 180_000 }, async () => {
    const app = new Celery("monitor", { broker: server.url, backend: "rpc://", environment: {} });
    onTestFinished(() => app.close());
    const state = await app.events.State();
    const outages: boolean[] = [];
    const receiver = await app.events.receive((event) => state.event(event), {
      onOutage: (reason) => outages.push(reason !== undefined),
    });
    onTestFinished(() => receiver.close());
    const python = await startPythonWorker({ broker: server.url, backend: "rpc://" }, ["-E", "-n", "python@host"]);
    onTestFinished(async () => void await python.stop());
    const env = { CELERY_BROKER_URL: server.url, CELERY_RESULT_BACKEND: "rpc://" };
    const ours = new Program(
      ...script("celery/addTask.ts", ["worker", "-E", "-n", "ours@host", "-Q", "ours", "-c", "1", "-l", "INFO"]),
      { env },
    );
    onTestFinished(async () => void await ours.stop());
    await ours.printed(/ready\./);

    const sent = [app.sendTask("proj.add", [1, 2]), app.sendTask("addTask.add", [1, 2], { queue: "ours" })];
    const tasks = await eventually("both tasks are done", () => {
      const found = sent.map(({ id }) => state.tasks.get(id));
      return found.every((task) => task?.ready) && found;
    });

    const { worker: _, ...alike } = Object.fromEntries(Object.entries(tasks[0]?.toJSON() ?? {}));
    const own = ["uuid", "rootId", "name", "received", "started", "succeeded", "timestamp", "runtime", "clock", "args"];
    for (const name of own) delete alike[name];
    expect(tasks[1]?.toJSON()).toMatchObject(alike);
    expect(alike).toMatchObject({ state: "SUCCESS", result: "3", kwargs: "{}", retries: 0, children: [] });
    expect(tasks.map((task) => task?.worker?.hostname)).toEqual(["python@host", "ours@host"]);
    expect(tasks.every((task) => task?.started !== undefined && task.received !== undefined)).toBe(true);
    await server.ctl("close_all_connections", "test");
    await eventually("the receiver is back", () => outages.join() === "true,false");
    const again = app.sendTask("proj.add", [3, 4]);
    await eventually("it hears again", () => state.tasks.get(again.id)?.result === "7");
  });
});
