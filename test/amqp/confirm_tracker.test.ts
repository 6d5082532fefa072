import { describe, expect, test } from "vitest";
import { ProtocolError } from "../../lib/base/errors.ts";
import { ConfirmTracker } from "../../lib/amqp/confirm_tracker.ts";

function tracked(count: number) {
  const tracker = new ConfirmTracker<number>();
  for (let i = 1; i <= count; i++) expect(tracker.add(i)).toBe(i);
  const settled = (tag: number, multiple = false) => {
    const out: number[] = [];
    tracker.settle(tag, multiple, (entry) => out.push(entry));
    return out;
  };
  return { tracker, settled };
}

describe("ConfirmTracker", () => {
  test("settles one, or everything up to a number, oldest first", () => {
    const { tracker, settled } = tracked(6);

    expect(settled(3)).toEqual([3]);
    expect(settled(5, true)).toEqual([1, 2, 4, 5]);
    expect(tracker.pending).toBe(1);
    expect(tracker.takeAll()).toEqual([6]);
  });

  test("takes 0 with multiple for everything", () => {
    expect(tracked(3).settled(0, true)).toEqual([1, 2, 3]);
  });

  test("counts on over hundreds of thousands of publishes in any order", () => {
    const { tracker, settled } = tracked(0);
    let sum = 0;
    for (let i = 1; i <= 100_000; i++) {
      tracker.add(i);
      if (i % 10 === 0) { for (let tag = i; tag > i - 10; tag--) sum += settled(tag)[0] ?? 0; }
    }

    expect(sum).toBe(100_000 * 100_001 / 2);
    expect(tracker.pending).toBe(0);
  });

  test("refuses the confirmation of what was never published", () => {
    const { settled } = tracked(2);

    expect(() => settled(3)).toThrow("Cannot confirm publish 3: the last of this channel was 2");
    expect(() => settled(0)).toThrow(ProtocolError);
  });

  test("finds the oldest that waits", () => {
    const { tracker, settled } = tracked(4);
    settled(1);

    expect(tracker.find((entry) => entry % 2 === 1)).toBe(3);
    expect(tracker.find((entry) => entry > 4)).toBeUndefined();
  });
});
