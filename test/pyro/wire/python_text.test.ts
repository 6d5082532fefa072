import { describe, expect, test } from "vitest";
import { Complex, Decimal, PyFloat, Tuple, Uuid } from "../../../lib/base/pyvalue.ts";
import { pythonRepr, pythonStr } from "../../../lib/pyro/wire/python_text.ts";

describe("pythonRepr", () => {
  test.each<[unknown, string]>([
    [null, "None"],
    [true, "True"],
    [1, "1"],
    [1.5, "1.5"],
    [new PyFloat(1), "1.0"],
    [10n ** 20n, "100000000000000000000"],
    [["it's", 'a"b'], `["it's", 'a"b']`],
    [Tuple.of(1), "(1,)"],
    [Tuple.of(1, 2), "(1, 2)"],
    [new Set(), "set()"],
    [new Set(["a"]), "{'a'}"],
    [{ a: [1, {}] }, "{'a': [1, {}]}"],
    [new Map([[1, 2]]), "{1: 2}"],
    [new Uint8Array([0x27, 0, 0xff, 0x61]), `b"'\\x00\\xffa"`],
    [new Complex(1, 2), "(1+2j)"],
    [new Decimal("1.10"), "Decimal('1.10')"],
  ])("prints %o as %s", (value, text) => {
    expect(pythonRepr(value)).toBe(text);
  });

  test("ends, for a list inside itself", () => {
    const loop: unknown[] = [];
    loop.push(loop);

    expect(pythonRepr(loop)).toContain("...");
  });
});

describe("pythonStr", () => {
  test("prints texts as they are, and numbers of text without their class", () => {
    const id = "00000000-0000-0000-0000-000000000001";

    expect([pythonStr("it's"), pythonStr(new Decimal("1.10")), pythonStr(new Uuid(id)), pythonStr(["a"])]).toEqual([
      "it's",
      "1.10",
      id,
      "['a']",
    ]);
  });
});
