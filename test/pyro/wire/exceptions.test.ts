import { describe, expect, test } from "vitest";
import { LimitError, UsageError } from "../../../lib/base/errors.ts";
import { isBuiltinSubclass } from "../../../lib/pyro/wire/builtin_exceptions.ts";
import {
  BadPayloadError,
  NamingError,
  PyroRemoteError,
  SerializeError,
  TimeoutError,
} from "../../../lib/pyro/wire/errors.ts";
import { dictToException, exceptionToDict, pythonClassOf } from "../../../lib/pyro/wire/exceptions.ts";

class ZeroDivisionError extends Error {}
class OwnError extends Error {
  readonly status = 7;
  readonly run = () => 1;
}

describe("pythonClassOf", () => {
  test.each<[Error, string]>([
    [new TypeError(), "builtins.TypeError"],
    [new RangeError(), "builtins.ValueError"],
    [new SyntaxError(), "builtins.ValueError"],
    [new ReferenceError(), "builtins.NameError"],
    [new Error(), "builtins.Exception"],
    [new OwnError(), "builtins.Exception"],
    [new ZeroDivisionError(), "builtins.ZeroDivisionError"],
    [Object.assign(new Error(), { name: "KeyError" }), "builtins.KeyError"],
    [new NamingError("x"), "Pyro4.errors.NamingError"],
    [new SerializeError("x"), "Pyro4.errors.SerializeError"],
    [new TimeoutError("x"), "Pyro4.errors.TimeoutError"],
    [new BadPayloadError("x"), "builtins.SyntaxError"],
    [new PyroRemoteError("x", { remoteType: "sqlite3.Error" }), "sqlite3.Error"],
    [new UsageError("x"), "builtins.TypeError"],
    [new LimitError("x"), "builtins.ValueError"],
  ])("is, for %o, %s", (error, name) => {
    expect(pythonClassOf(error)).toBe(name);
  });
});

describe("exceptionToDict", () => {
  test("sends what user code has set on its own error, and the traceback last", () => {
    expect(exceptionToDict(new OwnError("text"), ["line\n"])).toEqual({
      __class__: "builtins.Exception",
      __exception__: true,
      args: ["text"],
      attributes: { status: 7, _pyroTraceback: ["line\n"] },
    });
  });

  test("passes an exception from afar on as it came", () => {
    const dict = {
      __class__: "builtins.KeyError",
      __exception__: true,
      args: ["k"],
      attributes: { code: 3, _pyroTraceback: ["a\n", "b\n"] },
    };

    expect(exceptionToDict(dictToException(dict.__class__, dict) as Error, ["not this\n"])).toEqual(dict);
  });
});

describe("dictToException", () => {
  const read = (name: string, args: unknown[] = ["x"], extra = {}) =>
    dictToException(name, { __class__: name, __exception__: true, args, attributes: {}, ...extra });

  test("builds Pyro's own errors as what they are", () => {
    expect(read("Pyro4.errors.NamingError")).toBeInstanceOf(NamingError);
    expect(read("NamingError")).toBeInstanceOf(NamingError);
    expect(read("Pyro4.errors.NamingError", ["x"], { __exception__: false })).toBeInstanceOf(NamingError);
    expect(read("NamingError", ["x"], { __exception__: false })).toBeUndefined();
  });

  test.each<[string, unknown[], string]>([
    ["builtins.ValueError", [], ""],
    ["builtins.ValueError", ["a", 1], "('a', 1)"],
    ["builtins.KeyError", ["k"], "'k'"],
    ["builtins.FileNotFoundError", [2, "No such file"], "[Errno 2] No such file"],
    ["builtins.StopIteration", [5], "5"],
    ["builtins.Exception", [[1, null]], "[1, None]"],
  ])("gives %s%j the text %j", (name, args, text) => {
    expect(read(name, args)?.message).toBe(text);
  });

  test("keeps the traceback as lines and as a text", () => {
    const error = read("builtins.ValueError", ["x"], { attributes: { _pyroTraceback: ["a\n", "b\n"], code: 1 } });

    expect(error).toMatchObject({ remoteTraceback: "a\nb\n", traceback: ["a\n", "b\n"], attributes: { code: 1 } });
  });

  test.each([
    "builtins.int",
    "builtins.toString",
    "other.Error",
    "sqlite3.connect",
    "builtins.a.ValueError",
    "Pyro4.errors.Nope",
  ])(
    "knows no %s",
    (name) => {
      expect(read(name)).toBeUndefined();
    },
  );

  test("refuses arguments that are no list", () => {
    expect(() => dictToException("builtins.ValueError", { __exception__: true, args: "x" })).toThrow(SerializeError);
  });
});

describe("isBuiltinSubclass", () => {
  test.each([
    ["ZeroDivisionError", "ArithmeticError", true],
    ["ZeroDivisionError", "BaseException", true],
    ["IOError", "OSError", true],
    ["FileNotFoundError", "IOError", true],
    ["KeyError", "ValueError", false],
    ["toString", "object", false],
  ])("says that %s is a %s: %s", (name, base, is) => {
    expect(isBuiltinSubclass(name, base)).toBe(is);
  });
});
