import { describe, expect, test } from "vitest";
import { Complex, PyFloat, Tuple } from "../../../lib/base/pyvalue.ts";
import { dictOf, keyIdentity, setOf } from "../../../lib/pyro/wire/keys.ts";

describe("keyIdentity", () => {
  test.each<[string, unknown[]]>([
    ["one", [1, 1n, true, new PyFloat(1), new Complex(1, 0)]],
    ["zero", [0, -0, false, new PyFloat(-0)]],
    ["a large int", [2n ** 60n, new PyFloat(2 ** 60)]],
    ["a tuple", [Tuple.of<unknown>(1, "a"), Tuple.of<unknown>(true, "a")]],
  ])("is the same for everything that is %s in Python", (_, keys) => {
    expect(new Set(keys.map(keyIdentity)).size).toBe(1);
  });

  test("is another for everything else", () => {
    const keys = [
      ...["", "1", "n1", "None", 1, 2, null, 2n ** 60n + 1n, new Complex(1, 1), Uint8Array.of(49), Tuple.of("1")],
      ...[Tuple.of("a", "b"), Tuple.of("a,b"), Tuple.of<unknown>(Tuple.of("a"), "b"), Tuple.of(Tuple.of("a", "b"))],
    ];

    expect(new Set(keys.map(keyIdentity)).size).toBe(keys.length);
  });

  test.each<[string, unknown]>([["list", [1]], ["dict", {}], ["set", new Set()], ["list", Tuple.of([])]])(
    "knows none for a %s",
    (type, key) => {
      expect(() => keyIdentity(key)).toThrow(`unhashable type: '${type}'`);
    },
  );
});

describe("dictOf and setOf", () => {
  test("keep the first of equal keys, with the last value", () => {
    expect(dictOf([["a", 1], ["a", 2]])).toEqual({ a: 2 });
    expect(dictOf([[1, "x"], ["a", 0], [true, "y"]])).toEqual(new Map<unknown, unknown>([[1, "y"], ["a", 0]]));
    expect([...setOf([1, true, "1"])]).toEqual([1, "1"]);
  });
});
