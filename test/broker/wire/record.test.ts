import { describe, expect, test } from "vitest";
import { encodeWords, RecordDecoder, RecordWriter } from "../../../lib/broker/wire/record.ts";
import { ProtocolError } from "../../../lib/base/errors.ts";
import { anySplit, everyPrefix } from "../../support/any_split.ts";
import { Seeded } from "../../support/seeded.ts";

const PAYLOADS = ["one", "", "\xff\x00three", "TCJ1 four"];

function write(...payloads: string[]): Buffer {
  const writer = new RecordWriter();
  for (const payload of payloads) writer.add(payload);
  return Buffer.from(writer.take());
}

/** Payloads, and offsets of damage; after damage it looks for whole records behind it. */
function read(chunks: Uint8Array[]): { payloads: string[]; damage: number[] } {
  const decoder = new RecordDecoder();
  const payloads: string[] = [];
  const damage: number[] = [];
  const drain = () => {
    while (true) {
      try {
        const payload = decoder.next();
        if (payload === undefined) return;
        payloads.push(payload.toString("latin1"));
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        damage.push(error.offset ?? -1);
        decoder.search();
      }
    }
  };
  for (const chunk of chunks) {
    decoder.feed(chunk);
    drain();
  }
  decoder.end();
  drain();
  return { payloads, damage };
}

describe("RecordDecoder", () => {
  test("reads what was written however it is cut", () => {
    for (const chunks of anySplit(write(...PAYLOADS))) expect(read(chunks)).toEqual({ payloads: PAYLOADS, damage: [] });
  });

  test("finds every torn tail, and the whole records before it", () => {
    const bytes = write("one", "two");

    for (const prefix of everyPrefix(bytes)) {
      const isWhole = [0, 15].includes(prefix.length);
      expect(read([prefix])).toEqual({
        payloads: prefix.length < 15 ? [] : ["one"],
        damage: isWhole ? [] : [prefix.length < 15 ? 0 : 15],
      });
    }
  });

  test("finds every flipped bit, and the whole records behind it", () => {
    const bytes = write("one", "two", "three");
    for (let bit = 15 * 8; bit < 30 * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));

      expect(read([flipped])).toEqual({ payloads: ["one", "three"], damage: [15] });
    }
  });

  test("never takes damage for a record, whatever is done to the bytes", () => {
    const seeded = new Seeded();
    const payloads = Array.from({ length: 20 }, (_, i) => `payload ${i} ${"x".repeat(i)}`);
    for (let i = 0; i < 300; i++) {
      const found = read([seeded.mutate(write(...payloads))]);
      for (const payload of found.payloads) expect(payloads, `seed ${seeded.seed}, round ${i}`).toContain(payload);
    }
  });

  test("does not allocate what a damaged length announces", () => {
    const bytes = write("one");
    bytes.writeUInt32LE(0xffffffff, 4);

    expect(read([bytes])).toEqual({ payloads: [], damage: [0] });
  });
});

describe("RecordWriter", () => {
  test("hands out what was collected, and leaves it alone until it is given back", () => {
    const writer = new RecordWriter();
    writer.add("one");
    const first = writer.take();
    writer.add("two");
    const second = writer.take();

    expect(read([first, second]).payloads).toEqual(["one", "two"]);
    writer.recycle(first);
    writer.add("three");
    expect(read([second, writer.take()]).payloads).toEqual(["two", "three"]);
  });

  test("grows for records larger than its buffer", () => {
    expect(read([write("x".repeat(300_000), "y")]).payloads.map(({ length }) => length)).toEqual([300_000, 1]);
  });
});

describe("encodeWords", () => {
  test("writes commands as clients send them", () => {
    expect(encodeWords(["SET", "k", "\xff"])).toBe("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n\xff\r\n");
  });
});
