import { describe, expect, test } from "vitest";
import { checkInteger, checkNumber, checkOneOf, checkText } from "../../lib/base/options.ts";

describe("checkNumber", () => {
  test("returns a number in the range, its ends included", () => {
    expect([checkNumber("n", 0, { min: 0 }), checkNumber("n", 1.5, { max: 1.5 }), checkNumber("n", -7)]).toEqual([
      0,
      1.5,
      -7,
    ]);
  });

  test.each([
    [Number.NaN, "Cannot use n: expected a number from 0 up to 9, got NaN (number)"],
    [Infinity, "Cannot use n: expected a number from 0 up to 9, got Infinity (number)"],
    ["5", "Cannot use n: expected a number from 0 up to 9, got 5 (string)"],
    [-1, "Cannot use n: expected a number from 0 up to 9, got -1 (number)"],
    [undefined, "Cannot use n: expected a number from 0 up to 9, got undefined (undefined)"],
  ])("refuses %s", (value, message) => {
    expect(() => checkNumber("n", value, { min: 0, max: 9 })).toThrow(message);
  });
});

describe("checkInteger", () => {
  test("takes whole numbers only, as far as they are exact", () => {
    expect(checkInteger("n", 2 ** 53 - 1)).toBe(2 ** 53 - 1);
    expect(() => checkInteger("n", 0.5)).toThrow("Cannot use n: expected a whole number, got 0.5 (number)");
    expect(() => checkInteger("n", 2 ** 53)).toThrow("expected a whole number");
  });
});

describe("checkOneOf", () => {
  test("returns the member, or lists all", () => {
    expect(checkOneOf("mode", "a", ["a", "b"])).toBe("a");
    expect(() => checkOneOf("mode", "c", ["a", "b"])).toThrow("Cannot use mode: expected one of a, b, got c (string)");
  });
});

describe("checkText", () => {
  test("refuses an empty text and what is no text", () => {
    expect(checkText("name", "x")).toBe("x");
    expect(() => checkText("name", "")).toThrow("expected a text that is not empty");
    expect(() => checkText("name", 5)).toThrow("got 5 (number)");
  });
});
