/**
 * A worker of ours, and a client that publishes to it all the time, when RabbitMQ is killed: they go on by themselves, every
 * task that was confirmed is done, and none twice that was acknowledged.
 *
 * The default run takes a short outage; `AMQP_OUTAGES_S=0.5,5,90` takes those of the issue.
 */
import process from "node:process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NotedLoad } from "../support/noted_load.ts";
import { describeWithPeers } from "../support/peers.ts";
import { RABBIT_START_TIMEOUT_MS, RabbitServer } from "../support/rabbit_server.ts";
import { RedisServer } from "../support/redis_server.ts";

const OUTAGES_S = (process.env.AMQP_OUTAGES_S ?? "0.5").split(",").map(Number);
/** RabbitMQ itself forgets the acknowledgements of its last moments when it is killed. */
const FORGOTTEN_MS = 2000;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describeWithPeers(["rabbitmq-server", "redis-server"], "a worker on RabbitMQ", () => {
  let rabbit: RabbitServer;
  let redis: RedisServer;
  beforeAll(async () => {
    [rabbit, redis] = await Promise.all([RabbitServer.start(), RedisServer.start()]);
  }, RABBIT_START_TIMEOUT_MS);
  afterAll(() => Promise.all([rabbit?.stop(), redis?.stop()]));

  test.each(OUTAGES_S)(
    "goes on within 5 s after it was killed and came back %s s later, with results by Redis and by rpc",
    { timeout: Math.max(...OUTAGES_S) * 1000 + 120_000 },
    async (outageS) => {
      const backends = { redis: redis.url, rpc: "rpc://" };
      const loads = await Promise.all(
        Object.entries(backends).map(([name, backend]) =>
          NotedLoad.start({ broker: rabbit.url, backend, queues: `killed-${name}-${outageS}` })
        ),
      );
      for (const load of loads) await rabbit.hasNoted(load.queue("quorum"));
      const begun = await Promise.all(loads.map((load) => load.begun("quorum", 1)));
      const waiting = loads.map((load, i) => begun[i] && load.answerTo(begun[i]));

      const killedAt = Date.now();
      await rabbit.down("SIGKILL");
      await sleep(outageS * 1000);
      await rabbit.up();

      const since = Date.now();
      await Promise.all(loads.map((load) => load.goesOn(since)));
      await Promise.all(loads.map((load) => load.answersControl()));
      expect(await Promise.all(waiting)).toEqual([1, 1]);
      await Promise.all(loads.map((load) => load.finish()));
      for (const load of loads) expect(load.repeatedAfter(killedAt - FORGOTTEN_MS)).toEqual([]);
    },
  );
});
