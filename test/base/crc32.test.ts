import { describe, expect, test } from "vitest";
import { crc32 } from "../../lib/base/crc32.ts";

describe("crc32", () => {
  test("gives the sums of Python's zlib.crc32", () => {
    const bytes = (text: string) => Buffer.from(text, "latin1");
    const cases: [Uint8Array, number][] = [
      [bytes(""), 0],
      [bytes("a"), 3904355907],
      [bytes("123456789"), 3421780262],
      [Uint8Array.from({ length: 256 }, (_, i) => i), 688229491],
      [bytes("x".repeat(1000)), 994167270],
    ];

    for (const [input, sum] of cases) expect(crc32(input)).toBe(sum);
  });

  test("goes on over pieces, cut anywhere", () => {
    const bytes = Buffer.from("123456789");

    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(crc32(bytes, cut, bytes.length, crc32(bytes, 0, cut))).toBe(3421780262);
    }
  });
});
