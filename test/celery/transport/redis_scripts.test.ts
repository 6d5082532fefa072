import { afterAll, beforeAll, expect, test } from "vitest";
import { RESERVE } from "../../../lib/celery/transport/redis_scripts.ts";
import { RedisClient, textOf } from "../../../lib/redis/mod.ts";
import { describeWithPeers } from "../../support/peers.ts";
import { RedisServer } from "../../support/redis_server.ts";

const envelope = (properties: string, last = "") =>
  `{"body": "e30=", "headers": {}, "properties": ${properties}${last}}`;
const usual = (exchange: string, key: string, tag: string) =>
  `{"delivery_mode": 2, "delivery_info": {"exchange": "${exchange}", "routing_key": "${key}"}, "priority": 0, ` +
  `"body_encoding": "base64", "delivery_tag": "${tag}"}`;

/** Envelopes, the tag that is to be read, and what stands behind the envelope in the record. */
const CASES: readonly (readonly [what: string, text: string, tag: string | undefined, address: string])[] = [
  ["as kombu writes it", envelope(usual("", "celery", "t1")), "t1", '"", "celery"'],
  ["with an exchange", envelope(usual("tasks", "a.b.c", "t2")), "t2", '"tasks", "a.b.c"'],
  ["with a long routing key", envelope(usual("", "k".repeat(300), "t3")), "t3", `"", "${"k".repeat(300)}"`],
  ["with escapes", envelope(usual("", String.raw`\"q\\\u00e9`, "t4")), "t4", String.raw`"", "\"q\\é"`],
  [
    "redelivered",
    envelope(usual("", "celery", "t5").replace('celery"}', 'celery", "redelivered": true}')),
    "t5",
    '"", "celery"',
  ],
  [
    "with its keys in another order",
    envelope('{"delivery_tag": "t6", "delivery_info": {"routing_key": "celery", "exchange": ""}}'),
    "t6",
    '"", "celery"',
  ],
  [
    "with something behind its properties",
    envelope(usual("", "celery", "t7"), ', "more": {"delivery_tag": "no"}'),
    "t7",
    '"", "celery"',
  ],
  ["without a space anywhere", envelope(usual("", "celery", "t8")).replaceAll(" ", ""), "t8", '"", "celery"'],
  ["that is none", "no envelope", undefined, ""],
  ["without a tag", envelope('{"delivery_info": {"exchange": "", "routing_key": "celery"}}'), undefined, ""],
];

describeWithPeers(["redis-server"], "Q.RESERVE on Redis", () => {
  let server: RedisServer;
  let redis: RedisClient;

  beforeAll(async () => {
    server = await RedisServer.start();
    redis = new RedisClient({ url: server.url });
  });

  afterAll(async () => {
    await redis.close();
    await server.stop();
  });

  const reserve = async (lists: readonly string[], limit: number) => {
    const taken = await redis.script(RESERVE, ["unacked", "unacked_index", ...lists], ["1764000000.5", limit]);
    return (taken as unknown[][]).map((items) => items.map((item) => textOf(item as Uint8Array | null) ?? undefined));
  };

  for (const [what, text, tag, address] of CASES) {
    test(`records an envelope ${what}`, async () => {
      await redis.run(["LPUSH", "celery", text]);

      expect(await reserve(["celery"], 10)).toEqual([["celery", tag, text]]);

      expect(await redis.run(["EXISTS", "celery"])).toBe(0);
      if (tag === undefined) return;
      expect(textOf(await redis.run(["HGET", "unacked", tag]))).toBe(`[${text}, ${address}]`);
      expect(textOf(await redis.run(["ZSCORE", "unacked_index", tag]))).toBe("1764000000.5");
    });
  }

  test("takes the oldest first, the first list before the second, and no more than it may", async () => {
    const text = (tag: string) => envelope(usual("", "celery", tag));
    for (const tag of ["a", "b", "c"]) await redis.run(["LPUSH", "first", text(tag)]);
    for (const tag of ["d", "e"]) await redis.run(["LPUSH", "second", text(tag)]);
    const tags = async (limit: number) => (await reserve(["first", "second"], limit)).map(([, tag]) => tag);

    expect(await tags(2)).toEqual(["a", "b"]);
    expect(await tags(2)).toEqual(["c", "d"]);
    expect(await tags(2)).toEqual(["e"]);
    expect(await tags(2)).toEqual([]);
  });

  test("takes nothing from what is no list, and says so", async () => {
    await redis.run(["SET", "wrong", "x"]);
    await expect(reserve(["wrong"], 5)).rejects.toThrow("WRONGTYPE");
  });
});
