/**
 * A worker of ours, and a client that publishes to it all the time, when RabbitMQ is there and does not answer: frozen, or
 * behind a proxy while it starts. They go on by themselves once it does.
 *
 * The default run takes a short while; `AMQP_FROZEN_S=60` takes that of the issue.
 */
import process from "node:process";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { FaultProxy } from "../support/fault_proxy.ts";
import { NotedLoad } from "../support/noted_load.ts";
import { describeWithPeers } from "../support/peers.ts";
import { rabbitAndRedis } from "../support/rabbit_and_redis.ts";

const FROZEN_S = Number(process.env.AMQP_FROZEN_S ?? 3);
/** An acknowledgement that is on its way when a connection is given up is lost with it. */
const ON_ITS_WAY_MS = 500;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describeWithPeers(["rabbitmq-server", "redis-server"], "a worker on RabbitMQ", () => {
  const servers = rabbitAndRedis();

  test(
    `goes on within 5 s after RabbitMQ was frozen for ${FROZEN_S} s, whether the worker notices or not`,
    { timeout: FROZEN_S * 1000 + 120_000 },
    async () => {
      const loads = await Promise.all([1, 120].map((heartbeatSeconds) =>
        NotedLoad.start({
          broker: servers.rabbit.url,
          backend: "rpc://",
          queues: `frozen-${heartbeatSeconds}`,
          heartbeatSeconds,
        })
      ));
      const begun = await Promise.all(loads.map((load) => load.begun("classic", 1)));
      const waiting = loads.map((load, i) => begun[i] && load.answerTo(begun[i]));

      const frozenAt = Date.now();
      process.kill(servers.rabbit.pid, "SIGSTOP");
      await sleep(FROZEN_S * 1000);
      process.kill(servers.rabbit.pid, "SIGCONT");

      const since = Date.now();
      await Promise.all(loads.map((load) => load.goesOn(since)));
      await Promise.all(loads.map((load) => load.answersControl()));
      expect(await Promise.all(waiting)).toEqual([1, 1]);
      await Promise.all(loads.map((load) => load.finish()));
      for (const load of loads) {
        expect(load.repeatedAfter(frozenAt - ON_ITS_WAY_MS)).toEqual([]);
        await eventually("it has one consumer each", async () => (await load.consumers()).join() === "1,1");
      }
    },
  );

  test("goes on within 5 s after RabbitMQ came back slowly", async () => {
    const proxy = await FaultProxy.start({ host: "127.0.0.1", port: servers.rabbit.port });
    onTestFinished(() => proxy.stop());
    const broker = `amqp://127.0.0.1:${proxy.port}//`;
    const load = await NotedLoad.start({ broker, backend: servers.redis.url, queues: "slow" });
    const waiting = load.answerTo(await load.begun("quorum", 1));

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
    expect(await waiting).toBe(1);
    await load.finish();
    expect(load.repeatedAfter(cutAt - ON_ITS_WAY_MS)).toEqual([]);
  });
});
