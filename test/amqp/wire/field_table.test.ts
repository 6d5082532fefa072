import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { LimitError, ProtocolError, UsageError } from "../../../lib/base/errors.ts";
import { concatBytes } from "../../../lib/base/bytes.ts";
import { Decimal, PyDateTime, PyFloat } from "../../../lib/base/pyvalue.ts";
import { ByteReader } from "../../../lib/amqp/wire/byte_reader.ts";
import { ByteWriter } from "../../../lib/amqp/wire/byte_writer.ts";
import { type FieldTable, type FieldValue, readTable, writeTable } from "../../../lib/amqp/wire/field_table.ts";
import { readFixture } from "../../support/amqp_frames.ts";
import { everyPrefix } from "../../support/any_split.ts";

type Tagged =
  | null
  | string
  | boolean
  | { dict: [string, Tagged][] }
  | { list: Tagged[] }
  | { bytes: string }
  | { float: string }
  | { int: string }
  | { decimal: string }
  | { datetime: string };

const fixture = readFixture("amqp-wire").tables as Record<string, { value: Tagged; b64: string }>;
const goldens = Object.entries(fixture).map(([name, { value, b64 }]) => ({
  name,
  value,
  bytes: Buffer.from(b64, "base64"),
}));

/** A fixture's value as a table would be written from (`keep`) or reads as. */
function untag(value: Tagged, floats: "keep" | "read"): FieldValue {
  if (value === null || typeof value !== "object") return value;
  if ("dict" in value) return Object.fromEntries(value.dict.map(([name, item]) => [name, untag(item, floats)]));
  if ("list" in value) return value.list.map((item) => untag(item, floats));
  if ("bytes" in value) return Buffer.from(value.bytes, "base64");
  if ("decimal" in value) return new Decimal(value.decimal);
  if ("datetime" in value) return PyDateTime.parse(value.datetime);
  if ("int" in value) return Number.isSafeInteger(Number(value.int)) ? Number(value.int) : BigInt(value.int);
  const float = Number(value.float.replace("inf", "Infinity"));
  return floats === "keep" ? new PyFloat(float) : float;
}

function write(table: FieldTable): Uint8Array {
  const writer = new ByteWriter();
  writeTable(writer, table);
  return concatBytes(writer.take());
}

const read = (bytes: Uint8Array) => readTable(new ByteReader(bytes));
/** A table with the one entry `x`, whose value is given in hex. */
const entry = (value: string) => {
  const bytes = Buffer.from(`0178${value.replaceAll(" ", "")}`, "hex");
  return Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
};

describe("writeTable", () => {
  test.each(goldens)("writes $name as py-amqp does", ({ value, bytes }) => {
    expect(write(untag(value, "keep") as FieldTable)).toEqual(bytes);
  });

  test("leaves out members that are undefined, and keeps zero, empty and false", () => {
    expect(read(write({ gone: undefined, zero: 0, empty: "", no: false }))).toEqual({ zero: 0, empty: "", no: false });
  });

  test("writes a Date as whole seconds", () => {
    expect(read(write({ at: new Date(1_700_000_000_999) }))).toEqual({
      at: PyDateTime.parse("2023-11-14T22:13:20+00:00"),
    });
  });

  test("writes numbers with a fraction, -0 and what is beyond 2^53 as floats", () => {
    expect(write({ x: 0.5 })).toEqual(entry("64 3fe0000000000000"));
    expect(write({ x: -0 })).toEqual(entry("64 8000000000000000"));
    expect(write({ x: 2 ** 60 })).toEqual(entry("64 43b0000000000000"));
  });

  test.each<[string, FieldTable]>([
    ["headers.list[1]: a field table cannot hold a value of type Map", { headers: { list: [1, new Map() as never] } }],
    ["fn: a field table cannot hold a value of type function", { fn: (() => 1) as never }],
    ["big: expected a whole number of 64 bits, got 9223372036854775808", { big: 2n ** 63n }],
    ["price: expected a decimal of 31 bits without exponent, got 1e5", { price: new Decimal("1e5") }],
    ["at: expected a time from 1970 on", { at: new Date(-1) }],
  ])("says with the path: Cannot encode %s", (message, table) => {
    expect(() => write(table)).toThrow(new RegExp(`^Cannot encode ${message.replace(/[[\]^]/g, "\\$&")}`));
    expect(() => write(table)).toThrow(UsageError);
  });

  test("refuses a table that contains itself", () => {
    const loop: Record<string, FieldValue> = {};
    loop.self = loop;

    expect(() => write(loop)).toThrow("it is nested deeper than 64, or contains itself");
  });

  test("refuses a name of more than 255 bytes", () => {
    expect(() => write({ ["ä".repeat(128)]: 1 })).toThrow("it has 256 bytes or more, the limit is 255");
  });
});

