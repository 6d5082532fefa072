/**
 * A message that comes again although its task has succeeded, as after a worker that died between result and acknowledgement:
 * with `worker_deduplicate_successful_tasks` neither language runs it twice, whichever wrote the result.
 */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Celery } from "../../lib/celery/mod.ts";
import { RedisClient } from "../../lib/redis/mod.ts";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { Program, script } from "../support/program.ts";
import { RedisServer } from "../support/redis_server.ts";

const FOLDER = fileURLToPath(new URL("../python/celery/", import.meta.url));

describeWithPeers(["redis-server", "python-celery"], "a task that has succeeded, delivered again", () => {
  let redis: RedisServer;
  let client: RedisClient;
  let app: Celery;

  beforeAll(async () => {
    redis = await RedisServer.start();
    client = new RedisClient({ url: redis.url });
    app = new Celery("bodies", { broker: redis.url, backend: redis.url, environment: {} });
  });
  afterAll(async () => {
    await app?.close();
    await client?.close();
    await redis?.stop();
  });

  const workers = {
    Python: () =>
      new Program(PYTHON, ["-B", "-m", "celery", "-A", "bodies", "worker", "-P", "solo", "-l", "INFO"], {
        cwd: FOLDER,
        env: { SERIALIZER: "json", BROKER: redis.url, BACKEND: redis.url, C_FORCE_ROOT: "1" },
      }),
    our: () =>
      new Program(...script("test/interop/celery_bodies/tasks.ts", ["worker", "-c", "1", "-l", "INFO"]), {
        env: { SERIALIZER: "json", CELERY_BROKER_URL: redis.url, CELERY_RESULT_BACKEND: redis.url },
      }),
  };

  /** The message that waits, as kombu gives it back for another worker. */
  async function redelivered(): Promise<string> {
    const [waiting] = await client.run(["LRANGE", "celery", "0", "-1"]) as Uint8Array[];
    const envelope = JSON.parse(String(waiting));
    envelope.headers.redelivered = envelope.properties.delivery_info.redelivered = true;
    return JSON.stringify(envelope);
  }

  for (const [first, second] of [["Python", "our"], ["our", "Python"]] as const) {
    test(`is not run by ${second} worker after ${first} one`, async () => {
      const id = `first-${first}`;
      const sent = app.sendTask("bodies.add", [2, 3], { taskId: id });
      await sent.published;
      const again = await redelivered();
      const one = workers[first]();
      try {
        expect(await sent.get({ timeout: 30 })).toBe(5);
      } finally {
        await one.stop();
      }
      const other = workers[second]();
      try {
        await other.printed(/ ready\./);
        await client.run(["LPUSH", "celery", again]);
        await other.printed(new RegExp(`Task bodies\\.add\\[${id}\\] Task already completed successfully\\.`));
        expect(other.output).not.toContain("succeeded in");
      } finally {
        await other.stop();
      }
    });
  }
});
