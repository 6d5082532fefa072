import { describe, expect, test } from "vitest";
import { catchesRoutingKey, RedisKeys, topicPattern } from "../../../lib/celery/wire/redis_keys.ts";

const SEP = "\x06\x16";

describe("RedisKeys", () => {
  const keys = new RedisKeys();

  test.each([
    [0, "q"],
    [2, "q"],
    [3, `q${SEP}3`],
    [5, `q${SEP}3`],
    [8, `q${SEP}6`],
    [9, `q${SEP}9`],
    [255, `q${SEP}9`],
    [-1, "q"],
    [NaN, "q"],
  ])("puts priority %s into the list of the step below it", (priority, list) => {
    expect(keys.list("q", priority)).toBe(list);
  });

  test("looks into every queue's most urgent list first", () => {
    expect(new RedisKeys({ prioritySteps: [0, 5] }).listsInOrder(["a", "b"])).toEqual([
      "a",
      "b",
      `a${SEP}5`,
      `b${SEP}5`,
    ]);
  });

  test("knows the queue of a list, whatever the prefix", () => {
    const prefixed = new RedisKeys({ prefix: "pfx:" });

    for (const list of prefixed.lists("q")) expect(prefixed.queueOf(list)).toBe("q");
    expect(prefixed.lists("q")).toEqual(["pfx:q", `pfx:q${SEP}3`, `pfx:q${SEP}6`, `pfx:q${SEP}9`]);
  });

  test("puts the prefix before every key and channel, and not into the members of a set", () => {
    const prefixed = new RedisKeys({ prefix: "pfx:", fanoutPrefix: "/4." });

    expect(prefixed.unacked).toBe("pfx:unacked");
    expect(prefixed.unackedIndex).toBe("pfx:unacked_index");
    expect(prefixed.unackedMutex).toBe("pfx:unacked_mutex");
    expect(prefixed.bindings("tasks")).toBe("pfx:_kombu.binding.tasks");
    expect(prefixed.fanoutChannel("bcast", "")).toBe("pfx:/4.bcast");
    expect(prefixed.bindingMember({ routingKey: "", pattern: "", queue: "bq1" })).toBe(`${SEP}${SEP}bq1`);
  });

  test("names fanout channels as kombu does", () => {
    expect(keys.fanoutChannel("celeryev", "worker.heartbeat")).toBe("/0.celeryev/worker.heartbeat");
    expect(keys.fanoutPattern("celeryev", "worker.#")).toBe("/0.celeryev/worker.*");
    expect(new RedisKeys({ fanoutPatterns: false }).fanoutChannel("celeryev", "worker.heartbeat")).toBe("/0.celeryev");
    expect(new RedisKeys({ fanoutPrefix: "" }).fanoutChannel("celeryev", "")).toBe("celeryev");
  });

  test("reads bindings and refuses what is none", () => {
    expect(keys.parseBinding(`a.*${SEP}^a\\..*?[^\\.]$${SEP}t1`)).toEqual({
      routingKey: "a.*",
      pattern: "^a\\..*?[^\\.]$",
      queue: "t1",
    });
    expect(keys.parseBinding("nonsense")).toBeUndefined();
  });
});

describe("topicPattern", () => {
  test.each([
    ["a.*", "^a\\..*?[^\\.]$"],
    ["a.#", "^a\\..*?$"],
    ["b.c", "^b\\.c$"],
    ["my-key_1", "^my\\-key\\_1$"],
  ])("writes %s as kombu's regular expression", (key, pattern) => {
    expect(topicPattern(key)).toBe(pattern);
  });
});

describe("catchesRoutingKey", () => {
  const keysOfTopics = ["a", "a.b", "a.b.c", "b.c", "a.", "a..b", "ab", "", ".", "a.b.", "x.a.b"];

  test.each(["a.*", "a.#", "#", "*", "b.c", "*.b", "#.b", "a.*.c", "*.*"])(
    "catches with %s what kombu's regular expression catches",
    (routingKey) => {
      const pattern = topicPattern(routingKey);
      const caught = keysOfTopics.filter((key) => catchesRoutingKey({ routingKey, pattern, queue: "q" }, key));

      expect(caught).toEqual(keysOfTopics.filter((key) => new RegExp(pattern).test(key)));
    },
  );

  test("compares keys where there is no pattern", () => {
    expect(catchesRoutingKey({ routingKey: "a.*", pattern: "", queue: "q" }, "a.b")).toBe(false);
    expect(catchesRoutingKey({ routingKey: "a.b", pattern: "", queue: "q" }, "a.b")).toBe(true);
  });

  test("does not take long, whatever the pattern", () => {
    const routingKey = Array(40).fill("#").join(".");

    expect(catchesRoutingKey({ routingKey, pattern: topicPattern(routingKey), queue: "q" }, "a.".repeat(200))).toBe(
      true,
    );
  });
});
