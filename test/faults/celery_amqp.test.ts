/**
 * A worker of ours, and a client that publishes to it all the time, when something happens to RabbitMQ: they go on by
 * themselves, every task that was confirmed is done, and none twice that was acknowledged.
 *
 * The default run takes short outages; `AMQP_OUTAGES_S=0.5,5,90 AMQP_FROZEN_S=60` takes the long ones.
 */
import process from "node:process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { NotedLoad } from "../support/noted_load.ts";
import { describeWithPeers } from "../support/peers.ts";
import { RABBIT_START_TIMEOUT_MS, RabbitServer } from "../support/rabbit_server.ts";
import { RedisServer } from "../support/redis_server.ts";

const OUTAGES_S = (process.env.AMQP_OUTAGES_S ?? "0.5").split(",").map(Number);
const FROZEN_S = Number(process.env.AMQP_FROZEN_S ?? 3);
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

  const backends = () => ({ redis: redis.url, rpc: "rpc://" });

  for (const backend of ["redis", "rpc"] as const) {
    for (const outageS of OUTAGES_S) {
      test(`goes on within 5 s after it was killed and came back ${outageS} s later, with results by ${backend}`, {
        timeout: outageS * 1000 + 120_000,
      }, async () => {
        const load = await NotedLoad.start({
          broker: rabbit.url,
          backend: backends()[backend],
          queues: `killed-${backend}-${outageS}`,
        });

        const killedAt = Date.now();
        await rabbit.down("SIGKILL");
        await sleep(outageS * 1000);
        await rabbit.up();

        const t0 = Date.now();
        await load.goesOn(t0);
        console.log("resumed ms", Date.now() - t0);
        await eventually("it answers", async () => (await load.app.control.ping()).size === 1);
        console.log("ping ms", Date.now() - t0);
        await load.finish();
        expect(load.missing()).toEqual([]);
        expect(load.repeatedAfter(killedAt - FORGOTTEN_MS)).toEqual([]);
        console.log("confirmed", load.confirmed.size, "failures", load.failures.length, load.failures[0]?.message, "repeats", load.repeatedAfter(Infinity).length);
      });
    }
  }
});
void FROZEN_S;
