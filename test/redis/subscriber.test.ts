import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { RedisClient, type RedisOptions, RedisSubscriber } from "../../lib/redis/mod.ts";
import { eventually } from "../support/eventually.ts";
import { FaultProxy } from "../support/fault_proxy.ts";
import { describeWithPeers } from "../support/peers.ts";
import { RedisServer } from "../support/redis_server.ts";

describeWithPeers(["redis-server"], "RedisSubscriber", () => {
  let server: RedisServer;
  let redis: RedisClient;
  const cleanups: (() => unknown)[] = [];
  beforeAll(async () => {
    server = await RedisServer.start();
    redis = new RedisClient({ url: server.url });
  });
  afterAll(async () => {
    await redis.close();
    await server.stop();
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  function subscriber(options: Partial<RedisOptions> = {}): RedisSubscriber {
    const made = new RedisSubscriber({ url: server.url, backoff: { startMs: 5, stepMs: 0 }, ...options });
    cleanups.push(() => made.close());
    return made;
  }

  const publish = (channel: string, text: string) => redis.run(["PUBLISH", channel, text]);

  for (const protocol of [2, 3] as const) {
    test(`receives everything that is published after the confirmation (RESP${protocol})`, async () => {
      const seen: string[] = [];
      const listener = subscriber({ protocol });
      const one = listener.subscribe("news", (payload, channel) => seen.push(`${channel}: ${payload}`));
      const many = listener.psubscribe("news.*", (payload, channel) => seen.push(`${channel}: ${payload}`));
      await Promise.all([one.confirmed, many.confirmed]);

      await publish("news", "a");
      await publish("news.x", "b");
      await publish("other", "c");

      await eventually("both are there", () => seen.length === 2);
      expect(seen).toEqual(["news: a", "news.x: b"]);
    });
  }

  test("shares one subscription among listeners, and leaves with the last", async () => {
    const seen: string[] = [];
    const listener = subscriber();
    const note = (payload: Uint8Array) => void seen.push(String(payload));
    const first = listener.subscribe("shared", note);
    const second = listener.subscribe("shared", note);
    await Promise.all([first.confirmed, second.confirmed]);

    first.close();
    first.close();
    await publish("shared", "x");
    await eventually("it is there", () => seen.length > 0);
    second.close();

    await eventually("the server knows", async () => (await publish("shared", "y")) === 0);
    expect(seen).toEqual(["x"]);
  });

  test("joins again a channel that was left in the same tick", async () => {
    const seen: string[] = [];
    const listener = subscriber();
    const first = listener.subscribe("again", () => seen.push("first"));
    await first.confirmed;

    first.close();
    const second = listener.subscribe("again", () => seen.push("second"));
    await second.confirmed;
    await publish("again", "x");

    await eventually("it is there", () => seen.length > 0);
    expect(seen).toEqual(["second"]);
  });

  test("subscribes to everything again after a reconnect, and tells that messages may have been missed", async () => {
    const between = await FaultProxy.start({ host: "127.0.0.1", port: server.port });
    cleanups.push(() => between.stop());
    const seen: string[] = [];
    let gaps = 0;
    const listener = subscriber({ url: between.url });
    listener.onGap(() => gaps++);
    const subscriptions = Array.from(
      { length: 1200 },
      (_, i) => listener.subscribe(`c${i}`, (payload) => seen.push(String(payload))),
    );
    await Promise.all(subscriptions.map((one) => one.confirmed));
    expect(gaps).toBe(0);

    between.cut();
    await eventually("the gap is told", () => gaps === 1);
    await publish("c1199", "after");

    await eventually("it is there", () => seen.length > 0);
    expect(seen).toEqual(["after"]);
  });

  test("notices a connection that is open and dead", async () => {
    const between = await FaultProxy.start({ host: "127.0.0.1", port: server.port });
    cleanups.push(() => between.stop());
    const seen: string[] = [];
    const listener = subscriber({ url: between.url, heartbeatMs: 50, silenceMs: 150 });
    await listener.subscribe("c", (payload) => seen.push(String(payload))).confirmed;

    between.silent = true;
    await eventually("it has given up the dead one", () => listener.state.kind !== "ready");
    between.silent = false;
    between.cut();

    await eventually("a message arrives", async () => {
      await publish("c", "alive");
      return seen.length > 0;
    });
  });

  test("tells a listener that the server refuses its channel, and nobody else", async () => {
    await redis.run(["ACL", "SETUSER", "narrow", "on", ">pw", "~*", "+@all", "resetchannels", "&open"]);
    const listener = subscriber({ url: server.url.replace("//", "//narrow:pw@") });
    const open = listener.subscribe("open", () => {});
    await open.confirmed;

    await expect(listener.subscribe("closed", () => {}).confirmed).rejects.toThrow("Cannot run SUBSCRIBE: NOPERM");

    expect(await publish("open", "x")).toBe(1);
  });

  test("finds what was there before a subscription in the round trip of the subscription", async () => {
    await redis.run(["SET", "stored", "before"]);
    const listener = subscriber({ protocol: 3 });
    await listener.ready();
    const subscription = listener.subscribe("stored", () => {});
    let isConfirmed = false;
    subscription.confirmed.then(() => isConfirmed = true);

    const reply = await listener.readBehind(["GET", "stored"]);

    expect(String(reply)).toBe("before");
    expect(isConfirmed).toBe(true);
  });

  test("reads nothing over a connection that speaks RESP2, and none before there is a connection", async () => {
    const old = subscriber({ protocol: 2 });
    await old.ready();

    expect(old.readBehind(["GET", "stored"])).toBeUndefined();
    expect(subscriber({ protocol: 3 }).readBehind(["GET", "stored"])).toBeUndefined();
  });

  test("tells whose command was refused, the reader's or the listener's", async () => {
    await redis.run(["ACL", "SETUSER", "narrow3", "on", ">pw", "~*", "+@all", "resetchannels", "&open"]);
    await redis.run(["DEL", "list"]);
    await redis.run(["LPUSH", "list", "x"]);
    const listener = subscriber({ url: server.url.replace("//", "//narrow3:pw@"), protocol: 3 });
    await listener.ready();

    const outcomes = [0, 1, 2].flatMap((i) => [
      listener.readBehind(["GET", "list"]),
      listener.subscribe("open", () => {}).confirmed,
      listener.subscribe(`closed${i}`, () => {}).confirmed,
      listener.readBehind(["LLEN", "list"]),
    ]);
    const settled = await Promise.allSettled(outcomes);

    expect(settled.filter(({ status }) => status === "fulfilled").map((one) => "value" in one && one.value)).toEqual(
      [1, 1, 1],
    ); // one command for all channels of a tick: the refusal concerns them all
    const later = [
      listener.readBehind(["GET", "list"]),
      listener.subscribe("open", () => {}).confirmed,
      new Promise((resolve) => setImmediate(resolve)).then(() => listener.subscribe("closed", () => {}).confirmed),
    ];
    const reasons = (await Promise.allSettled(later)).map((one) => "reason" in one ? String(one.reason) : "fine");
    expect(reasons[0]).toContain("WRONGTYPE");
    expect(reasons[1]).toBe("fine");
    expect(reasons[2]).toContain("Cannot run SUBSCRIBE: NOPERM");
  });

  test("goes on when a listener throws", async () => {
    const seen: string[] = [];
    const listener = subscriber();
    await listener.subscribe("c", () => {
      throw new Error("on purpose");
    }).confirmed;
    await listener.subscribe("c", (payload) => seen.push(String(payload))).confirmed;

    await publish("c", "x");

    await eventually("it is there", () => seen.length > 0);
  });

  test("rejects who waits for a confirmation when it is closed, and refuses further ones", async () => {
    const listener = subscriber({ url: "redis://127.0.0.1:1/0" });
    const waiting = listener.subscribe("c", () => {}).confirmed;

    await listener.close();

    await expect(waiting).rejects.toThrow("it was closed");
    expect(() => listener.subscribe("c", () => {})).toThrow("the subscriber is closed");
  });
});
