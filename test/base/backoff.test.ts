import { describe, expect, test } from "vitest";
import { Backoff } from "../../lib/base/backoff.ts";

const waits = (backoff: Backoff, count: number) => Array.from({ length: count }, () => backoff.next());

describe("Backoff", () => {
  test("waits 2, 4, 6 … up to 30 seconds by default, as a Celery worker announces it", () => {
    const all = waits(new Backoff(), 17);

    expect(all.slice(0, 4)).toEqual([2000, 4000, 6000, 8000]);
    expect(all.slice(-3)).toEqual([30_000, 30_000, 30_000]);
  });

  test("multiplies before it adds", () => {
    expect(waits(new Backoff({ startMs: 100, factor: 2, stepMs: 10, maxMs: 1000 }), 5)).toEqual([
      100,
      210,
      430,
      870,
      1000,
    ]);
  });

  test("takes the random share off the wait", () => {
    const backoff = new Backoff({ startMs: 1000, jitter: 0.5, random: () => 0.5 });

    expect(backoff.next()).toBe(750);
  });

  test("counts failures and starts again after a success", () => {
    const backoff = new Backoff({ startMs: 5 });
    waits(backoff, 3);

    expect(backoff.failures).toBe(3);
    backoff.reset();
    expect([backoff.failures, backoff.next()]).toEqual([0, 5]);
  });

  test("may start without a wait", () => {
    expect(waits(new Backoff({ startMs: 0, stepMs: 1 }), 3)).toEqual([0, 1, 2]);
  });

  test("refuses a jitter over one, with what it expected and got", () => {
    expect(() => new Backoff({ jitter: 2 })).toThrow(
      "Cannot use jitter: expected a number from 0 up to 1, got 2 (number)",
    );
  });
});
