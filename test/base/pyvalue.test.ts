import { describe, expect, test } from "vitest";
import {
  Complex,
  Decimal,
  emptyDict,
  floatRepr,
  isPlainObject,
  PyDate,
  PyDateTime,
  PyFloat,
  PyTime,
  TimeDelta,
  Tuple,
  Uuid,
} from "../../lib/base/pyvalue.ts";

// Expected texts: CPython 3.11, `repr(x)`, `str(x)` and `x.isoformat()`.

describe("floatRepr", () => {
  test.each([
    [1, "1.0"],
    [-0, "-0.0"],
    [1e16, "1e+16"],
    [9999999999999998, "9999999999999998.0"],
    [1e15, "1000000000000000.0"],
    [1e-4, "0.0001"],
    [1e-5, "1e-05"],
    [0.00012345, "0.00012345"],
    [1.5e-7, "1.5e-07"],
    [1e21, "1e+21"],
    [123456789012345680, "1.2345678901234568e+17"],
    [5e-324, "5e-324"],
    [1.7976931348623157e308, "1.7976931348623157e+308"],
    [0.1, "0.1"],
    [1 / 3, "0.3333333333333333"],
    [NaN, "nan"],
    [Infinity, "inf"],
    [-Infinity, "-inf"],
    [100.5, "100.5"],
  ])("writes %s as Python does: %s", (value, text) => {
    expect(floatRepr(value)).toBe(text);
  });
});

describe("PyFloat", () => {
  test("calculates like a number and prints like a float", () => {
    expect(new PyFloat(1).valueOf() + 1).toBe(2);
    expect([String(new PyFloat(1)), JSON.stringify(new PyFloat(1))]).toEqual(["1.0", "1"]);
  });
});

describe("Tuple", () => {
  test("is a frozen array, whose methods give plain arrays", () => {
    const tuple = Tuple.of<unknown>(1, "a");

    expect([...tuple]).toEqual([1, "a"]);
    expect(Array.isArray(tuple)).toBe(true);
    expect(Object.isFrozen(tuple)).toBe(true);
    expect(tuple.map((item) => item)).not.toBeInstanceOf(Tuple);
  });

  test("may hold a single number, which is an item and not a length", () => {
    expect([...Tuple.of(3)]).toEqual([3]);
    expect([...Tuple.fromItems(new Set([5]))]).toEqual([5]);
    expect(Tuple.of().length).toBe(0);
  });
});

describe("Complex", () => {
  test.each([
    [0, 2, "2j"],
    [-0, 2, "(-0+2j)"],
    [1, 2, "(1+2j)"],
    [1, -2, "(1-2j)"],
    [0, -0, "-0j"],
    [1.5, 1e20, "(1.5+1e+20j)"],
    [NaN, Infinity, "(nan+infj)"],
  ])("prints (%s, %s) as %s", (real, imag, text) => {
    expect(String(new Complex(real, imag))).toBe(text);
  });
});

describe("Decimal", () => {
  test("keeps Python's text without loss", () => {
    for (const text of ["1.10", "-0", "1E+30", "NaN", "sNaN12", "-Infinity", ".5", "5."]) {
      expect(String(new Decimal(text))).toBe(text);
    }
  });

  test("refuses what Python refuses", () => {
    for (const text of ["", "abc", "1e", "0x10", "1.2.3"]) {
      expect(() => new Decimal(text)).toThrow("Cannot build a Decimal");
    }
  });
});

describe("Uuid", () => {
  test("reads every form that Python reads", () => {
    const canonical = "12345678-1234-5678-1234-567812345678";
    for (
      const text of [canonical, `urn:uuid:${canonical}`, `{${canonical}}`, canonical.replaceAll("-", "").toUpperCase()]
    ) {
      expect(String(new Uuid(text))).toBe(canonical);
    }
    expect(() => new Uuid("1234")).toThrow("expected 32 hex digits");
  });
});

describe("PyDate", () => {
  test("knows the days of a month", () => {
    expect(String(PyDate.parse("2024-02-29"))).toBe("2024-02-29");
    expect(() => PyDate.parse("2023-02-29")).toThrow("from 1 to 28, got 29");
    expect(() => PyDate.parse("1900-02-29")).toThrow("from 1 to 28");
    expect(() => PyDate.parse("2024-13-01")).toThrow("month");
  });
});

