import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { writeLongText } from "../../../../lib/pyro/wire/serpent/long_text.ts";
import { stringRepr } from "../../../../lib/pyro/wire/serpent/string_repr.ts";
import { Utf8Sink } from "../../../../lib/pyro/wire/utf8_sink.ts";
import { Seeded } from "../../../support/seeded.ts";

function written(text: string, before = ""): string {
  const sink = new Utf8Sink();
  sink.write(before);
  writeLongText(sink, text);
  return Buffer.from(sink.finish()).toString();
}

/** What a document can be made of, so that each kind of block occurs, next to each other kind. */
const RUNS = [
  "x",
  "plain words ",
  "it's",
  '"',
  "'",
  "\\",
  "\n",
  "\r\n\t",
  "\0",
  "\x7f",
  "ä",
  "\xa0",
  "日本",
  "😀",
  "\ud800",
  "\u200b",
];

describe("writeLongText", () => {
  test("writes what the repr of short texts is, whatever stands where a block ends", () => {
    const random = new Seeded();
    for (let round = 0; round < 300; round++) {
      const runs = Array.from({ length: random.integer(1, 3) }, () => random.pick(RUNS));
      const text = Array.from(
        { length: random.integer(1, 12) },
        () =>
          random.pick(random.integer(0, 3) === 0 ? RUNS : runs).repeat(random.pick([1, 2, 3, 5, 4000, 16_383, 16_384])),
      ).join("");

      if (written(text, "x".repeat(random.integer(0, 9))).replace(/^x{0,9}(?=['"])/, "") !== stringRepr(text)) {
        expect.fail(`seed ${random.seed}, round ${round}, ${JSON.stringify(text.slice(0, 100))}`);
      }
    }
  });

  test.each(Array.from({ length: 0x80 }, (_, code) => code))("finds character %i wherever it stands", (code) => {
    for (const at of [0, 1, 2, 3, 4, 5, 16_379, 16_380, 16_383, 16_384, 16_390]) {
      const text = "x".repeat(at) + String.fromCharCode(code) + "x".repeat(16_390 - at);

      if (written(text) !== stringRepr(text)) expect.fail(`at ${at}`);
    }
  });
});
