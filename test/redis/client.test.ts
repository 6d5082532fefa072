import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { RedisClient, RedisError, type RedisOptions, RedisScript, textOf } from "../../lib/redis/mod.ts";
import { eventually } from "../support/eventually.ts";
import { FakeRedis } from "../support/fake_redis.ts";
import { FaultProxy } from "../support/fault_proxy.ts";
import { describeWithPeers } from "../support/peers.ts";
import { RedisServer } from "../support/redis_server.ts";
import { Seeded } from "../support/seeded.ts";

describeWithPeers(["redis-server"], "RedisClient", () => {
  let server: RedisServer;
  const cleanups: (() => unknown)[] = [];
  beforeAll(async () => void (server = await RedisServer.start()));
  afterAll(() => server.stop());
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  function client(options: Partial<RedisOptions> = {}): RedisClient {
    const made = new RedisClient({ url: server.url, backoff: { startMs: 5, stepMs: 0 }, ...options });
    cleanups.push(() => made.close());
    return made;
  }

  async function proxy(): Promise<FaultProxy> {
    const made = await FaultProxy.start({ host: "127.0.0.1", port: server.port });
    cleanups.push(() => made.stop());
    return made;
  }

  test("runs commands over TCP and over a unix socket, in both protocols", async () => {
    for (const url of [server.url, `redis+socket://${server.socketPath}?virtual_host=3`]) {
      for (const protocol of [2, 3] as const) {
        const redis = client({ url, protocol });

        await redis.run(["SET", "k", `${url} ${protocol}`]);

        expect(textOf(await redis.run(["GET", "k"]))).toBe(`${url} ${protocol}`);
        expect(redis.info).toMatchObject({ server: "redis", protocol });
      }
    }
  });

  test("runs a transaction and gives its replies, refusals among them", async () => {
    const redis = client();
    await redis.run(["SET", "text", "x"]);

    const replies = await redis.transaction([["INCR", "n"], ["LPUSH", "text", "y"], ["INCR", "n"]]);

    expect(replies).toEqual([1, expect.any(RedisError), 2]);
  });

  test("carries out nothing of a transaction with a command that is refused before EXEC", async () => {
    const redis = client();

    await expect(redis.transaction([["SET", "never", "1"], ["NOSUCH"]])).rejects.toThrow(
      "Cannot run NOSUCH: ERR unknown",
    );

    expect(await redis.run(["EXISTS", "never"])).toBe(0);
  });

  test("teaches the server a script, also again after it forgot", async () => {
    const redis = client();
    const script = new RedisScript("join", "return KEYS[1] .. ARGV[1]");

    for (const forget of [["PING"], ["SCRIPT", "FLUSH"]]) {
      await redis.run(forget);
      const replies = await Promise.all([redis.script(script, ["a"], ["1"]), redis.script(script, ["b"], ["2"])]);
      expect(replies.map(textOf)).toEqual(["a1", "b2"]);
    }
  });

  test("names the script whose run failed", async () => {
    const script = new RedisScript("Q.FAIL", "return redis.error_reply('ERR on purpose')");

    await expect(client().script(script, [], [])).rejects.toThrow("Cannot run Q.FAIL: ERR on purpose");
  });

  test("finds out whether scripts are denied", async () => {
    const redis = client();
    await redis.run(["ACL", "SETUSER", "noscripts", "on", ">pw", "~*", "&*", "+@all", "-@scripting"]);
    const denied = client({ url: server.url.replace("redis://", "redis://noscripts:pw@") });

    expect(await redis.scriptsDenied()).toBe(false);
    expect(await denied.scriptsDenied()).toBe(true);
    await expect(denied.script(new RedisScript("Q.X", "return 1"), [], [])).rejects.toThrow("Cannot run Q.X: NOPERM");
  });

  test("never gives a command another one's reply, however many are cancelled", async () => {
    const seeded = new Seeded();
    const redis = client();
    await redis.ready();

    await Promise.all(Array.from({ length: 500 }, async (_, i) => {
      const abort = new AbortController();
      const isCancelled = seeded.next() < 0.5;
      const reply = redis.run(["ECHO", String(i)], { signal: abort.signal });
      if (isCancelled) setImmediate(() => abort.abort("cancelled"));
      const text = await reply.then(textOf, (reason) => isCancelled && reason === "cancelled" ? String(i) : reason);
      expect(text, `seed ${seeded.seed}`).toBe(String(i));
    }));
  });

  test("ends a command at its deadline and keeps the connection", async () => {
    const redis = client();
    await redis.ready();

    await expect(redis.run(["BLPOP", "empty", "0.2"], { timeoutMs: 20, blockMs: 200 })).rejects.toMatchObject({
      ms: 20,
    });

    expect(textOf(await redis.run(["ECHO", "next"]))).toBe("next");
    expect(redis.generation).toBe(1);
  });

  test("reconnects, and sends again what certainly never left", async () => {
    const between = await proxy();
    const redis = client({ url: between.url });
    await redis.run(["SET", "k", "1"]);

    between.cut();

    expect(await eventually("it runs again", () => redis.run(["INCR", "k"]).catch(() => undefined))).toBe(2);
    expect(redis.generation).toBe(2);
  });

  test("posts commands whose replies nobody wants, before it is connected, after, and again after a loss", async () => {
    const between = await proxy();
    const redis = client({ url: between.url });
    await redis.run(["DEL", "posted", "text"]);
    const fresh = client({ url: between.url });
    await fresh.post(["LPUSH", "posted", "first"]);
    await Promise.all(Array.from({ length: 100 }, (_, i) => fresh.post(["LPUSH", "posted", String(i)])));
    await redis.run(["SET", "text", "x"]);

    await expect(fresh.post(["LPUSH", "text", "y"])).rejects.toThrow("Cannot run LPUSH: WRONGTYPE");
    between.cut();
    await eventually("it has noticed", () => fresh.state.kind !== "ready" || fresh.generation > 1);
    await fresh.post(["LPUSH", "posted", "last"]);

    expect(await client().run(["LLEN", "posted"])).toBe(102);
    await fresh.close();
    await expect(fresh.post(["LPUSH", "posted", "late"])).rejects.toThrow("closed");
  });

  test("says of a posted command that was cut off that it may have been carried out", async () => {
    const between = await proxy();
    const redis = client({ url: between.url });
    await redis.ready();
    between.silent = true;

    const posted = redis.post(["LPUSH", "posted", "x"]);
    await new Promise((resolve) => setImmediate(resolve));
    between.cut();

    await expect(posted).rejects.toMatchObject({ name: "ConnectionError", maybeSent: true });
  });

  test("says of a command that was cut off whether it may have been carried out", async () => {
    const between = await proxy();
    const redis = client({ url: between.url });
    await redis.ready();
    between.silent = true;
    const lost = redis.run(["INCR", "cut"]);
    await new Promise((resolve) => setTimeout(resolve, 20));

    between.cut();

    await expect(lost).rejects.toMatchObject({ name: "ConnectionError", maybeSent: true });
    between.silent = false;
  });

  test("sends a command again that may run twice, until it is answered", async () => {
    const between = await proxy();
    const redis = client({ url: between.url });
    await redis.ready();
    between.silent = true;
    const kept = redis.run(["SET", "again", "1"], { retry: "always" });
    await new Promise((resolve) => setTimeout(resolve, 20));

    between.silent = false;
    between.cut();

    expect(await kept).toBe("OK");
  });

  test("goes to the next server of a list", async () => {
    const redis = client({ url: `redis://127.0.0.1:1/0;${server.url}` });

    expect(await redis.run(["PING"])).toBe("PONG");
  });

  test("gives up after its attempts", async () => {
    const redis = client({ url: "redis://127.0.0.1:1/0", maxAttempts: 3 });

    await expect(redis.run(["PING"])).rejects.toThrow("nothing listens there");
    expect(redis.state.kind).toBe("closed");
  });

  test("leaves a server that has become a replica and comes back", async () => {
    let readonly = true;
    const fake = await FakeRedis.start(([name]) => {
      if (name !== "LPUSH") return "+OK\r\n";
      const reply = readonly ? "-READONLY You can't write against a read only replica.\r\n" : ":1\r\n";
      readonly = false;
      return reply;
    });
    cleanups.push(() => fake.stop());
    const redis = client({ url: fake.url });

    expect(await redis.run(["LPUSH", "q", "x"])).toBe(1);
    expect(redis.generation).toBe(2);
  });

  test("refuses commands after close, and waits for those before", async () => {
    const redis = client();
    await redis.ready();
    const before = redis.run(["PING"]);

    await redis.close();

    expect(await before).toBe("PONG");
    await expect(redis.run(["PING"])).rejects.toThrow("it was closed");
    await redis.close();
  });

  test("logs in with a password and says clearly when it is wrong", async () => {
    const admin = client();
    await admin.run(["ACL", "SETUSER", "worker", "on", ">right", "~*", "&*", "+@all"]);

    expect(await client({ url: server.url.replace("//", "//worker:right@") }).run(["PING"])).toBe("PONG");
    await expect(client({ url: server.url.replace("//", "//worker:wrong@") }).ready()).rejects.toThrow("WRONGPASS");
  });

  test("prepares every connection before anybody uses it", async () => {
    const between = await proxy();
    const prepared: string[] = [];
    const redis = client({ url: between.url }).dedicated({}, {
      prepare: async (connection) => void prepared.push(String(await connection.run(["PING"]))),
    });
    cleanups.push(() => redis.close());
    await redis.ready();

    between.cut();
    await eventually("it is back", () => redis.run(["PING"]).catch(() => undefined));

    expect(prepared).toEqual(["PONG", "PONG"]);
  });
});
