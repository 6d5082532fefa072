import { describe, expect, test } from "vitest";
import { crc32 } from "../../lib/base/crc32.ts";
import { utf8 } from "../../lib/base/bytes.ts";

describe("crc32", () => {
  test.each([
    ["", 0],
    ["a", 0xe8b7be43],
    ["123456789", 0xcbf43926], // the check value of the catalogue of CRCs
  ])("of %j is what zlib says", (text, sum) => {
    expect(crc32(utf8(text))).toBe(sum);
  });
});
