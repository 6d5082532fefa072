/** What is expected comes from PyYAML, by way of `test/fixtures/capture/message_bodies.py`. */
import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { LibError, LimitError } from "../../../../lib/base/errors.ts";
import { Decimal, PyDate, PyDateTime, PyFloat, PyTime, Tuple } from "../../../../lib/base/pyvalue.ts";
import { DecodeError, EncodeError } from "../../../../lib/celery/wire/errors.ts";
import { yamlSerializer as yaml } from "../../../../lib/celery/wire/yaml/serializer.ts";
import { everyPrefix } from "../../../support/any_split.ts";
import { messageBodies, yamlTexts } from "../../../support/message_bodies.ts";
import { Seeded } from "../../../support/seeded.ts";

const read = (text: string) => yaml.decode(Buffer.from(text), { floats: "exact" });
const write = (value: unknown) => Buffer.from(yaml.encode(value)).toString();

const bodies = messageBodies().flatMap(({ what, value, yaml }) => yaml === null ? [] : [{ what, value, text: yaml }]);
/** The fixture's JSON does not say what is the same object. */
const unshared = bodies.filter(({ text }) => !text.includes("&id001"));
const readable = yamlTexts().filter(({ value }) => value !== undefined);
const refused = yamlTexts().filter(({ value }) => value === undefined);

