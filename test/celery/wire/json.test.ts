import { describe, expect, test } from "vitest";
import { LimitError } from "../../../lib/base/errors.ts";
import { Decimal, PyDate, PyDateTime, PyFloat, PyTime, TimeDelta, Tuple, Uuid } from "../../../lib/base/pyvalue.ts";
import { DecodeError, EncodeError } from "../../../lib/celery/wire/errors.ts";
import { parseJson } from "../../../lib/celery/wire/json_read.ts";
import { stringifyJson } from "../../../lib/celery/wire/json_write.ts";
import { Seeded } from "../../support/seeded.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

describe("stringifyJson", () => {
  // each expected text is what json.dumps(…) of CPython 3.11 gives
  test.each([
    [
      [1, 2.5, -3, 9007199254740991, 1e22, 1.5e300, 1e-7, 0.00012],
      "[1, 2.5, -3, 9007199254740991, 1e+22, 1.5e+300, 1e-07, 0.00012]",
    ],
    [[new PyFloat(1), -0, new PyFloat(1e16), new PyFloat(NaN)], "[1.0, -0.0, 1e+16, NaN]"],
    [[NaN, Infinity, -Infinity], "[NaN, Infinity, -Infinity]"],
    [[2n ** 64n, -(2n ** 70n)], "[18446744073709551616, -1180591620717411303424]"],
    [{ a: null, b: [true, false], "": {} }, '{"a": null, "b": [true, false], "": {}}'],
    ["h\u00e9llo \u2603 \u{1f600}", '"h\\u00e9llo \\u2603 \\ud83d\\ude00"'],
    ['q"b\\ \b\f\n\r\t\0\x7f', '"q\\"b\\\\ \\b\\f\\n\\r\\t\\u0000\\u007f"'],
    [Tuple.of<unknown>(1, "a"), '[1, "a"]'],
    [new Map([["b", 1], ["a", 2]]), '{"b": 1, "a": 2}'],
    [undefined, "null"],
  ])("writes %# as Python does", (value, text) => {
    expect(stringifyJson(value)).toBe(text);
  });

  test.each([
    [
      PyDateTime.parse("2024-01-02T03:04:05.000678"),
      '"datetime", "__value__": "2024-01-02T03:04:05.000678"',
      '"2024-01-02T03:04:05.000678"',
    ],
    [
      PyDateTime.parse("2024-01-02T03:04:05+00:00"),
      '"datetime", "__value__": "2024-01-02T03:04:05+00:00"',
      '"2024-01-02T03:04:05Z"',
    ],
    [
      new Date(Date.UTC(2024, 0, 2, 3, 4, 5)),
      '"datetime", "__value__": "2024-01-02T03:04:05+00:00"',
      '"2024-01-02T03:04:05Z"',
    ],
    [new PyDate(2024, 1, 2), '"date", "__value__": "2024-01-02"', '"2024-01-02T00:00:00"'],
    [new PyTime(1, 2, 3), '"time", "__value__": "01:02:03"', '"01:02:03"'],
    [new Decimal("1.50"), '"decimal", "__value__": "1.50"', '"1.50"'],
    [
      new Uuid("00000000-0000-0000-0000-000000000005"),
      '"uuid", "__value__": {"hex": "00000000000000000000000000000005"}',
      '"00000000-0000-0000-0000-000000000005"',
    ],
  ])("writes special types as new and as old kombu does: %s", (value, wrapped, plain) => {
    expect(stringifyJson(value)).toBe(`{"__type__": ${wrapped}}`);
    expect(stringifyJson(value, { types: "plain" })).toBe(plain);
  });

  test("writes bytes as text where they are UTF-8, else as base64, and not at all for old kombu", () => {
    expect(stringifyJson(utf8("h\u00e9"))).toBe('{"__type__": "bytes", "__value__": "h\\u00e9"}');
    expect(stringifyJson(Uint8Array.of(255, 0))).toBe('{"__type__": "base64", "__value__": "/wA="}');
    expect(() => stringifyJson(utf8("a"), { types: "plain", name: "args" })).toThrow(
      "Cannot write args as JSON: it is a Uint8Array",
    );
  });

  test("writes members that are text already before those of a dict", () => {
    expect(stringifyJson({ a: 1, b: [2] }, { before: '"body": "x"' })).toBe('{"body": "x", "a": 1, "b": [2]}');
    expect(stringifyJson({}, { before: '"body": "x"' })).toBe('{"body": "x"}');
    expect(() => stringifyJson({ a: [Symbol("s")] }, { name: "message", before: '"body": "x"' }))
      .toThrow("Cannot write message.a[0] as JSON");
  });

  test("writes more keys than it keeps, long ones and strange ones, the same the second time", () => {
    const keys = Array.from({ length: 5000 }, (_, i) => i % 3 === 0 ? `key ${i} ☃"` : `k${"k".repeat(i % 100)}${i}`);
    const dict = Object.fromEntries(keys.map((key, i) => [key, i]));
    const expected = `{${keys.map((key, i) => `${JSON.stringify(key).replaceAll("☃", "\\u2603")}: ${i}`).join(", ")}}`;

    expect(stringifyJson(dict) === expected).toBe(true); // a difference of that size is nothing to look at
    expect(stringifyJson(dict) === expected).toBe(true);
  });

  test("lets a toJSON method speak for its object", () => {
    class Named {
      toJSON() {
        return { task: "add" };
      }
    }

    expect(stringifyJson({ sig: new Named() })).toBe('{"sig": {"task": "add"}}');
  });

  test.each([
    [[{ rows: [1, 2, 3, () => 1] }], "args[0].rows[3] as JSON: it is a function"],
    [[new Set([1])], "args[0] as JSON: it is a Set; Array.from makes an array of it"],
    [[1, { a: Symbol("x") }], "args[1].a as JSON: it is a symbol"],
    [["\ud800"], "args[0] as JSON: the text holds half of a surrogate pair"],
    [[{ "\udc00": 1 }], ".\udc00 as JSON: the text holds half of a surrogate pair"],
    [[new Map([[1, 2]])], "args[0].get(1) as JSON: keys in JSON are texts, this one is a number"],
    [[new TimeDelta(1)], "args[0] as JSON: it is a TimeDelta"],
    [[new Error("x")], "args[0] as JSON: it is a Error; its message is a text"],
    [[new Date(NaN)], "args[0] as JSON: it is an invalid Date"],
    [[Float64Array.of(1)], "args[0] as JSON: it is a Float64Array; Array.from makes an array of it"],
  ])("refuses what JSON cannot carry, and names the path: %s", (value, message) => {
    expect(() => stringifyJson(value, { name: "args" })).toThrow(EncodeError);
    expect(() => stringifyJson(value, { name: "args" })).toThrow(message);
  });

  test("refuses a circle without running out of stack", () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;

    expect(() => stringifyJson([circle], { name: "args" })).toThrow(
      /^Cannot write args\[0\]\.self\.self.*… as JSON: it is nested too deeply, or contains itself$/,
    );
  });
});

