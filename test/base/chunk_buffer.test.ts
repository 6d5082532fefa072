import { describe, expect, test } from "vitest";
import { ChunkBuffer } from "../../lib/base/chunk_buffer.ts";
import { anySplit } from "../support/any_split.ts";
import { Seeded } from "../support/seeded.ts";

function filled(...chunks: readonly (string | Uint8Array)[]): ChunkBuffer {
  const buffer = new ChunkBuffer();
  for (const chunk of chunks) buffer.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
  return buffer;
}

describe("ChunkBuffer", () => {
  test("reads the same bytes however they were cut", () => {
    for (const chunks of anySplit(Buffer.from("abcdefghij"))) {
      const buffer = filled(...chunks);

      expect([buffer.take(3), buffer.take(0), buffer.take(5), buffer.takeAll()].map(String)).toEqual([
        "abc",
        "",
        "defgh",
        "ij",
      ]);
      expect(buffer.length).toBe(0);
    }
  });

  test("takes a view where the bytes lie in one chunk, and a copy where they do not", () => {
    const chunk = Buffer.from("abcd");
    const buffer = filled(chunk, "ef");

    const [inOne, acrossTwo] = [buffer.take(2), buffer.take(3)];
    chunk.fill("x");

    expect([String(inOne), String(acrossTwo)]).toEqual(["xx", "cde"]);
  });

  test("peeks without moving on", () => {
    const buffer = filled("ab", "cd");

    expect([String(buffer.peek(3)), String(buffer.peek(3)), buffer.length]).toEqual(["abc", "abc", 4]);
  });

  test("reads single bytes from any chunk", () => {
    const buffer = filled("xab", "", "c");
    buffer.skip(1);

    expect([0, 1, 2].map((index) => buffer.at(index))).toEqual([0x61, 0x62, 0x63]);
    expect(() => buffer.at(3)).toThrow("Cannot read byte 3: 3 bytes are buffered");
  });

  test("peeks at a 32-bit number, also one that is spread over four chunks", () => {
    for (const chunks of anySplit(new Uint8Array([0xff, 0x00, 0x00, 0x01, 0x09]))) {
      expect(filled(...chunks).peekUInt32BE()).toBe(0xff000001);
    }
  });

  test.each([[-1], [3], [Number.NaN], [2 ** 53]])("refuses to take %s of 2 bytes and stays as it was", (count) => {
    const buffer = filled("ab");

    expect(() => buffer.take(count)).toThrow(`Cannot take ${count} bytes: 2 are buffered`);
    expect(() => buffer.skip(count)).toThrow(`Cannot skip ${count} bytes: 2 are buffered`);
    expect(String(buffer.takeAll())).toBe("ab");
  });

  test("finds a byte behind what was taken and what was searched before", () => {
    const buffer = filled("ab", "c");
    expect(buffer.indexOf(0x0a)).toBe(-1);
    buffer.skip(1);
    buffer.push(Buffer.from("d\ne\n"));

    expect(buffer.indexOf(0x0a)).toBe(3);
    buffer.skip(4);
    expect(buffer.indexOf(0x0a)).toBe(1);
    expect(buffer.indexOf(0x65)).toBe(0);
  });

  test("finds a run of bytes at every split, false starts included", () => {
    const needle = Buffer.from("\r\n\r\n");
    for (const chunks of anySplit(Buffer.from("a\r\r\n\rb\r\n\r\r\n\r\nrest"))) {
      const buffer = new ChunkBuffer();
      let found = -1;
      for (const chunk of chunks) {
        buffer.push(chunk);
        if (found === -1) found = buffer.indexOf(needle);
      }

      expect(found).toBe(9);
    }
  });

  test("agrees with one long buffer through random pushes, takes and searches", () => {
    const random = new Seeded();
    for (let round = 0; round < 50; round++) {
      const buffer = new ChunkBuffer();
      let model = Buffer.alloc(0);
      for (let step = 0; step < 200; step++) {
        if (random.next() < 0.6) {
          const bytes = random.bytes(random.integer(0, 20));
          buffer.push(bytes);
          model = Buffer.concat([model, bytes]);
        } else {
          const count = random.integer(0, model.length);
          expect(buffer.take(count).equals(model.subarray(0, count)), `seed ${random.seed}`).toBe(true);
          model = model.subarray(count);
        }
        const byte = random.integer(0, 255);
        expect(buffer.indexOf(byte), `seed ${random.seed}`).toBe(model.indexOf(byte));
      }
    }
  });

  test("joins tiny chunks, so that a peer that sends byte by byte costs little more than its bytes", () => {
    const buffer = new ChunkBuffer();
    const count = 300_000;
    globalThis.gc?.();
    for (let i = 0; i < count; i++) buffer.push(new Uint8Array([i & 255]));

    expect(buffer.length).toBe(count);
    const all = buffer.takeAll();
    expect([all[0], all[1023], all[1024], all[count - 1]]).toEqual([0, 255, 0, (count - 1) & 255]);
  });
});
