import { afterEach, expect, test } from "vitest";
import { ConnectionError } from "../../lib/base/errors.ts";
import { RedisClient } from "../../lib/redis/mod.ts";
import type { RedisTransport } from "../../lib/celery/transport/redis.ts";
import type { Delivery } from "../../lib/celery/transport/transport.ts";
import { eventually } from "../support/eventually.ts";
import { FaultProxy } from "../support/fault_proxy.ts";
import { describeWithPeers } from "../support/peers.ts";
import { RedisServer } from "../support/redis_server.ts";
import { bodyOf, directQueue, redisTransport, routeTo, textMessage } from "../support/redis_transport.ts";
import { Seeded } from "../support/seeded.ts";

const queue = directQueue("tasks");

describeWithPeers(["redis-server"], "RedisTransport under faults", () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function startServer(): Promise<RedisServer> {
    const server = await RedisServer.start();
    cleanups.push(() => server.stop());
    return server;
  }

  async function startProxy(server: RedisServer): Promise<FaultProxy> {
    const proxy = await FaultProxy.start({ host: "127.0.0.1", port: server.port });
    cleanups.push(() => proxy.stop());
    return proxy;
  }

  function open(url: string, options: Record<string, unknown> = {}): RedisTransport {
    const transport = redisTransport(url, options);
    cleanups.push(() => transport.close());
    return transport;
  }

  function connect(server: RedisServer): RedisClient {
    const client = new RedisClient({ url: server.url });
    cleanups.push(() => client.close());
    return client;
  }

  /** Publishes until told to stop, again what was cut off; keeps count of what was confirmed. */
  function publisher(transport: RedisTransport) {
    const confirmed = new Set<string>();
    let isRunning = true;
    const loop = async (name: string) => {
      for (let i = 0; isRunning; i++) {
        const text = `${name}${i}`;
        while (!confirmed.has(text) && isRunning) { // also while Redis is away: there is a macrotask in every round
          await new Promise((resolve) => setTimeout(resolve, 1));
          await transport.publish(textMessage(text), routeTo(queue)).then(() => confirmed.add(text), (error) => {
            expect(error).toBeInstanceOf(ConnectionError);
          });
        }
      }
    };
    const loops = Promise.all(["a", "b", "c"].map(loop));
    const stop = async () => {
      isRunning = false;
      await loops;
    };
    cleanups.push(stop);
    return { confirmed, stop };
  }

  /** Consumes and acknowledges late; counts how often each message came. */
  async function worker(transport: RedisTransport) {
    const seen = new Map<string, number>();
    await transport.consume({
      queues: [queue],
      credit: 8,
      onDelivery: (delivery: Delivery) => {
        seen.set(bodyOf(delivery), (seen.get(bodyOf(delivery)) ?? 0) + 1);
        setTimeout(() => delivery.ack().catch(() => {}), 1); // a closed transport at the end of the test
      },
    });
    return { seen, duplicates: () => [...seen.values()].reduce((sum, count) => sum + count - 1, 0) };
  }

  async function everythingSettles(redis: RedisClient): Promise<void> {
    await eventually("nothing is held or queued any more", async () => {
      const left = await redis.runAll([["HLEN", "unacked"], ["ZCARD", "unacked_index"], ["LLEN", "tasks"]]);
      return left.join() === "0,0,0";
    });
  }

  test("loses nothing that was confirmed when Redis is killed and comes back, twice", async () => {
    const server = await startServer();
    const transport = open(server.url);
    const work = await worker(transport);
    const publishing = publisher(open(server.url));

    for (let i = 0; i < 2; i++) {
      const before = work.seen.size;
      await eventually("it is under load", () => work.seen.size > before + 50);
      await server.down("SIGKILL");
      await server.up();
    }
    const before = work.seen.size;
    await eventually("it consumes again", () => work.seen.size > before + 50);
    await publishing.stop();

    await everythingSettles(connect(server));
    expect([...publishing.confirmed].filter((text) => !work.seen.has(text))).toEqual([]);
    expect(work.duplicates()).toBeLessThanOrEqual(2 * (8 + 3));
    expect(transport.state.kind).toBe("ready");
  });

  test("loses nothing when the worker's connections are cut again and again, at any byte and on either way", async () => {
    const server = await startServer();
    const proxy = await startProxy(server);
    const seeded = new Seeded();
    const transport = open(proxy.url);
    const work = await worker(transport);
    const publishing = publisher(open(server.url));

    for (let i = 0; i < Number(process.env.CUTS ?? 40); i++) {
      const direction = seeded.pick(["up", "down"] as const);
      const accepted = proxy.accepted;
      proxy.cutAfter(direction, seeded.integer(1, 20_000));
      proxy.cut();
      await eventually("it has connected again", () => proxy.accepted >= accepted + 2);
      proxy.cutAfter(direction, undefined);
    }
    await publishing.stop();

    await everythingSettles(connect(server));
    expect([...publishing.confirmed].filter((text) => !work.seen.has(text)), `seed ${seeded.seed}`).toEqual([]);
  });

  test("publishes everything at least once when the publisher's connections are cut", async () => {
    const server = await startServer();
    const proxy = await startProxy(server);
    const seeded = new Seeded();
    const work = await worker(open(server.url));
    const publishing = publisher(open(proxy.url));

    for (let i = 0; i < 15; i++) {
      const confirmed = publishing.confirmed.size;
      proxy.cutAfter("down", seeded.integer(400, 3000)); // the login needs some 300 bytes
      proxy.cut();
      await eventually("it publishes again", () => publishing.confirmed.size > confirmed);
    }
    proxy.cutAfter("down", undefined);
    await publishing.stop();

    await everythingSettles(connect(server));
    expect([...publishing.confirmed].filter((text) => !work.seen.has(text)), `seed ${seeded.seed}`).toEqual([]);
  });

  test("finds again at once what was taken while the connection was lost", async () => {
    const server = await startServer();
    const proxy = await startProxy(server);
    const redis = connect(server);
    const transport = open(proxy.url);
    await transport.ready();
    for (let i = 0; i < 5; i++) await open(server.url).publish(textMessage(`m${i}`), routeTo(queue));
    proxy.delayMs = 30; // the reservation reaches Redis, its answer is on the way when the connection ends
    const working = worker(transport);

    await eventually("the messages are reserved", async () => await redis.run(["HLEN", "unacked"]) === 5);
    proxy.cut();
    proxy.delayMs = 0;
    const work = await working;

    await eventually("they are delivered", () => work.seen.size === 5);
    await everythingSettles(redis);
  });

  for (const fault of ["is stopped", "swallows everything"] as const) {
    test(`notices within its socket timeout a Redis that ${fault}, and consumes again afterwards`, async () => {
      const server = await startServer();
      const proxy = await startProxy(server);
      const transport = open(proxy.url, {
        socket_timeout: 0.4,
        health_check_interval: 0.2,
        socket_connect_timeout: 0.5,
      });
      const work = await worker(transport);
      const outside = connect(server);
      await open(server.url).publish(textMessage("before"), routeTo(queue));
      await eventually("it consumes", () => work.seen.has("before"));

      if (fault === "is stopped") process.kill(server.pid, "SIGSTOP");
      else proxy.silent = true;
      await eventually("it has noticed", () => transport.state.kind !== "ready");
      if (fault === "is stopped") process.kill(server.pid, "SIGCONT");
      else {
        proxy.silent = false;
        proxy.cut();
      }
      await outside.ready();
      await open(server.url).publish(textMessage("after"), routeTo(queue));

      await eventually("it consumes again", () => work.seen.has("after"));
      await everythingSettles(outside);
      expect(work.duplicates()).toBe(0);
    });
  }

  test("declares its queues again when Redis comes back empty", async () => {
    const server = await startServer();
    const redis = connect(server);
    const transport = open(server.url);
    await transport.declareQueue(queue);
    const [id] = String(await redis.run(["CLIENT", "LIST"])).match(/(?<=id=)\d+/g) ?? [];
    expect(id).toBeDefined();

    await redis.run(["FLUSHALL"]);
    await redis.run(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);

    await eventually("the binding is there", async () => await redis.run(["EXISTS", "_kombu.binding.tasks"]) === 1);
  });

  test("ends in time while Redis is away", async () => {
    const server = await startServer();
    const transport = open(server.url);
    const consumer = await transport.consume({ queues: [queue], credit: 1, onDelivery: () => {} });
    await server.down("SIGKILL");
    await eventually("it has noticed", () => transport.state.kind !== "ready");

    await consumer.close();
    await transport.close();

    expect(transport.state.kind).toBe("closed");
    await expect(transport.publish(textMessage("late"), routeTo(queue))).rejects.toThrow("it was closed");
  });
});
