import { describe, expect, test } from "vitest";
import { type AmqpParameter, readArguments, splitWords, usageOf } from "../../../lib/celery/cli/amqp_words.ts";

const PARAMETERS: readonly AmqpParameter[] = [
  { name: "queue", kind: "text", isOptional: false },
  { name: "no_ack", kind: "flag", isOptional: true },
];

describe("splitWords", () => {
  test.each([
    ["", []],
    ["  a\tb  c ", ["a", "b", "c"]],
    [`a 'b "c"' "d 'e'" f"g"h ''`, ["a", 'b "c"', "d 'e'", "fgh", ""]],
    [String.raw`a\ b "c\"d\e" 'f\g' \\`, ["a b", String.raw`c"d\e`, String.raw`f\g`, "\\"]],
  ])("splits %j", (line, words) => {
    expect(splitWords(line)).toEqual(words);
  });

  test.each([['a "b', "No closing quotation"], ["a \\", "No escaped character"]])("refuses %j", (line, why) => {
    expect(() => splitWords(line)).toThrow(why);
  });
});

describe("readArguments", () => {
  test("reads texts and flags, of which the last may be left out", () => {
    expect(readArguments(PARAMETERS, ["q"])).toEqual({ queue: "q", no_ack: false });
    expect(readArguments(PARAMETERS, ["q", "Yes"])).toEqual({ queue: "q", no_ack: true });
    expect(readArguments(PARAMETERS, ["--", "-q"])).toEqual({ queue: "-q", no_ack: false });
    expect(usageOf(PARAMETERS)).toBe("QUEUE [NO_ACK]");
  });

  test.each([
    [[], "Missing argument 'QUEUE'."],
    [["q", "x"], "Invalid value for '[NO_ACK]': 'x' is not a valid boolean."],
    [["q", "1", "2", "3"], "Got unexpected extra arguments (2 3)"],
    [["-q"], "No such option: -q"],
  ])("complains of %j as click does", (words, why) => {
    expect(() => readArguments(PARAMETERS, words)).toThrow(why);
  });
});
