import { describe, expect, test } from "vitest";
import { bindArguments, signatureOf } from "../../../lib/pyro/daemon/arguments.ts";

const takesAnyKeyword = true;

describe("bindArguments", () => {
  const plain = signatureOf("Shop.order", (item: string, amount = 1) => [item, amount]);

  test("hands positional arguments through as they are", () => {
    const args = ["chair", 4];

    expect(bindArguments(plain, args, {})).toBe(args);
  });

  test("refuses a name that no parameter has", () => {
    expect(() => bindArguments(plain, ["chair"], { colour: "red" })).toThrow(
      "Shop.order() got an unexpected keyword argument 'colour'",
    );
  });

  test.each([
    ["the last parameter of the text", (_a: unknown, _b: unknown, _rest: unknown) => {}, undefined],
    ["what comes behind the names that were given", ({ length: _length }: string) => {}, ["_a", "_b"]],
  ])("puts names that are left over into %s", (_what, run, names) => {
    const signature = signatureOf("f", run, { names, takesAnyKeyword });

    expect(bindArguments(signature, [1], { _b: 2, c: 3 })).toEqual([1, 2, { c: 3 }]);
    expect(bindArguments(signature, [1, 2], {})).toEqual([1, 2, {}]);
    expect(() => bindArguments(signature, [1, 2, 3], {})).toThrow("f() takes 3 positional arguments but 4 were given");
    expect(() => bindArguments(signature, [1], { c: 3 })).toThrow("missing 1 required positional argument: '_b'");
  });

  test("puts them behind the items of a rest parameter, and behind parameters that keep their default", () => {
    const signature = signatureOf("f", (_a: unknown, _b = 2, ..._rest: unknown[]) => {}, { takesAnyKeyword });

    expect(bindArguments(signature, [1, 2, 3], { c: 4 })).toEqual([1, 2, 3, { c: 4 }]);
    expect(bindArguments(signature, [1], { c: 4 })).toEqual([1, undefined, { c: 4 }]);
  });

  test("puts them last where the function's text tells nothing", () => {
    const signature = signatureOf("f", new Function("return class A {}")() as () => void, { takesAnyKeyword });

    expect(bindArguments(signature, [1, 2], { c: 3 })).toEqual([1, 2, { c: 3 }]);
    expect(bindArguments(signature, [], {})).toEqual([{}]);
  });

  test("takes __proto__ for a name like any other", () => {
    const signature = signatureOf("f", (_rest: unknown) => {}, { takesAnyKeyword });
    const kwargs = JSON.parse('{"__proto__": 1}') as Record<string, unknown>;

    const [left] = bindArguments(signature, [], kwargs);

    expect(Object.entries(left as object)).toEqual([["__proto__", 1]]);
  });
});
