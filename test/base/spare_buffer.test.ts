import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { giveSpareBuffer, takeSpareBuffer } from "../../lib/base/spare_buffer.ts";

/** Asked by itself: of two buffers that are not as expected, vitest would print every byte, for minutes. */
const isSameMemory = (one: Uint8Array, other: Uint8Array) => one.buffer === other.buffer;

describe("takeSpareBuffer", () => {
  test("gives the same memory again once it was given back, also by a part of it", () => {
    const first = takeSpareBuffer(300_000);

    giveSpareBuffer(first.subarray(10, 20));

    expect(isSameMemory(takeSpareBuffer(200_000), first)).toBe(true);
  });

  test("never gives memory twice that is in use", () => {
    const [a, b] = [takeSpareBuffer(300_000), takeSpareBuffer(300_000)];
    expect(isSameMemory(a, b)).toBe(false);

    giveSpareBuffer(a);
    giveSpareBuffer(a);

    expect(isSameMemory(takeSpareBuffer(1), takeSpareBuffer(1))).toBe(false);
  });

  test("is as long as was asked for, and longer than what is kept where need be", () => {
    giveSpareBuffer(takeSpareBuffer(1));

    expect(takeSpareBuffer(1_000_000).length).toBeGreaterThanOrEqual(1_000_000);
  });
});

describe("giveSpareBuffer", () => {
  test("leaves bytes alone that were not taken here", () => {
    const own = Buffer.alloc(5_000_000);

    giveSpareBuffer(own);

    expect(isSameMemory(takeSpareBuffer(4_900_000), own)).toBe(false);
  });

  test("does not keep a very large one", () => {
    const huge = takeSpareBuffer(9_000_000);

    giveSpareBuffer(huge);

    expect(isSameMemory(takeSpareBuffer(9_000_000), huge)).toBe(false);
  });
});
