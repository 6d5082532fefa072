import { beforeEach, describe, expect, test } from "vitest";
import { utf8 } from "../../../lib/base/bytes.ts";
import { silentLogger } from "../../../lib/base/log.ts";
import { RedisLeases } from "../../../lib/celery/transport/redis_leases.ts";
import type { RedisOperations } from "../../../lib/celery/transport/redis_operations.ts";
import { FakeClock } from "../../support/fake_clock.ts";

describe("RedisLeases", () => {
  const envelope = utf8("{}");
  let calls: unknown[][];
  let clock: FakeClock;
  let leases: RedisLeases;

  beforeEach(() => {
    calls = [];
    clock = new FakeClock();
    const note = (name: string) => (...args: unknown[]) => Promise.resolve(void calls.push([name, ...args]));
    const operations: RedisOperations = {
      ack: note("ack"),
      renew: (_, tags) => note("renew")(tags),
      requeue: (side, messages) => note("requeue")(side, messages.map((message) => message.tag)),
      reserve: () => Promise.resolve([]),
      restore: () => Promise.resolve(0),
    };
    leases = new RedisLeases({ operations, clock, log: silentLogger, visibilityMs: 4000 });
  });

  test("settles in one command what is settled in one tick", async () => {
    const [a, b] = [leases.hold("a", "q", envelope), leases.hold("b", "q", envelope)];

    await Promise.all([leases.settle(a), leases.settle(b)]);

    expect(calls).toEqual([["ack", ["a", "b"]]]);
    expect(leases.size).toBe(0);
  });

  test("gives back to the front in such an order that the first comes first again", async () => {
    const [a, b, c] = ["a", "b", "c"].map((tag) => leases.hold(tag, "q", envelope));

    await Promise.all([c, a, b].map((lease) => lease && leases.giveBack(lease, "front")));

    expect(calls).toEqual([["requeue", "front", ["c", "b", "a"]]]);
  });

  test("renews what is held four times within the visibility timeout, and stops when nothing is", async () => {
    const lease = leases.hold("a", "q", envelope);

    await clock.advance(1000);
    await clock.advance(1000);
    await leases.settle(lease);
    await clock.advance(10_000);

    expect(calls).toEqual([["renew", ["a"]], ["renew", ["a"]], ["ack", ["a"]]]);
  });

  test("keeps the record of a tag that is held twice until both are settled", async () => {
    const [first, second] = [leases.hold("a", "q1", envelope), leases.hold("a", "q2", envelope)];

    await leases.settle(first);
    expect(calls).toEqual([]);
    expect(leases.isHeld("a")).toBe(true);
    await leases.settle(second);

    expect(calls).toEqual([["ack", ["a"]]]);
    expect(leases.isHeld("a")).toBe(false);
  });

  test("never gives the same score twice", () => {
    const scores = Array.from({ length: 1000 }, () => leases.now());

    expect(new Set(scores).size).toBe(1000);
    expect(scores).toEqual([...scores].sort((a, b) => a - b));
  });
});