describe("readTable", () => {
  test.each(goldens)("reads $name of py-amqp", ({ value, bytes }) => {
    expect(read(bytes)).toEqual(untag(value, "read"));
  });

  test.each<[string, string, FieldValue]>([
    ["t", "74 02", true],
    ["b", "62 ff", -1],
    ["B", "42 ff", 255],
    ["s", "73 fffe", -2],
    ["u", "75 fffe", 65_534],
    ["U", "55 fffe", -2],
    ["I", "49 fffffffe", -2],
    ["i", "69 fffffffe", 4_294_967_294],
    ["l", "6c fffffffffffffffe", -2],
    ["L", "4c 7fffffffffffffff", 9_223_372_036_854_775_807n],
    ["f", "66 3fc00000", 1.5],
    ["d", "64 7ff0000000000000", Infinity],
    ["D", "44 02 ffffff6a", new Decimal("-1.50")],
    ["S", "53 00000002 c3a4", "ä"],
    ["S that is not UTF-8", "53 00000001 ff", Buffer.from([0xff])],
    ["S that holds a replacement character", "53 00000003 efbfbd", "\ufffd"],
    ["x", "78 00000002 c3a4", Buffer.from([0xc3, 0xa4])],
    ["T", "54 0000000000000000", PyDateTime.parse("1970-01-01T00:00:00+00:00")],
    ["T past the year 9999", "54 0000ffffffffffff", 281_474_976_710_655],
    ["A", "41 00000003 7401 56", [true, null]],
    ["F", "46 00000003 0161 56", { a: null }],
    ["V", "56", null],
  ])("reads %s as RabbitMQ means it", (_, bytes, value) => {
    expect(read(entry(bytes))).toEqual({ x: value });
  });

  test("gives tables without a prototype, so that every name is a name", () => {
    const table = read(write({ ["__proto__"]: "own", constructor: 1 } as FieldTable));

    expect(Object.getPrototypeOf(table)).toBeNull();
    expect(Object.entries(table)).toEqual([["__proto__", "own"], ["constructor", 1]]);
  });

  test("refuses every cut-off table", () => {
    for (const { bytes } of goldens) {
      for (const prefix of everyPrefix(bytes)) expect(() => read(prefix)).toThrow(ProtocolError);
    }
  });

  test("refuses a value that reaches past the end of its table, though bytes follow", () => {
    expect(() => read(Buffer.from("000000030178490000000a", "hex"))).toThrow("reaches past its end");
  });

  test("refuses an unknown type", () => {
    expect(() => read(entry("21"))).toThrow("the field type 0x21 is unknown");
  });

  test("refuses 100,000 nested arrays before the stack is at risk", () => {
    const depth = 100_000;
    const parts = Array.from({ length: depth }, (_, i) => {
      const head = Buffer.from([0x41, 0, 0, 0, 0]);
      head.writeUInt32BE((depth - i - 1) * 5, 1);
      return head;
    });
    const value = Buffer.concat(parts);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(value.length + 2);

    expect(() => read(Buffer.concat([size, Buffer.from("0178", "hex"), value]))).toThrow(LimitError);
  });
});
