import { describe, expect, test } from "vitest";
import { matchesGlob } from "../../../lib/broker/store/glob.ts";

describe("matchesGlob", () => {
  test("knows stars, question marks, classes and escapes", () => {
    const cases: [pattern: string, text: string, isMatch: boolean][] = [
      ["*", "", true],
      ["h?llo", "hello", true],
      ["h?llo", "hllo", false],
      ["h*llo", "heeello", true],
      ["h[ae]llo", "hallo", true],
      ["h[^e]llo", "hello", false],
      ["h[a-b]llo", "hcllo", false],
      ["h[b-a]llo", "hallo", true],
      ["\\*", "*", true],
      ["\\*", "x", false],
      ["/0.celeryev/*", "/0.celeryev/worker.online", true],
      ["a*b*c", "axxbyyb", false],
      ["[]a", "a", false],
      ["[a", "a", true],
      ["a\\", "a\\", true],
      ["", "", true],
      ["", "a", false],
    ];

    for (const [pattern, text, isMatch] of cases) {
      expect([pattern, text, matchesGlob(pattern, text)]).toEqual([pattern, text, isMatch]);
    }
  });

  test("does not explode where many stars almost match", () => {
    expect(matchesGlob("a*".repeat(50) + "b", "a".repeat(5000))).toBe(false);
  });
});
