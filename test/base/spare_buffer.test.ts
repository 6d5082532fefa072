import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { giveSpareBuffer, takeSpareBuffer } from "../../lib/base/spare_buffer.ts";

describe("takeSpareBuffer", () => {
  test("gives the same memory again once it was given back, also by a part of it", () => {
    const first = takeSpareBuffer(300_000);

    giveSpareBuffer(first.subarray(10, 20));

    expect(takeSpareBuffer(200_000).buffer).toBe(first.buffer);
  });

  test("never gives memory twice that is in use", () => {
    const [a, b] = [takeSpareBuffer(300_000), takeSpareBuffer(300_000)];
    expect(a.buffer).not.toBe(b.buffer);

    giveSpareBuffer(a);
    giveSpareBuffer(a);

    expect(takeSpareBuffer(1).buffer).not.toBe(takeSpareBuffer(1).buffer);
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

    expect(takeSpareBuffer(4_900_000).buffer).not.toBe(own.buffer);
  });

  test("does not keep a very large one", () => {
    const huge = takeSpareBuffer(9_000_000);

    giveSpareBuffer(huge);

    expect(takeSpareBuffer(9_000_000).buffer).not.toBe(huge.buffer);
  });
});
