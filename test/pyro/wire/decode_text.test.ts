import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { decodeText } from "../../../lib/pyro/wire/decode_text.ts";
import { BadPayloadError } from "../../../lib/pyro/wire/errors.ts";

describe("decodeText", () => {
  test.each([0, 1, 257_000, 258_000, 600_000, 1_031_912, 1_031_913, 1_031_914, 1_100_000])(
    "decodes %i characters of ASCII, whatever was decoded before",
    (length) => {
      for (const letter of ["a", "b"]) {
        const text = decodeText(Buffer.alloc(length, letter), "serpent");

        expect(text.length).toBe(length);
        expect(text === letter.repeat(length)).toBe(true);
      }
    },
  );

  test.each([1, 60_000, 70_000, 300_000, 1_100_000])("decodes %i characters of other languages", (length) => {
    for (const last of ["x", "ÿ", "Ā", "日", "😀"]) {
      for (const letter of ["x", "é", "日", "😀"]) {
        const text = letter.repeat(length) + last;

        expect(decodeText(Buffer.from(text), "serpent") === text, `${letter} and ${last}`).toBe(true);
      }
    }
  });

  test("keeps a byte order mark, as Python's utf-8 does", () => {
    expect(decodeText(Buffer.from("\ufeff€"), "serpent")).toBe("\ufeff€");
  });

  test.each(["ff", "eda080", "c3", "f4908080"])("refuses the bytes %s", (hex) => {
    expect(() => decodeText(Buffer.from(hex, "hex"), "json")).toThrow(BadPayloadError);
  });
});