describe("parseJson", () => {
  test.each([
    ["[1, -2, 2.5, 1e3]", [1, -2, 2.5, 1000]],
    ["[9007199254740993, -9007199254740993]", [9007199254740993n, -9007199254740993n]],
    ["1000000000000000000000", 1000000000000000000000n],
    ["[NaN, Infinity, -Infinity]", [NaN, Infinity, -Infinity]],
    ["[-0, -0.0, 0]", [0, -0, 0]],
    ['{"a": {"b": [null, true, false]}}', { a: { b: [null, true, false] } }],
    ['  "h\\u00e9 \\ud83d\\ude00"\n', "h\u00e9 \u{1f600}"],
    ['{"a": 1, "a": 2}', { a: 2 }],
    ["[0.30000000000000004, 0.1234567890123456789]", [0.30000000000000004, 0.1234567890123456789]],
  ])("reads %# as Python does", (text, value) => {
    expect(parseJson(text)).toEqual(value);
  });

  test("reads what its writer wrote, special types included", () => {
    const value = {
      at: PyDateTime.parse("2024-01-02T03:04:05.000678+02:00"),
      day: new PyDate(2024, 1, 2),
      time: new PyTime(1, 2, 3, 4),
      amount: new Decimal("1.50"),
      id: new Uuid("00000000-0000-0000-0000-000000000005"),
      big: [2n ** 64n, NaN],
    };

    expect(parseJson(stringifyJson(value))).toEqual(value);
    expect(Buffer.from(parseJson(stringifyJson(utf8("h\u00e9"))) as Uint8Array).toString()).toBe("h\u00e9");
    expect([...parseJson(stringifyJson(Uint8Array.of(255, 0))) as Uint8Array]).toEqual([255, 0]);
  });

  test("keeps floats apart from whole numbers on request", () => {
    expect(parseJson("[1.0, 1, 1e3, 2.5]")).toEqual([1, 1, 1000, 2.5]);
    expect(parseJson("[1.0, 1, 1e3, 2.5]", { floats: "exact" })).toEqual([new PyFloat(1), 1, new PyFloat(1000), 2.5]);
    expect(parseJson('["4bfe6c76-b7f1-417a-87cf-1e54b5400e31", 1]', { floats: "exact" })).toEqual([
      "4bfe6c76-b7f1-417a-87cf-1e54b5400e31",
      1,
    ]);
  });

  test("takes an object for a wrapper only if it has exactly its two keys", () => {
    expect(parseJson('{"__type__": "date", "__value__": "2024-01-02", "more": 1}')).toEqual({
      __type__: "date",
      __value__: "2024-01-02",
      more: 1,
    });
    expect(parseJson('{"\\u005f_type__": "date", "__value__": "2024-01-02"}')).toEqual(new PyDate(2024, 1, 2));
    expect(() => parseJson('{"__type__": "pickle", "__value__": 1}')).toThrow(/unsupported __type__ "pickle"/);
    expect(() => parseJson('{"__type__": "date", "__value__": 5}')).toThrow(DecodeError);
    expect(() => parseJson('{"__type__": "uuid", "__value__": null}')).toThrow(DecodeError);
  });

  test("keeps keys that JavaScript gives a meaning as what they are", () => {
    for (const text of ['{"__proto__": {"x": 1}, "constructor": 2}', '{"__proto__": {"x": 1}, "constructor": NaN}']) {
      const value = parseJson(text) as object;

      expect(Object.keys(value)).toEqual(["__proto__", "constructor"]);
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect(({} as { x?: unknown }).x).toBeUndefined();
    }
  });

  test.each([
    ["", "expected a value at offset 0, got the end"],
    ["[1, 2", "expected a comma or ] at offset 5"],
    ["[1,]", "a comma with nothing after it at offset 3"],
    ["{'a': 1}", "expected a key in double quotes at offset 1"],
    ['{"a" 1}', "expected a colon after the key at offset 5"],
    ['"abc', "a string without an end at offset 0"],
    ['"a\nb"', "a string with a bad escape or a control character at offset 0"],
    ["[1] 2", "more text follows at offset 4"],
    ["nul", "expected a value at offset 0"],
    ["01", "more text follows at offset 1"],
  ])("refuses %j and says where", (text, message) => {
    expect(() => parseJson(text)).toThrow(DecodeError);
    expect(() => parseJson(text)).toThrow(message);
  });

  test("refuses nesting beyond the limit on either way through", () => {
    const deep = "[".repeat(2000) + "]".repeat(2000);

    expect(() => parseJson(deep)).toThrow(LimitError);
    expect(() => parseJson(`[NaN, ${deep}]`)).toThrow("nested deeper than 900 levels");
    expect(() => parseJson(`["${"[".repeat(5000)}\\"", {}]`)).not.toThrow(); // brackets in a text are text
    expect(() => parseJson("[".repeat(100_000))).toThrow(LimitError);
  });

  test("refuses a whole number longer than Python would read", () => {
    expect(() => parseJson("1".repeat(5000))).toThrow("a whole number of 5000 digits");
  });

  test("survives damaged texts with nothing but its own errors", () => {
    const random = new Seeded();
    const text =
      '{"a": [1, 2.5, NaN, "x\\u00e9", {"__type__": "date", "__value__": "2024-01-02"}], "b": 12345678901234567890}';

    for (let round = 0; round < 500; round++) {
      const damaged = Buffer.from(random.mutate(utf8(text))).toString("latin1");
      try {
        parseJson(damaged);
      } catch (error) {
        expect(error, `seed ${random.seed}: ${damaged}`).toSatisfy((each) =>
          each instanceof DecodeError || each instanceof LimitError
        );
      }
    }
  });
});
