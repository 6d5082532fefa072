import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { Utf8Sink } from "../../../lib/pyro/wire/utf8_sink.ts";
import { Seeded } from "../../support/seeded.ts";

describe("Utf8Sink", () => {
  test("gives the bytes of everything written, in pieces of any length", () => {
    const random = new Seeded();
    for (let round = 0; round < 20; round++) {
      const sink = new Utf8Sink();
      const pieces = Array.from(
        { length: random.integer(0, 200) },
        () => random.pick(["a", "é", "€", "\u{1f600}", "word "]).repeat(random.pick([0, 1, 100, 5000, 20_000])),
      );
      for (const piece of pieces) sink.write(piece);

      expect(Buffer.from(sink.finish()).equals(Buffer.from(pieces.join("")))).toBe(true);
    }
  });

  test("is empty once it has given its bytes", () => {
    const sink = new Utf8Sink();
    sink.write("x".repeat(100_000));
    sink.finish();

    expect(sink.finish()).toHaveLength(0);
  });
});
