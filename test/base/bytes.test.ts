import { describe, expect, test } from "vitest";
import {
  bytesEqual,
  concatBytes,
  copyOf,
  quoteBytes,
  strictUtf8ToString,
  utf8,
  utf8ToString,
  viewOf,
} from "../../lib/base/bytes.ts";

describe("viewOf", () => {
  test("shares memory with the bytes, also inside a larger buffer", () => {
    const bytes = new Uint8Array([9, 1, 2, 9]).subarray(1, 3);

    viewOf(bytes)[0] = 7;

    expect(bytes[0]).toBe(7);
    expect(viewOf(bytes).length).toBe(2);
  });
});

describe("copyOf", () => {
  test("keeps nothing of a pooled buffer alive", () => {
    const pooled = Buffer.from("abc");

    const copy = copyOf(pooled);

    expect(copy.buffer.byteLength).toBe(3);
    expect(bytesEqual(copy, pooled)).toBe(true);
  });
});

describe("concatBytes", () => {
  test("returns a single chunk as it is, and nothing for none", () => {
    const one = new Uint8Array([1]);

    expect(concatBytes([one])).toBe(one);
    expect(concatBytes([]).length).toBe(0);
    expect([...concatBytes([one, new Uint8Array([2, 3])])]).toEqual([1, 2, 3]);
  });
});

describe("utf8ToString", () => {
  test("replaces what is no UTF-8, where strictUtf8ToString throws", () => {
    const broken = new Uint8Array([0x61, 0xff]);

    expect(utf8ToString(broken)).toBe("a\ufffd");
    expect(() => strictUtf8ToString(broken)).toThrow(TypeError);
  });

  test("keeps a byte order mark and characters outside the basic plane", () => {
    for (const text of ["\ufeffx", "😀", "žluťoučký", ""]) expect(strictUtf8ToString(utf8(text))).toBe(text);
  });
});

describe("bytesEqual", () => {
  test("compares content, not identity", () => {
    expect(bytesEqual(new Uint8Array([1, 2]), Buffer.from([1, 2]))).toBe(true);
    expect(bytesEqual(new Uint8Array([1, 2]), new Uint8Array([1]))).toBe(false);
    expect(bytesEqual(new Uint8Array([1]), new Uint8Array([2]))).toBe(false);
  });
});

describe("quoteBytes", () => {
  test("shows printable ASCII, and hex for the rest, so that a peer cannot steer the terminal", () => {
    expect(quoteBytes(Buffer.from('a"\\\u001b[31m\n\u00e9'))).toBe('"a\\"\\\\\\x1b[31m\\x0a\\xc3\\xa9"');
  });

  test("shows at most 64 bytes and says how many it left out", () => {
    expect(quoteBytes(Buffer.alloc(70, "x"))).toBe(`"${"x".repeat(64)}" and 6 bytes more`);
  });
});
