/** What is expected comes from msgpack-python, by way of `test/fixtures/capture/message_bodies.py`. */
import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { MsgpackExtension } from "../../../lib/base/msgpack/extension.ts";
import { Decimal, PyDate, PyDateTime, PyFloat, PyTime, Tuple, Uuid } from "../../../lib/base/pyvalue.ts";
import { DecodeError, EncodeError } from "../../../lib/celery/wire/errors.ts";
import { msgpackSerializer as msgpack } from "../../../lib/celery/wire/msgpack.ts";
import { everyPrefix } from "../../support/any_split.ts";
import { messageBodies } from "../../support/message_bodies.ts";
import { Seeded } from "../../support/seeded.ts";

const bodies = messageBodies().flatMap(({ what, value, msgpack }) =>
  msgpack === null ? [] : [{ what, value, msgpack }]
);
const refused = messageBodies().filter(({ msgpack }) => msgpack === null);
const hex = (value: unknown) => Buffer.from(msgpack.encode(value)).toString("hex");
const read = (text: string) => msgpack.decode(Buffer.from(text, "hex"));

describe("msgpackSerializer", () => {
  test.each(bodies)("writes $what as Python does, byte for byte", ({ value, msgpack: expected }) => {
    expect(hex(value)).toBe(expected);
  });

  test.each(bodies)("reads $what as Python wrote it, and writes the same again", ({ value, msgpack: bytes }) => {
    const exact = msgpack.decode(Buffer.from(bytes, "hex"), { floats: "exact" });

    expect(exact).toEqual(value);
    expect(hex(exact)).toBe(bytes);
  });

  test.each(refused)("refuses $what, as Python does", ({ value }) => {
    expect(() => msgpack.encode(value)).toThrow(EncodeError);
  });

  test("is called what kombu calls it", () => {
    expect(msgpack).toMatchObject({ name: "msgpack", contentType: "application/x-msgpack", contentEncoding: "binary" });
  });

  test("writes a list whose items have names of their own in errors", () => {
    const written = msgpack.encodeList([["args", Tuple.of(1, 2)], ["kwargs", {}]]);

    expect(Buffer.from(written).toString("hex")).toBe("9292010280");
    expect(() => msgpack.encodeList([["args", [1, { rows: [() => {}] }]]])).toThrow(
      new EncodeError("Cannot write args[1].rows[0] as msgpack: it is a function without a name"),
    );
  });

  test.each([
    [new Date(0), "a class Date, for which msgpack has no type; JSON has, and its text can be sent"],
    [PyDateTime.parse("2024-01-02T03:04:05"), "a class PyDateTime, for which"],
    [new PyDate(2024, 1, 2), "a class PyDate, for which"],
    [new PyTime(1, 2), "a class PyTime, for which"],
    [new Decimal("1.5"), "a class Decimal, for which"],
    [new Uuid("0".repeat(32)), "a class Uuid, for which"],
    [new Set([1]), "a class Set; Array.from makes an array of it"],
    [new Float64Array(1), "a class Float64Array; Array.from makes an array of it"],
    [new Error("x"), "a class Error; its message is a text"],
    [2n ** 64n, "a bigint beyond 64 bits"],
    ["\ud800", "the text holds half of a surrogate pair"],
    [new Map([[1, 2]]), "keys in msgpack are texts or bytes, this one is a number"],
  ])("says of %o why it cannot be written", (value, why) => {
    expect(() => msgpack.encode(value)).toThrow(why);
    expect(() => msgpack.encode(value)).toThrow(EncodeError);
  });

  test("writes what a toJSON method says, and undefined as None", () => {
    class Speaking {
      toJSON(): unknown {
        return { b: undefined };
      }
    }

    expect(hex({ a: new Speaking() })).toBe("81a16181a162c0");
    expect(hex(new PyFloat(1))).toBe("cb3ff0000000000000");
  });

  test("keeps extensions, of which Python's Timestamp is one", () => {
    const timestamp = read("d7ff0000000800000001"); // packb(Timestamp(1, 2))

    expect(timestamp).toEqual(new MsgpackExtension(-1, Uint8Array.of(0, 0, 0, 8, 0, 0, 0, 1)));
    expect([timestamp, read("d5056162"), read("c70305616263")].map(hex)).toEqual([
      ...["d7ff0000000800000001", "d5056162", "c70305616263"],
    ]);
  });

  test("reads keys that are bytes into a Map, the last of equal keys, and __proto__ as any other", () => {
    expect(read("82c4016101a16202")).toEqual(new Map<unknown, unknown>([[Uint8Array.of(0x61), 1], ["b", 2]]));
    expect(read("82a16101a16102")).toEqual({ a: 2 });
    const dict = read("81a95f5f70726f746f5f5f81a16101") as object;
    expect([Object.keys(dict), Object.getPrototypeOf(dict)]).toEqual([["__proto__"], Object.prototype]);
  });

  test.each([
    ["c1", "type 0xc1 does not exist: byte 1"],
    ["", "the data is too short, 1 bytes expected, 0 left"],
    ["a261", "the data is too short, 2 bytes expected, 1 left"],
    ["ddffffffff", "4294967295 items announced, 0 bytes left"],
    ["dfffffffff00", "4294967295 items announced, 1 bytes left"],
    ["c6ffffffff00", "the data is too short, 4294967295 bytes expected"],
    ["c9ffffffff0500", "the data is too short, 4294967295 bytes expected"],
    ["0000", "unpack(b) received extra data"],
    ["a1ff", "a text is not UTF-8"],
    ["810102", "int is not allowed for map key when strict_map_key=True"],
    ["81c002", "NoneType is not allowed for map key when strict_map_key=True"],
    ["81910102", "list is not allowed for map key when strict_map_key=True"],
    ["91".repeat(1025) + "00", "nested deeper than 1024 levels"],
  ])("refuses %s", (bytes, why) => {
    expect(() => read(bytes)).toThrow(why);
    expect(() => read(bytes)).toThrow(DecodeError);
  });

  test("nests as deep as Python's writer and reader do", () => {
    const nested = (depth: number): unknown => depth === 0 ? 0 : [nested(depth - 1)];

    expect(hex(nested(511))).toBe("91".repeat(511) + "00");
    expect(() => hex(nested(512))).toThrow("nested too deeply, or contains itself");
    expect(read("91".repeat(1024) + "00")).toBeInstanceOf(Array);
  });

  test("refuses every document that is cut off, and survives damaged ones", () => {
    const random = new Seeded();
    for (const { msgpack: bytes } of bodies) {
      const whole = Buffer.from(bytes, "hex");
      if (whole.length < 2000) {
        for (const prefix of everyPrefix(whole)) expect(() => msgpack.decode(prefix)).toThrow(DecodeError);
      }
      for (let round = 0; round < 50; round++) {
        const damaged = random.mutate(whole);
        try {
          msgpack.decode(damaged);
        } catch (error) {
          if (!(error instanceof DecodeError)) throw new Error(`seed ${random.seed}: ${damaged}`, { cause: error });
        }
      }
    }
  });
});
