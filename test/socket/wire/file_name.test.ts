import { describe, expect, test } from "vitest";
import { collisionKey, parseFileName, partialName, quoteName } from "../../../lib/socket/wire/file_name.ts";
import { HOSTILE_NAMES } from "../../support/hostile_names.ts";

describe("parseFileName", () => {
  test("knows 45 hostile names", () => {
    expect(new Set(HOSTILE_NAMES.map(([name]) => name)).size).toBe(45);
  });

  test.each(HOSTILE_NAMES)("refuses %j (%s)", (name) => {
    expect(() => parseFileName(name)).toThrow(/^Cannot use the name "/);
  });

  test("refuses a name that is too deep or too long as a whole", () => {
    expect(() => parseFileName("a/".repeat(64) + "a")).toThrow("more than 64 folders deep");
    expect(() => parseFileName(`${"x".repeat(200)}/`.repeat(21) + "x")).toThrow("more than 4096 bytes");
  });

  test.each([
    ["a.txt", ["a.txt"]],
    ["photos/2024/a b.jpg", ["photos", "2024", "a b.jpg"]],
    [".hidden", [".hidden"]],
    ["..x", ["..x"]],
    ["žluťoučký kůň 😀", ["žluťoučký kůň 😀"]],
    ["console.log", ["console.log"]],
    ["nullable", ["nullable"]],
    ["-rf", ["-rf"]],
    ["a?b*c", ["a?b*c"]],
    ["x".repeat(255), ["x".repeat(255)]],
  ])("takes %j", (name, parts) => {
    expect(parseFileName(name)).toEqual(parts);
  });
});

describe("quoteName", () => {
  test("shows a hostile name without its effect, and a long one cut", () => {
    expect(quoteName('\u001b[31m"x"\u202e\n')).toBe('"\\u{1b}[31m\\"x\\"\\u{202e}\\u{a}"');
    expect(quoteName("x".repeat(100))).toBe(`"${"x".repeat(80)}…"`);
  });
});

describe("collisionKey", () => {
  test("is the same for names that some systems cannot keep apart", () => {
    expect(collisionKey("Kůň")).toBe(collisionKey("KU\u030aN\u030c".toLowerCase()));
    expect(collisionKey("a")).not.toBe(collisionKey("b"));
  });
});

describe("partialName", () => {
  test("stays readable where it fits, and short where it does not", () => {
    expect(partialName("a.txt", () => "digest")).toBe(".a.txt.part");
    expect(partialName("x".repeat(255), () => "digest")).toBe(".digest.part");
  });
});