describe("PyTime", () => {
  test.each([
    ["01:02:03", "01:02:03"],
    ["01:02", "01:02:00"],
    ["010203.5", "01:02:03.500000"],
    ["01:02:03.0000019Z", "01:02:03.000001+00:00"],
    ["01:02:03-0330", "01:02:03-03:30"],
    ["01:02:03+05", "01:02:03+05:00"],
  ])("reads %s", (text, iso) => {
    expect(String(PyTime.parse(text))).toBe(iso);
  });
});

describe("PyDateTime", () => {
  test.each([
    "2024-01-02T03:04:05.000006+05:30",
    "0001-01-01T00:00:00",
    "2024-02-29T23:59:59+00:00",
    "2024-01-01T00:00:00-03:30:15",
  ])("reads and writes %s without loss", (text) => {
    expect(String(PyDateTime.parse(text))).toBe(text);
  });

  test("reads a date alone and any single separator", () => {
    expect(String(PyDateTime.parse("2024-01-02"))).toBe("2024-01-02T00:00:00");
    expect(String(PyDateTime.parse("20240102 030405Z"))).toBe("2024-01-02T03:04:05+00:00");
  });

  test("gives the instant of an aware one, and reads a naive one as it is told", () => {
    expect(PyDateTime.parse("2024-01-02T03:04:05.678901+05:30").toDate().toISOString()).toBe(
      "2024-01-01T21:34:05.678Z",
    );
    expect(PyDateTime.parse("2024-01-02T03:04:05").toDate().toISOString()).toBe("2024-01-02T03:04:05.000Z");
    expect(PyDateTime.parse("2024-01-02T03:04:05").toDate(3600).toISOString()).toBe("2024-01-02T02:04:05.000Z");
    expect(PyDateTime.parse("0001-01-01T00:00:00").toDate().getUTCFullYear()).toBe(1);
  });

  test("is built from instants before and after 1970, at any offset", () => {
    expect(String(PyDateTime.fromEpochMicroseconds(-1n, 0))).toBe("1969-12-31T23:59:59.999999+00:00");
    expect(String(PyDateTime.fromEpochMicroseconds(1n, -3600))).toBe("1969-12-31T23:00:00.000001-01:00");
    expect(String(PyDateTime.fromDate(new Date(1500)))).toBe("1970-01-01T00:00:01.500000+00:00");
  });

  test("refuses garbage with a quotation cut to 64 characters", () => {
    expect(() => PyDateTime.parse("x".repeat(1000))).toThrow(/^.{1,140}$/);
  });
});

describe("TimeDelta", () => {
  test.each([
    [new TimeDelta(1, 1, 2), "1 day, 0:00:01.000002"],
    [new TimeDelta(-1), "-1 day, 0:00:00"],
    [new TimeDelta(0, -1), "-1 day, 23:59:59"],
    [new TimeDelta(0, 0, -1), "-1 day, 23:59:59.999999"],
    [new TimeDelta(2, 3600), "2 days, 1:00:00"],
    [new TimeDelta(0), "0:00:00"],
    [TimeDelta.fromSeconds(1.9999999), "0:00:02"],
    [TimeDelta.fromSeconds(-90061.25), "-2 days, 22:58:58.750000"],
  ])("normalizes and prints %o as %s", (delta, text) => {
    expect(String(delta)).toBe(text);
  });

  test("gives its seconds back", () => {
    expect(new TimeDelta(0, -1, 500_000).totalSeconds()).toBe(-0.5);
  });

  test("refuses parts that are not whole", () => {
    expect(() => new TimeDelta(0.5)).toThrow("Cannot build a timedelta: expected a whole number");
  });
});

describe("isPlainObject", () => {
  test("tells literals and dicts from instances", () => {
    expect([{}, emptyDict(), { a: 1 }].every(isPlainObject)).toBe(true);
    expect([null, [], new Map(), new Date(), new PyFloat(1), "x", Tuple.of()].some(isPlainObject)).toBe(false);
  });
});

describe("emptyDict", () => {
  test("takes __proto__ as a key like any other", () => {
    const dict = emptyDict();

    dict["__proto__"] = 1;

    expect(Object.keys(dict)).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>).polluted).toBe(undefined);
  });
});
