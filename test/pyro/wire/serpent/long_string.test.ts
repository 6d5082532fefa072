import { describe, expect, test } from "vitest";
import { ClassRegistry } from "../../../../lib/pyro/wire/class_registry.ts";
import { closingQuote, unescapeLong } from "../../../../lib/pyro/wire/serpent/long_string.ts";
import { SerpentSerializer } from "../../../../lib/pyro/wire/serpent/mod.ts";
import { unescapeString } from "../../../../lib/pyro/wire/serpent/tokens.ts";
import { Seeded } from "../../../support/seeded.ts";

const PIECES = [
  ...["plain ", "x", "ä", "日本", "😀", "\\n", "\\'", "\\\\", "\\r", "\\t", '\\"', "\\a", "\\x41", "\\xe9", "\\u20ac"],
  ...["\\U0001f600", "\\101", "\\0", "\\q", "\\\n", '"', "\\ud800"],
];

function randomText(random: Seeded, pieces: readonly string[]): string {
  const chosen = Array.from({ length: random.integer(1, 4) }, () => random.pick(pieces));
  return Array.from(
    { length: random.integer(1, 40) },
    () => random.pick(chosen).repeat(random.pick([1, 2, 700, 5461])),
  ).join("");
}

describe("unescapeLong", () => {
  test("says what the piecewise reading of short strings says", () => {
    const random = new Seeded();
    for (let round = 0; round < 150; round++) {
      const raw = randomText(random, PIECES);

      if (unescapeLong(raw, 0) !== unescapeString(raw, 0)) expect.fail(`seed ${random.seed}, round ${round}`);
    }
  });

  test.each(["\\x4", "\\u12g4", "\\U00110000", "\\N{DIGIT ONE}"])("refuses %s in the same words", (escape) => {
    const words = /^Cannot read serpent: .*: char 7$/;

    expect(() => unescapeLong("x".repeat(2000) + escape, 7)).toThrow(words);
    expect(() => unescapeString(escape, 7)).toThrow(words);
  });
});

describe("closingQuote", () => {
  test.each(["", "ä", "日本"])("passes by what a backslash hides, also where blocks meet, behind %j", (before) => {
    for (const length of [0, 1, 16_380, 16_381, 16_382, 16_383, 16_384, 16_385, 40_000]) {
      const inside = before + "x".repeat(length) + "\\'\\\\\\'" + "\\\\";

      expect(closingQuote(`'${inside}' '`, 1, 0x27)).toBe(inside.length + 1);
      expect(closingQuote(`'${inside}\\'`, 1, 0x27)).toBe(-1);
    }
  });
});

describe("SerpentSerializer", () => {
  test("reads every long text back as it was", () => {
    const serpent = new SerpentSerializer(new ClassRegistry());
    const random = new Seeded();
    const pieces = ["words ", "it's", '"', "\\", "\n", "\r", "\t", "\x01", "\x7f", "é", "\xa0", "€", "😀", "\u200b"];
    for (let round = 0; round < 150; round++) {
      const text = randomText(random, pieces);

      if (serpent.loads(serpent.dumps(text)) !== text) expect.fail(`seed ${random.seed}, round ${round}`);
    }
  });

  test.each(["'", '"'])("refuses a long string in %s that does not end, or ends in another line", (quote) => {
    const serpent = new SerpentSerializer(new ClassRegistry());
    const read = (text: string) => () => serpent.loads(new TextEncoder().encode(text));
    const inside = "\\n".repeat(5000);

    expect(read(`${quote}${inside}`)).toThrow("unterminated string literal");
    expect(read(`${quote}${inside}\n${inside}${quote}`)).toThrow("unterminated string literal");
    expect(read(`${quote}${inside}\\${quote}`)).toThrow("unterminated string literal");
    expect(read(`${quote}${inside}\\\n${inside}${quote}`)()).toBe("\n".repeat(10_000));
  });
});
