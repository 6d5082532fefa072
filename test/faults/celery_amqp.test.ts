/**
 * A worker of ours, and a client that publishes to it all the time, when RabbitMQ goes away and comes back: they go on by
 * themselves, every task that was confirmed is done, and none twice that was acknowledged.
 *
 * The default run takes short outages; `AMQP_OUTAGES_S=0.5,5,90 AMQP_FROZEN_S=60` takes those of the issue.
 */
import process from "node:process";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { FaultProxy } from "../support/fault_proxy.ts";
import { NotedLoad } from "../support/noted_load.ts";
import { describeWithPeers } from "../support/peers.ts";
import { RABBIT_START_TIMEOUT_MS, RabbitServer } from "../support/rabbit_server.ts";
import { RedisServer } from "../support/redis_server.ts";

const OUTAGES_S = (process.env.AMQP_OUTAGES_S ?? "0.5").split(",").map(Number);
const FROZEN_S = Number(process.env.AMQP_FROZEN_S ?? 3);
/** RabbitMQ itself forgets the acknowledgements of its last moments when it is killed. */
const FORGOTTEN_MS = 2000;
const BACKENDS = ["redis", "rpc"] as const;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describeWithPeers(["rabbitmq-server", "redis-server"], "a worker on RabbitMQ", () => {
  let rabbit: RabbitServer;
  let redis: RedisServer;
  beforeAll(async () => {
    [rabbit, redis] = await Promise.all([RabbitServer.start(), RedisServer.start()]);
  }, RABBIT_START_TIMEOUT_MS);
  afterAll(() => Promise.all([rabbit?.stop(), redis?.stop()]));

  const resultsBy = (backend: (typeof BACKENDS)[number]) => backend === "redis" ? redis.url : "rpc://";

  test.each(OUTAGES_S.flatMap((outageS) => BACKENDS.map((backend) => [outageS, backend] as const)))(
    "goes on within 5 s after it was killed and came back %s s later, with results by %s",
    { timeout: Math.max(...OUTAGES_S) * 1000 + 120_000 },
    async (outageS, backend) => {
      const load = await NotedLoad.start({
        broker: rabbit.url,
        backend: resultsBy(backend),
        queues: `killed-${backend}-${outageS}`,
      });
      await rabbit.hasNoted(load.queue("quorum"));
      const waiting = await load.begun("quorum", 1);

      const killedAt = Date.now();
      await rabbit.down("SIGKILL");
      await sleep(outageS * 1000);
      await rabbit.up();

      await load.goesOn(Date.now());
      await load.answersControl();
      expect(await load.answerTo(waiting)).toBe(1);
      await load.finish();
      expect(load.repeatedAfter(killedAt - FORGOTTEN_MS)).toEqual([]);
    },
  );

  test.each([["notices", 1], ["does not notice", 120]])(
    `goes on within 5 s after RabbitMQ was frozen for ${FROZEN_S} s, which it %s`,
    { timeout: FROZEN_S * 1000 + 120_000 },
    async (_, heartbeatSeconds) => {
      const load = await NotedLoad.start({
        broker: rabbit.url,
        backend: "rpc://",
        queues: `frozen-${heartbeatSeconds}`,
        heartbeatSeconds,
      });
      const waiting = await load.begun("classic", 1);

      const frozenAt = Date.now();
      process.kill(rabbit.pid, "SIGSTOP");
      await sleep(FROZEN_S * 1000);
      process.kill(rabbit.pid, "SIGCONT");

      await load.goesOn(Date.now());
      await load.answersControl();
      expect(await load.answerTo(waiting)).toBe(1);
      await load.finish();
      expect(load.repeatedAfter(frozenAt - FORGOTTEN_MS)).toEqual([]);
      await eventually(
        "it has one consumer each",
        async () => (await load.consumers(rabbit)).join() === "classic,quorum",
      );
    },
  );

  test("goes on within 5 s after RabbitMQ came back slowly", async () => {
    const proxy = await FaultProxy.start({ host: "127.0.0.1", port: rabbit.port });
    onTestFinished(() => proxy.stop());
    const broker = `amqp://127.0.0.1:${proxy.port}//`;
    const load = await NotedLoad.start({ broker, backend: redis.url, queues: "slow" });
    const waiting = await load.begun("quorum", 1);

    const cutAt = Date.now();
    const restarts = () => load.worker.output.match(/Trying again in/g)?.length ?? 0;
    proxy.refusing = true; // it accepts, and hangs up
    proxy.cut();
    await eventually("the worker tries in vain", () => restarts() > 0);
    proxy.silent = true; // it accepts, and says nothing
    proxy.refusing = false;
    const before = restarts();
    await eventually("the worker tries in vain", () => restarts() > before);
    proxy.silent = false;
    proxy.delayMs = 50;

    await load.goesOn(Date.now());
    await load.answersControl();
    expect(await load.answerTo(waiting)).toBe(1);
    await load.finish();
    expect(load.repeatedAfter(cutAt - FORGOTTEN_MS)).toEqual([]);
  });
});
