/** A worker of ours whose RabbitMQ is killed under load: it goes on by itself, and every task that was confirmed is done. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { fileURLToPath } from "node:url";
import { Celery, queue } from "../../lib/celery/mod.ts";
import { eventually } from "../support/eventually.ts";
import { describeWithPeers } from "../support/peers.ts";
import { Program, script } from "../support/program.ts";
import { RABBIT_START_TIMEOUT_MS, RabbitServer } from "../support/rabbit_server.ts";
import { RedisServer } from "../support/redis_server.ts";

/** One process, with four messages for it. */
const PREFETCHED = 5;

const OUR_APP = fileURLToPath(new URL("../interop/celery_amqp/matrix.ts", import.meta.url));

describeWithPeers(["rabbitmq-server", "redis-server"], "a worker on RabbitMQ", () => {
  let rabbit: RabbitServer;
  let redis: RedisServer;
  beforeAll(async () => {
    [rabbit, redis] = await Promise.all([RabbitServer.start(), RedisServer.start()]);
  }, RABBIT_START_TIMEOUT_MS);
  afterAll(() => Promise.all([rabbit?.stop(), redis?.stop()]));

  /** Sends until the broker has confirmed so many. @returns their ids */
  async function sendConfirmed(app: Celery, count: number): Promise<string[]> {
    const confirmed: string[] = [];
    while (confirmed.length < count) {
      const results = Array.from({ length: 20 }, () => app.sendTask("matrix.add", [1, 2], { queue: "ours-quorum" }));
      const outcomes = await Promise.allSettled(results.map((result) => result.published));
      outcomes.forEach(({ status }, i) => status === "fulfilled" && confirmed.push(results[i]?.id ?? ""));
    }
    return confirmed;
  }

  test(
    "goes on within 5 s after it was killed and came back, and does every confirmed task",
    { timeout: 120_000 },
    async () => {
      const env = { CELERY_BROKER_URL: rabbit.url, CELERY_RESULT_BACKEND: redis.url };
      const flags = ["worker", "-l", "INFO", "-c", "1", "--without-gossip", "--without-mingle", "-Q", "ours-quorum"];
      const taskQueues = [queue("ours-quorum", { queueArguments: { "x-queue-type": "quorum" } })];
      const app = new Celery("matrix", { broker: rabbit.url, backend: redis.url, taskQueues });
      onTestFinished(() => app.close());
      const confirmed = await sendConfirmed(app, 400); // enough for the worker to have something to do when it is back
      const worker = new Program(...script(OUR_APP, flags), { env });
      onTestFinished(() => worker.stop().then(() => {}));
      const succeeded = () => worker.output.match(/succeeded in/g)?.length ?? 0;

      await eventually("it works", () => succeeded() > 50);
      const sending = sendConfirmed(app, 100);
      await rabbit.down("SIGKILL");
      const before = succeeded() + PREFETCHED; // what it holds it may finish without the broker
      await rabbit.up();
      await eventually("it goes on", () => succeeded() > before, { timeoutMs: 5000 });
      confirmed.push(...await sending);

      for (const id of confirmed) expect(await app.AsyncResult<number>(id).get({ timeout: 30 })).toBe(3);
      expect(worker.output).toMatch(/Trying again in \d+\.00 seconds\.\.\. \(\d+\/100\)/);
    },
  );
});