describe("yamlSerializer", () => {
  test("is called what kombu calls it", () => {
    expect(yaml).toMatchObject({ name: "yaml", contentType: "application/x-yaml", contentEncoding: "utf-8" });
  });

  test.each(unshared)("writes $what as Python does, byte for byte", ({ value, text }) => {
    expect(write(value)).toBe(text);
  });

  test.each(bodies)("reads $what as Python wrote it, and writes the same again", ({ value, text }) => {
    const exact = read(text);

    expect(exact).toEqual(value);
    expect(write(exact)).toBe(text);
  });

  test.each(readable)("reads $text as Python does", ({ text, value }) => {
    expect(read(text)).toEqual(value);
  });

  test.each(refused)("refuses $text, as Python does", ({ text }) => {
    expect(() => read(text)).toThrow(DecodeError);
  });

  test("writes a list whose items have names of their own in errors, and share what they share", () => {
    const shared = { a: 1 };

    expect(Buffer.from(yaml.encodeList([["args", Tuple.of(shared)], ["kwargs", { b: shared }]])).toString()).toBe(
      "- - &id001\n    a: 1\n- b: *id001\n",
    );
    expect(() => yaml.encodeList([["args", [1, { rows: [() => {}] }]]])).toThrow(
      new EncodeError("Cannot write args[1].rows[0] as YAML: it is a function without a name"),
    );
  });

  test("has sets, and dicts with keys that are no texts", () => {
    const set = "!!set\na: null\nb: null\n"; // safe_dump({'b', 'a'})
    const dict = "1: a\n2.5: b\ntrue: c\n"; // safe_dump({1: 'a', 2.5: 'b'}), and another that is 1 as well

    expect(read(set)).toEqual(new Set(["a", "b"]));
    expect(write(new Set(["b", "a"]))).toBe(set);
    expect(read(dict)).toEqual(new Map<unknown, unknown>([[1, "c"], [2.5, "b"]]));
    expect(write(new Map<unknown, unknown>([[2.5, "b"], [1, "a"]]))).toBe("1: a\n2.5: b\n");
    expect(read("? 2024-01-02\n: ~\n")).toEqual(new Map([[new PyDate(2024, 1, 2), null]]));
  });

  test("writes what a toJSON method says, a Date as an aware datetime, undefined as None", () => {
    class Speaking {
      toJSON(): unknown {
        return { b: undefined };
      }
    }

    expect(write(new Speaking())).toBe("b: null\n");
    expect(write([new Date(0), new PyFloat(1)])).toBe("- 1970-01-01 00:00:00+00:00\n- 1.0\n");
    expect(read("1970-01-01 00:00:00+00:00")).toEqual(PyDateTime.parse("1970-01-01T00:00:00+00:00"));
  });

  test.each([
    [new PyTime(1, 2), "a class PyTime, for which YAML has no type"],
    [new Decimal("1.5"), "a class Decimal, for which YAML has no type"],
    [new Float64Array(1), "a class Float64Array"],
    [new Error("x"), "a class Error"],
    [new Date(NaN), "an invalid Date"],
    ["\ud800", "the text holds half of a surrogate pair"],
  ])("says of %o why it cannot be written", (value, why) => {
    expect(() => write(value)).toThrow(why);
    expect(() => write(value)).toThrow(EncodeError);
  });

  test("gives an alias the value of its anchor, the very same", () => {
    const dict = read("a: &x [1]\nb: *x\n") as { a: unknown; b: unknown };

    expect(dict.b).toBe(dict.a);
    expect(write(dict)).toBe("a: &id001\n- 1\nb: *id001\n");
  });

  test("refuses what contains itself, in both directions", () => {
    const circle: unknown[] = [];
    circle.push({ a: circle });

    expect(() => read("&x [*x]")).toThrow(new DecodeError("Cannot read YAML: what is anchored as x contains itself"));
    expect(() => write(circle)).toThrow(new EncodeError("Cannot write value[0].a as YAML: it contains itself"));
  });

  test("stops a small text whose aliases come to very much", () => {
    const names = Array.from({ length: 30 }, (_, at) => `a${at}`);
    const bomb = names.map((name, at) => `${name}: &${name} [${at === 0 ? "lol" : `*a${at - 1}, *a${at - 1}`}]\n`).join(
      "",
    );
    const merges = names.map((name, at) =>
      `${name}: &${name} {${at === 0 ? "x: 1" : `<<: [*a${at - 1}, *a${at - 1}]`}}\n`
    );

    expect(() => read(bomb)).toThrow(
      new LimitError("Cannot read YAML: its aliases come to more than 16777216 characters and values"),
    );
    expect(() => read(merges.join(""))).toThrow(LimitError);
  });

  test.each([
    ["["],
    ["{a: "],
    ["- "],
    ["? "],
  ])("nests as deep as Python's reader does, with %s", (opening) => {
    expect(() => read(opening.repeat(100_000))).toThrow("nested deeper than 490 levels");
    expect(() => read(opening.repeat(400) + "x")).not.toThrow(RangeError);
  });

  test("nests as deep as Python's writer does", () => {
    const nested = (depth: number): unknown => depth === 0 ? 0 : [nested(depth - 1)];

    expect(read(write(nested(300)))).toEqual(nested(300));
    expect(() => write(nested(301))).toThrow("it is nested deeper than 300 levels");
  });

  test.each([
    ["- a\n- b: c: d\n", 'a value is not allowed here at line 2, column 7, got ": d\\n"'],
    ["[a, b", "expected , at line 1, got end of the text"],
    ["a: *nosuch\n", "there is no anchor nosuch"],
    ["'abc", "a text in quotes has no end at line 1, column 5, got the end"],
    ["%TAG ! x\n---\n", "a directive that is not understood at line 1, column 1"],
    [
      "!!python/tuple [1]",
      "could not determine a constructor for the tag tag:yaml.org,2002:python/tuple of a sequence",
    ],
    ["a\x07b", "special characters are not allowed, offset 1 has U+0007"],
    ["[1]: 2", "found an unhashable key"],
    ["!!binary a", '"a" is no binary'],
  ])("says of %j what is wrong, and where", (text, why) => {
    expect(() => read(text)).toThrow(why);
  });

  test("refuses what is not UTF-8", () => {
    expect(() => yaml.decode(Uint8Array.of(0xff))).toThrow("Cannot read YAML: the 1 bytes are not UTF-8");
  });

  test("survives documents that are cut off or damaged", () => {
    const random = new Seeded();
    const attempt = (text: Uint8Array) => {
      try {
        yaml.decode(text);
      } catch (error) {
        if (error instanceof LibError) return;
        throw new Error(`seed ${random.seed}: ${JSON.stringify(Buffer.from(text).toString())}`, { cause: error });
      }
    };
    for (const { text } of [...bodies, ...readable]) {
      const whole = Buffer.from(text);
      if (whole.length < 1000) { for (const prefix of everyPrefix(whole)) attempt(prefix); }
      for (let round = 0; round < 30; round++) attempt(random.mutate(whole));
    }
  });
});
