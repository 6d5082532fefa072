import { describe, expect, test } from "vitest";
import { type AnyFunction, bindArguments, parametersOf, withoutFirst } from "../../lib/base/parameters.ts";

const names = (fn: AnyFunction) => parametersOf(fn).positional.map((parameter) => parameter.name);

/** A function with exactly this text, however the test's own code is transformed. */
const written = (text: string) => new Function(`return (${text});`)() as AnyFunction;

describe("parametersOf", () => {
  test.each([
    ["(x, y) => x + y", ["x", "y"]],
    ["x => x", ["x"]],
    ["async x => x", ["x"]],
    ["async (x, y) => x", ["x", "y"]],
    ["function (a) {}", ["a"]],
    ["async function* named(a, b,) {}", ["a", "b"]],
    ["({ method(p, q) {} }).method", ["p", "q"]],
    ["({ async *['computed' + ')'](p) {} })['computed)']", ["p"]],
    ["({ 'quoted (': function (p) {} })['quoted (']", ["p"]],
    ["new (class { async get(p) {} })().get", ["p"]],
    ["(x = ')', y = [1, ','], z = { a: '}' }, w = `${'`'})`) => x", ["x", "y", "z", "w"]],
    ["(x /* , y */, // , z\n  $v) => x", ["x", "$v"]],
    ["(größe, _ = (1, 2)) => größe", ["größe", "_"]],
    ["(x = (a, b) => a) => x", ["x"]],
    ["() => 1", []],
  ])("reads %s", (text, expected) => {
    expect(names(written(text))).toEqual(expected);
  });

  test("tells defaults and a rest parameter", () => {
    const list = parametersOf(written("(a, b = 1, ...rest) => a"));

    expect(list).toEqual({
      positional: [{ name: "a", hasDefault: false }, { name: "b", hasDefault: true }],
      hasRest: true,
    });
  });

  test("has no name for a parameter that is taken apart, unless names are given", () => {
    const fn = written("(x, { y, z } = {}) => x");

    expect(names(fn)).toEqual(["x", undefined]);
    expect(parametersOf(fn, ["x", "y?"]).positional).toEqual([
      { name: "x", hasDefault: false },
      { name: "y", hasDefault: true },
    ]);
  });

  test("asks for names where the text shows none", () => {
    expect(() => parametersOf(Math.max)).not.toThrow(); // native code has an empty list
    expect(() => parametersOf(written("class A {}"))).toThrow(/params: \["x", "y"\]/);
  });
});

describe("bindArguments", () => {
  const add = parametersOf((x: number, y: number) => x + y);
  const greet = parametersOf((name: string, greeting = "hello", end = "!") => greeting + name + end);

  test("puts keyword arguments in their places", () => {
    expect(bindArguments("add", add, [], { y: 2, x: 1 })).toEqual([1, 2]);
    expect(bindArguments("add", add, [1], { y: 2 })).toEqual([1, 2]);
    expect(bindArguments("greet", greet, ["a"], { end: "." })).toEqual(["a", undefined, "."]);
    expect(bindArguments("greet", greet, ["a"], {})).toEqual(["a"]);
  });

  test("leaves what is too much to a rest parameter", () => {
    expect(bindArguments("f", parametersOf((...all: number[]) => all), [1, 2, 3], {})).toEqual([1, 2, 3]);
  });

  test.each([
    [[1], {}, "add() missing 1 required positional argument: 'y'"],
    [[], {}, "add() missing 2 required positional arguments: 'x' and 'y'"],
    [[1, 2, 3], {}, "add() takes 2 positional arguments but 3 were given"],
    [[1], { z: 2 }, "add() got an unexpected keyword argument 'z'"],
    [[1, 2], { x: 2 }, "add() got multiple values for argument 'x'"],
    [[1], JSON.parse('{"__proto__": 2}'), "add() got an unexpected keyword argument '__proto__'"],
  ])("refuses %j with %j in Python's words", (args, kwargs, message) => {
    expect(() => bindArguments("add", add, args, kwargs)).toThrow(new TypeError(message));
  });

  test("counts arguments with defaults as Python does", () => {
    expect(() => bindArguments("greet", greet, [1, 2, 3, 4], {})).toThrow(
      "greet() takes from 1 to 3 positional arguments but 4 were given",
    );
    expect(() => bindArguments("f", parametersOf(() => 1), [1], {})).toThrow(
      "f() takes 0 positional arguments but 1 was given",
    );
    expect(() => bindArguments("f", parametersOf((_a, _b, _c) => 1), [], {})).toThrow(
      "f() missing 3 required positional arguments: '_a', '_b', and '_c'",
    );
  });

  test("leaves keyword arguments without a parameter alone where any are welcome", () => {
    expect(bindArguments("add", { ...add, takesAnyKeyword: true }, [1, 2], { z: 3 })).toEqual([1, 2]);
  });

  test("says how to name a parameter that is taken apart", () => {
    const list = parametersOf(({ y }: { y: number }) => y);

    expect(() => bindArguments("f", list, [], { y: 1 })).toThrow(/parameter 1 is taken apart.*params/);
  });

  test("binds nothing to the self of a bound task", () => {
    const list = withoutFirst(parametersOf((_self: object, x: number) => x));

    expect(bindArguments("f", list, [], { x: 1 })).toEqual([1]);
    expect(() => bindArguments("f", list, [], { _self: 1, x: 1 })).toThrow("unexpected keyword argument '_self'");
  });
});
