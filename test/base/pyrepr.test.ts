import { describe, expect, test } from "vitest";
import {
  Complex,
  Decimal,
  PyDate,
  PyDateTime,
  PyFloat,
  PyTime,
  TimeDelta,
  Tuple,
  Uuid,
} from "../../lib/base/pyvalue.ts";
import { pyRepr } from "../../lib/base/pyrepr.ts";

describe("pyRepr", () => {
  // each text is what repr(…) of CPython 3.11 gives
  test.each([
    ["None", null],
    ["None", undefined],
    ["True", true],
    ["1", 1],
    ["-0.0", -0],
    ["1.5", 1.5],
    ["1e+22", 1e22],
    ["1.0", new PyFloat(1)],
    ["18446744073709551616", 2n ** 64n],
    ["'abc'", "abc"],
    [`"it's"`, "it's"],
    [`'both \\' and "'`, `both ' and "`],
    ["'a\\\\b\\n\\r\\t\\x00\\x7f\\xa0\\u200b\\u2028'", "a\\b\n\r\t\0\x7f\u00a0\u200b\u2028"],
    ["'h\u00e9 \u2603 \u{1f600}'", "h\u00e9 \u2603 \u{1f600}"],
    ["'\\U000e0001'", "\u{e0001}"],
    ["b'ab\\x00\\xff\"'", Buffer.from('ab\0\xff"', "latin1")],
    ['b"it\'s"', Buffer.from("it's")],
    ["[1, 'a', [2.5]]", [1, "a", [2.5]]],
    ["(1,)", Tuple.of(1)],
    ["()", Tuple.of()],
    ["{'a': 1, 'b': {}}", { a: 1, b: {} }],
    ["{1: 'x'}", new Map([[1, "x"]])],
    ["{1, 2}", new Set([1, 2])],
    ["set()", new Set()],
    ["datetime.datetime(2024, 1, 2, 3, 4, 5, 678)", PyDateTime.parse("2024-01-02T03:04:05.000678")],
    ["datetime.datetime(2024, 1, 2, 3, 4, tzinfo=datetime.timezone.utc)", PyDateTime.parse("2024-01-02T03:04:00Z")],
    [
      "datetime.datetime(2024, 1, 2, 3, 4, tzinfo=datetime.timezone(datetime.timedelta(seconds=7200)))",
      PyDateTime.parse("2024-01-02T03:04:00+02:00"),
    ],
    ["datetime.date(2024, 1, 2)", new PyDate(2024, 1, 2)],
    ["datetime.time(1, 2, 3)", new PyTime(1, 2, 3)],
    ["datetime.timedelta(days=-1, seconds=86399, microseconds=5)", new TimeDelta(0, -1, 5)],
    ["datetime.timedelta(0)", new TimeDelta(0)],
    ["Decimal('1.50')", new Decimal("1.50")],
    ["UUID('00000000-0000-0000-0000-000000000005')", new Uuid("00000000-0000-0000-0000-000000000005")],
    ["(1+2j)", new Complex(1, 2)],
    ["TypeError('boom')", new TypeError("boom")],
  ])("writes %s", (text, value) => {
    expect(pyRepr(value)).toBe(text);
  });

  test("does not follow a circle for ever", () => {
    const circle: unknown[] = [];
    circle.push(circle);

    expect(pyRepr(circle)).toMatch(/^\[+\.\.\.\]+$/);
  });
});
