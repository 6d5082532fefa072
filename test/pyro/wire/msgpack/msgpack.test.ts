import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { Complex, Decimal, PyDate, PyDateTime, PyFloat, Tuple } from "../../../../lib/base/pyvalue.ts";
import { ClassRegistry } from "../../../../lib/pyro/wire/class_registry.ts";
import { BadPayloadError, PyroError, SerializeError } from "../../../../lib/pyro/wire/errors.ts";
import { MsgpackSerializer } from "../../../../lib/pyro/wire/msgpack/mod.ts";
import { Seeded } from "../../../support/seeded.ts";

const msgpack = new MsgpackSerializer(new ClassRegistry());
const hex = (value: unknown) => Buffer.from(msgpack.dumps(value)).toString("hex");
const read = (text: string) => msgpack.loads(Buffer.from(text, "hex"));

/** From the specification's table of formats; each is the shortest form of its value. */
const VECTORS: readonly (readonly [unknown, string])[] = [
  [null, "c0"],
  [false, "c2"],
  [true, "c3"],
  [0, "00"],
  [127, "7f"],
  [128, "cc80"],
  [256, "cd0100"],
  [65536, "ce00010000"],
  [2 ** 32, "cf0000000100000000"],
  [-1, "ff"],
  [-32, "e0"],
  [-33, "d0df"],
  [-129, "d1ff7f"],
  [-32769, "d2ffff7fff"],
  [-(2 ** 31) - 1, "d3ffffffff7fffffff"],
  [2n ** 64n - 1n, "cfffffffffffffffff"],
  [-(2n ** 63n), "d38000000000000000"],
  [1.5, "cb3ff8000000000000"],
  ["", "a0"],
  ["a€", "a461e282ac"],
  ["x".repeat(32), `d920${"78".repeat(32)}`],
  ["x".repeat(256), `da0100${"78".repeat(256)}`],
  [Uint8Array.of(1, 2), "c4020102"],
  [[1, "a"], "9201a161"],
  [Array.from({ length: 16 }, () => 0), `dc0010${"00".repeat(16)}`],
  [{ a: 1 }, "81a16101"],
  [new Map([[1, 2]]), "810102"],
];

describe("MsgpackSerializer", () => {
  test.each(VECTORS)("writes and reads %o as %s", (value, text) => {
    expect(hex(value)).toBe(text);
    expect(read(text)).toEqual(value);
  });

  test("writes tuples and sets as arrays, Decimals as text", () => {
    expect([Tuple.of(1), new Set([1]), new Decimal("1.10")].map(hex)).toEqual(["9101", "9101", "a4312e3130"]);
  });

  test("has Pyro's extensions for complex numbers, large ints, dates and naive datetimes", () => {
    expect(hex(new Complex(1, 2))).toBe("d830000000000000f03f0000000000000040");
    expect(hex(2n ** 64n)).toBe(`c71431${Buffer.from("18446744073709551616").toString("hex")}`);
    expect(hex(new PyDate(1970, 1, 2))).toBe("d7333cf90a0000000000"); // ordinal 719164
    for (
      const value of [
        new Complex(1, 2),
        -(2n ** 70n),
        new PyDate(1, 1, 1),
        PyDateTime.parse("2024-02-29T12:30:01.000005"),
      ]
    ) {
      expect(msgpack.loads(msgpack.dumps(value))).toEqual(value);
    }
    expect(() => msgpack.dumps(new Date(0))).toThrow("msgpack cannot serialize datetime with timezone info");
  });

  test("keeps floats where it is told to", () => {
    const exact = new MsgpackSerializer(new ClassRegistry(), { keepFloats: true });

    expect(exact.loads(exact.dumps(new PyFloat(1)))).toEqual(new PyFloat(1));
  });

  test("carries calls and class dicts", () => {
    const call = msgpack.loadsCall(msgpack.dumpsCall("o", "m", Tuple.of(new RangeError("x")), { k: 1 }));

    expect(call).toMatchObject({ objectId: "o", method: "m", kwargs: { k: 1 } });
    expect(call.args[0]).toMatchObject({ remoteType: "builtins.ValueError", message: "x" });
  });

  test.each([
    ["c1", "type 0xc1 does not exist"],
    ["", "the data is too short"],
    ["a261", "the data is too short, 2 bytes expected"],
    ["ddffffffff", "4294967295 items announced, 0 bytes left"],
    ["df0fffffff00", "items announced"],
    ["0000", "extra data"],
    ["a1ff", "not UTF-8"],
    ["91".repeat(201) + "00", "nested deeper than 200 levels"],
    ["d43000", "extension 48 of 1 bytes, expected 16"],
    ["c7013178", "an int that is not decimal digits"],
    ["d733ffffffffffffff7f", "a date in the year"],
  ])("refuses %s", (text, message) => {
    expect(() => read(text)).toThrow(message);
    expect(() => read(text)).toThrow(BadPayloadError);
  });

  test("refuses extensions that it does not know, in Python's words", () => {
    expect(() => read("d40500")).toThrow(new SerializeError("invalid ext code for msgpack: 5"));
  });

  test("survives damaged documents", () => {
    const random = new Seeded();
    for (let round = 0; round < Number(process.env.FUZZ_ROUNDS ?? 2000); round++) {
      const bytes = random.mutate(Buffer.from(random.pick(VECTORS)[1], "hex"));
      try {
        msgpack.loads(bytes);
      } catch (error) {
        if (error instanceof PyroError) continue;
        throw new Error(`seed ${random.seed}, round ${round}: ${Buffer.from(bytes).toString("hex")}`, { cause: error });
      }
    }
  });
});
