import { describe, expect, test } from "vitest";
import { ansi, columnsOf, cut, pad, printable, shorten, span, wrap } from "../../../../lib/celery/cli/screen/row.ts";

describe("rows of a screen", () => {
  test("what came from elsewhere moves no cursor: control characters show as ?", () => {
    expect(printable("a\x1b[2Jb\r\n\tc\x9b\u202ed\ud800")).toBe("a?[2Jb?? c??d?");
  });

  test("no more of a text is looked at than any screen has room for", () => {
    expect(printable("x".repeat(1_000_000)).length).toBe(20_000);
  });

  test.each([
    ["abc", 3],
    ["é", 1],
    ["e\u0301", 1],
    ["日本語", 6],
    ["한국", 4],
    ["🙂x", 3],
    ["", 0],
  ])("%s takes %i columns", (text, columns) => {
    expect(columnsOf(text)).toBe(columns);
  });

  test("a wide character that would stand half outside is left out", () => {
    expect(cut("日本", 3)).toBe("日");
    expect(pad("日本", 3)).toBe("日 ");
    expect(pad("日", 4)).toBe("日  ");
  });

  test("what is shortened ends in dots, if those fit", () => {
    expect([shorten("abcdef", 6), shorten("abcdefg", 6), shorten("abcdef", 2)]).toEqual(["abcdef", "abc...", "ab"]);
  });

  test.each([
    ["one two three", 7, ["one two", "three"]],
    ["one two three", 6, ["one", "two", "three"]],
    ["abcdefgh", 3, ["abc", "def", "gh"]],
    ["", 3, [""]],
    ["日本語", 4, ["日本", "語"]],
    ["日本", 1, [""]],
  ])("%j is broken at %i columns into %j", (text, columns, lines) => {
    expect(wrap(text, columns)).toEqual(lines);
  });

  test("a row is cut at the edge, and erases what stood behind it", () => {
    const row = [span("ab", "bold"), span("cd", "reverse", "red"), span("ef")];

    expect(ansi(row, 8, true)).toBe("\x1b[1mab\x1b[0m\x1b[7;31mcd\x1b[0mef\x1b[K");
    expect(ansi(row, 5, false)).toBe("\x1b[1mab\x1b[0m\x1b[7mcd\x1b[0me");
  });
});
