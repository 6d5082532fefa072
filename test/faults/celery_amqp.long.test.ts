/**
 * A worker of ours, and a client that publishes to it all the time, when RabbitMQ is killed: they go on by themselves, every
 * task that was confirmed is done, and none twice that was acknowledged.
 *
 * The default run takes a short outage; `AMQP_OUTAGES_S=0.5,5,90` takes those of the issue.
 */
import process from "node:process";
import { expect, test } from "vitest";
import { NotedLoad } from "../support/noted_load.ts";
import { describeWithPeers } from "../support/peers.ts";
import { rabbitAndRedis } from "../support/rabbit_and_redis.ts";

const OUTAGES_S = (process.env.AMQP_OUTAGES_S ?? "0.5").split(",").map(Number);
/** RabbitMQ itself forgets the acknowledgements of its last moments when it is killed. */
const FORGOTTEN_MS = 2000;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describeWithPeers(["rabbitmq-server", "redis-server"], "a worker on RabbitMQ", () => {
  const servers = rabbitAndRedis();

  test.each(OUTAGES_S)(
    "goes on within 5 s after it was killed and came back %s s later, with results by Redis and by rpc",
    { timeout: Math.max(...OUTAGES_S) * 1000 + 120_000 },
    async (outageS) => {
      const backends = { redis: servers.redis.url, rpc: "rpc://" };
      const loads = await Promise.all(
        Object.entries(backends).map(([name, backend]) =>
          NotedLoad.start({ broker: servers.rabbit.url, backend, queues: `killed-${name}-${outageS}` })
        ),
      );
      for (const load of loads) await servers.rabbit.hasNoted(load.queue("quorum"));
      const begun = await Promise.all(loads.map((load) => load.begun("quorum", 1)));
      const waiting = loads.map((load, i) => begun[i] && load.answerTo(begun[i]));

      const killedAt = Date.now();
      await servers.rabbit.down("SIGKILL");
      await sleep(outageS * 1000);
      await servers.rabbit.up();

      const since = Date.now();
      await Promise.all(loads.map((load) => load.goesOn(since)));
      await Promise.all(loads.map((load) => load.answersControl()));
      expect(await Promise.all(waiting)).toEqual([1, 1]);
      await Promise.all(loads.map((load) => load.finish()));
      for (const load of loads) expect(load.repeatedAfter(killedAt - FORGOTTEN_MS)).toEqual([]);
    },
  );
});
