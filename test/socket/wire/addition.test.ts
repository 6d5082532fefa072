import { describe, expect, test } from "vitest";
import { AdditionReader, addNumbers, formatNumber, parseNumber } from "../../../lib/socket/wire/addition.ts";

// Expected sums: CPython 3.11, `str(x + y)`.
const SUMS: readonly (readonly [x: string, y: string, sum: string])[] = [
  ["5", "7", "12"],
  ["-5", "+7", "2"],
  ["0", "0", "0"],
  ["9007199254740993", "1", "9007199254740994"],
  ["123456789012345678901234567890", "987654321098765432109876543210", "1111111110111111111011111111100"],
  ["1_000", "1", "1001"],
  ["0.1", "0.2", "0.30000000000000004"],
  ["5", "7.0", "12.0"],
  ["1e16", "0", "1e+16"],
  ["1e-7", "0", "1e-07"],
  [".5", "5.", "5.5"],
  ["-0.0", "-0.0", "-0.0"],
  ["inf", "-1", "inf"],
  ["inf", "-inf", "nan"],
  ["9007199254740993", "0.0", "9007199254740992.0"],
];

describe("addNumbers", () => {
  test.each(SUMS)("%s + %s = %s, as Python prints it", (x, y, sum) => {
    expect(formatNumber(addNumbers(parseNumber(x), parseNumber(y)))).toBe(sum);
  });

  test("says what Python says of an int that is too large for a float", () => {
    expect(() => addNumbers(parseNumber("1" + "0".repeat(400)), parseNumber("0.5"))).toThrow(
      "int too large to convert to float",
    );
  });
});

describe("parseNumber", () => {
  test.each(["", "five", "0x10", "1__0", "_1", "1e", "--1", "1 2", "٣"])("refuses %j", (text) => {
    expect(() => parseNumber(text)).toThrow("is no number");
  });

  test("quotes no more than 64 characters", () => {
    expect(() => parseNumber("x".repeat(1000))).toThrow(/^.{1,110}$/);
  });
});

describe("AdditionReader", () => {
  const read = (...lines: string[]) => {
    const reader = new AdditionReader();
    return lines.map((line) => {
      try {
        return reader.read(line)?.map(formatNumber).join("+");
      } catch (error) {
        return (error as Error).message;
      }
    });
  };

  test("takes two numbers from a line, or one from each of two", () => {
    expect(read("5 7", "5,7", " 5 ,\t7 ", "5", "7")).toEqual(["5+7", "5+7", "5+7", undefined, "5+7"]);
  });

  test("passes over empty lines, also between two numbers", () => {
    expect(read("", "5", "", "7")).toEqual([undefined, undefined, undefined, "5+7"]);
  });

  test("starts over after an error", () => {
    expect(read("5", "x", "1 2 3", "5", "6 7", "8 9")).toEqual([
      undefined,
      'Cannot add: "x" is no number',
      "Cannot add: expected two numbers, got 3",
      undefined,
      "Cannot add: expected two numbers, got 3",
      "8+9",
    ]);
  });
});
