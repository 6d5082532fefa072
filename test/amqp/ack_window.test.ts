import { describe, expect, test } from "vitest";
import { ProtocolError, UsageError } from "../../lib/base/errors.ts";
import { AckWindow } from "../../lib/amqp/ack_window.ts";

function windowOf(count: number): AckWindow {
  const window = new AckWindow();
  for (let tag = 1; tag <= count; tag++) window.delivered(tag, false);
  return window;
}

describe("AckWindow", () => {
  test("acknowledges one delivery as Python does", () => {
    const window = windowOf(3);
    window.ack(1);

    expect(window.takeAcks()).toEqual([{ deliveryTag: 1, multiple: false }]);
    expect(window.unsettled).toBe(2);
  });

  test("says everything up to a tag with one frame, whatever the order", () => {
    const window = windowOf(5);
    for (const tag of [3, 1, 4, 2]) window.ack(tag);

    expect(window.takeAcks()).toEqual([{ deliveryTag: 4, multiple: true }]);
  });

  test("acknowledges one by one beyond a delivery that is still open", () => {
    const window = windowOf(5);
    for (const tag of [1, 2, 4, 5]) window.ack(tag);

    expect(window.takeAcks()).toEqual([
      { deliveryTag: 2, multiple: true },
      { deliveryTag: 4, multiple: false },
      { deliveryTag: 5, multiple: false },
    ]);
    window.ack(3);
    expect(window.takeAcks()).toEqual([{ deliveryTag: 3, multiple: false }]);
  });

  test("steps over what was rejected or needs no acknowledgement", () => {
    const window = new AckWindow();
    window.delivered(1, false);
    window.delivered(2, true);
    window.delivered(3, false);
    window.settle(1);
    window.ack(3);

    expect(window.takeAcks()).toEqual([{ deliveryTag: 3, multiple: false }]);
    expect(window.unsettled).toBe(0);
  });

  test("never covers a delivery that is open, in 1,000 random rounds", () => {
    const window = new AckWindow();
    const open = new Set<number>();
    let next = 1;
    for (let round = 0; round < 1000; round++) {
      for (let i = 0; i < 7; i++) {
        window.delivered(next, false);
        open.add(next++);
      }
      for (const tag of [...open]) {
        if ((tag * 7919 + round * 104729) % 3 === 0) {
          window.ack(tag);
          open.delete(tag);
        }
      }
      for (const { deliveryTag, multiple } of window.takeAcks()) {
        expect(open.has(deliveryTag)).toBe(false);
        if (multiple) expect(Math.min(...open)).toBeGreaterThan(deliveryTag);
      }
    }
    expect(window.unsettled).toBe(open.size);
  });

  test("refuses to settle twice, and what was never delivered", () => {
    const window = windowOf(1);
    window.ack(1);

    expect(() => window.ack(1)).toThrow(UsageError);
    expect(() => window.settle(2)).toThrow("Cannot settle delivery 2: it is not open on this channel");
  });

  test("settles everything up to a tag at once", () => {
    const window = windowOf(4);

    window.settleUpTo(2);
    expect(window.unsettled).toBe(2);
    window.settleUpTo(0);
    expect(window.unsettled).toBe(0);
  });

  test("refuses a tag out of order", () => {
    expect(() => windowOf(1).delivered(3, false)).toThrow(ProtocolError);
  });
});
