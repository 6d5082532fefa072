import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../../lib/base/time.ts";
import { RedisWaiter } from "../../../lib/celery/transport/redis_waiter.ts";
import { RedisClient } from "../../../lib/redis/mod.ts";
import { eventually } from "../../support/eventually.ts";
import { FaultProxy } from "../../support/fault_proxy.ts";
import { describeWithPeers } from "../../support/peers.ts";
import { RedisServer } from "../../support/redis_server.ts";

describeWithPeers(["redis-server"], "RedisWaiter", () => {
  let server: RedisServer;
  let redis: RedisClient;
  const cleanups: (() => unknown)[] = [];
  beforeAll(async () => {
    server = await RedisServer.start();
    redis = new RedisClient({ url: server.url });
    await redis.run(["ACL", "SETUSER", "untracked", "on", ">pw", "~*", "&*", "+@all", "-client|tracking"]);
  });
  afterAll(async () => {
    await redis.close();
    await server.stop();
  });
  afterEach(async () => {
    await redis.run(["FLUSHALL"]);
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  function open(url = server.url): RedisWaiter {
    const client = new RedisClient({ url, backoff: { startMs: 5, stepMs: 0 } });
    const waiter = new RedisWaiter(client, systemClock);
    cleanups.push(() => client.close(), () => waiter.close());
    return waiter;
  }

  /** Starts to wait and says whether it is over. */
  function wait(waiter: RedisWaiter, signal = new AbortController().signal) {
    const state = { isOver: false, done: Promise.resolve() };
    state.done = waiter.wait(["q1", "q2", "q3"], signal).finally(() => state.isOver = true);
    state.done.catch(() => {}); // the test looks at it when it is ready
    return state;
  }

  for (const [way, user] of [["is told of the change", ""], ["looks again where that is denied", "untracked:pw@"]]) {
    const url = () => server.url.replace("//", `//${user}`);

    test(`returns at once when a list holds something (${way})`, async () => {
      await redis.run(["LPUSH", "q2", "x"]);

      await wait(open(url())).done;
    });

    test(`returns when something is pushed to any of the lists, and takes nothing (${way})`, async () => {
      const waiter = open(url());
      for (const list of ["q1", "q3"]) {
        const waiting = wait(waiter);
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect(waiting.isOver).toBe(false);

        await redis.run(["LPUSH", list, "x"]);
        await waiting.done;

        expect(await redis.run(["LLEN", list])).toBe(1);
        await redis.run(["DEL", list]);
      }
    });
  }

  test("misses no push, whenever it comes", async () => {
    const waiter = open();
    for (let i = 0; i < 100; i++) {
      const waiting = wait(waiter);
      for (let turns = i % 10; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
      await redis.run(["LPUSH", "q1", "x"]);
      await waiting.done;
      await redis.run(["DEL", "q1"]);
    }
  });

  test("needs no look of its own after one that went along with another command", async () => {
    const waiter = open();
    await redis.run(["LPUSH", "q1", "x"]);
    await wait(waiter).done; // it is connected now
    const lookBehind = async (command: readonly string[]) => {
      const look = waiter.look(["q1", "q2", "q3"]);
      if (look === undefined) throw new Error("It cannot look");
      const [, ...replies] = await look.client.runAll([command, ...look.commands]);
      look.taken(replies);
      return look;
    };
    const looksBefore = await looks();

    const full = await lookBehind(["PING"]);
    await waiter.wait(["q1", "q2", "q3"], new AbortController().signal, full); // returns: something is there
    const empty = await lookBehind(["RPOP", "q1"]);
    const waiting = waiter.wait(["q1", "q2", "q3"], new AbortController().signal, empty);
    await redis.run(["LPUSH", "q3", "x"]);
    await waiting;

    expect([full.found, empty.found]).toEqual([true, false]);
    expect(await looks() - looksBefore).toBe(2);
  });

  /** How many times lists were looked at so far, by anybody. */
  async function looks(): Promise<number> {
    const stats = String(await redis.run(["INFO", "commandstats"]));
    return Number(/cmdstat_exists:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  }

  test("looks itself after one that was refused", async () => {
    const waiter = open();
    await redis.run(["LPUSH", "q2", "x"]);
    await wait(waiter).done;
    const look = waiter.look(["q2"]);
    look?.taken(await look.client.runAll([["CLIENT", "CACHING", "YES"], ["EXISTS"]])); // without a key

    expect(look?.found).toBeUndefined();
    await waiter.wait(["q2"], new AbortController().signal, look);
  });

  test("wakes everybody who waits", async () => {
    const waiting = [open(), open(), open()].map((waiter) => wait(waiter));
    await new Promise((resolve) => setTimeout(resolve, 50));

    await redis.run(["LPUSH", "q1", "x"]);

    await Promise.all(waiting.map((one) => one.done));
  });

  test("ends when it is called off, and can wait again", async () => {
    const waiter = open();
    const abort = new AbortController();
    const waiting = wait(waiter, abort.signal);
    abort.abort("called off");
    await expect(waiting.done).rejects.toBe("called off");

    await redis.run(["LPUSH", "q1", "x"]);

    await wait(waiter).done;
  });

  test("watches again after a reconnect", async () => {
    const proxy = await FaultProxy.start({ host: "127.0.0.1", port: server.port });
    cleanups.push(() => proxy.stop());
    const waiter = open(proxy.url);
    const waiting = wait(waiter);
    await eventually("it has connected", () => proxy.open > 0);

    proxy.refusing = true;
    proxy.cut();
    await redis.run(["LPUSH", "q1", "x"]);
    proxy.refusing = false;

    await waiting.done;
  });

  test("rejects who waits when it is closed", async () => {
    const waiter = open();
    const waiting = wait(waiter);
    await new Promise((resolve) => setTimeout(resolve, 50));

    await waiter.close();

    await expect(wait(waiter).done).rejects.toThrow("it was closed");
    await eventually("the first does not wait any longer", () => waiting.isOver, { timeoutMs: 1000 });
  });
});
