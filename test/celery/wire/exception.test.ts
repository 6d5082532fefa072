import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { ConnectionError, TimeoutError, UsageError } from "../../../lib/base/errors.ts";
import { Decimal } from "../../../lib/base/pyvalue.ts";
import { EncodeError } from "../../../lib/celery/wire/errors.ts";
import { ExceptionCodec } from "../../../lib/celery/wire/exception.ts";
import { msgpackSerializer } from "../../../lib/celery/wire/msgpack.ts";
import { ChordError, TaskError, TaskRevokedError, WorkerLostError } from "../../../lib/celery/wire/task_errors.ts";
import { tracebackOf } from "../../../lib/celery/wire/traceback.ts";

class Bankrupt extends Error {
  readonly args: readonly unknown[];

  constructor(name: string, debts: number[]) {
    super(`${name} is bankrupt`);
    this.args = [name, debts];
  }
}

const codec = () => new ExceptionCodec("proj");

describe("ExceptionCodec", () => {
  test.each([
    [new Error("boom"), "Exception", "builtins", ["boom"]],
    [new TypeError("boom"), "TypeError", "builtins", ["boom"]],
    [new RangeError("boom"), "ValueError", "builtins", ["boom"]],
    [new SyntaxError("boom"), "ValueError", "builtins", ["boom"]],
    [new ReferenceError("boom"), "NameError", "builtins", ["boom"]],
    [new Error(), "Exception", "builtins", []],
    [new Bankrupt("a", [1, 2]), "Bankrupt", "proj", ["a", [1, 2]]],
    [new ConnectionError("gone"), "ConnectionError", "builtins", ["gone"]],
    [new TimeoutError("late", 5), "TimeoutError", "celery.exceptions", ["late"]],
    [new EncodeError("no"), "EncodeError", "kombu.exceptions", ["no"]],
    [new UsageError("no"), "ValueError", "builtins", ["no"]],
    [new WorkerLostError(["gone"]), "WorkerLostError", "billiard.exceptions", ["gone"]],
    [new TaskRevokedError(["expired"]), "TaskRevokedError", "celery.exceptions", ["expired"]],
    [new TaskError("KeyError", ["k"]), "KeyError", "builtins", ["k"]],
    ["just a text", "Exception", "builtins", ["just a text"]],
  ])("stores %s under its Python name", (thrown, exc_type, exc_module, exc_message) => {
    expect(codec().encode(thrown)).toEqual({ exc_type, exc_message, exc_module });
  });

  test("stores arguments that the results' own serializer cannot carry as their repr", () => {
    const codec = new ExceptionCodec("proj", msgpackSerializer.encode);
    const error = Object.assign(new Error(), { args: [new Decimal("1.5"), Buffer.from("ab")] });

    expect(codec.encode(error).exc_message).toEqual(["Decimal('1.5')", Buffer.from("ab")]);
  });

  test("stores arguments that JSON cannot carry as their repr", () => {
    const error = Object.assign(new Error("x"), { args: [1, new Set([1]), () => 1] });

    expect(codec().encode(error).exc_message).toEqual([1, "{1}", expect.stringMatching(/^<function/)]);
  });

  test("shows a stored exception by type, module, arguments and traceback", () => {
    const stored = { exc_type: "ValueError", exc_message: ["boom"], exc_module: "builtins" };

    const error = codec().decode(stored, "Traceback …");

    expect(error).toBeInstanceOf(TaskError);
    expect(error).toMatchObject({
      name: "TaskError",
      message: "ValueError: boom",
      remoteType: "ValueError",
      module: "builtins",
      args: ["boom"],
      remoteTraceback: "Traceback …",
    });
  });

  test("rebuilds the exceptions of Celery itself as what they are", () => {
    const stored = {
      exc_type: "ChordError",
      exc_message: ["Dependency x raised ValueError('boom')"],
      exc_module: "celery.exceptions",
    };

    expect(codec().decode(stored)).toBeInstanceOf(ChordError);
    expect(codec().encode(codec().decode(stored))).toEqual(stored);
  });

  test("rebuilds a registered class from its arguments, the stored failure as its cause", () => {
    const own = codec();
    own.register(Bankrupt);

    const error = own.decode({ exc_type: "Bankrupt", exc_message: ["a", [1]], exc_module: "proj" }, "Traceback …");

    expect(error).toBeInstanceOf(Bankrupt);
    expect(error).toMatchObject({ message: "a is bankrupt", cause: { remoteTraceback: "Traceback …" } });
  });

  test("registers a class under the name that Python has for it", () => {
    const own = codec();
    own.register(Bankrupt, "bank.errors.Bankrupt");

    expect(own.encode(new Bankrupt("a", []))).toMatchObject({ exc_module: "bank.errors", exc_type: "Bankrupt" });
    expect(own.decode({ exc_type: "Bankrupt", exc_message: ["a", []], exc_module: "bank.errors" })).toBeInstanceOf(
      Bankrupt,
    );
    expect(() => own.register(Bankrupt, "Bankrupt")).toThrow('expected "module.Class"');
  });

  test.each([
    [{ exc_type: "system", exc_message: "rm -rf /", exc_module: "os" }, "system: rm -rf /"],
    [{ exc_type: "constructor", exc_message: ["x"], exc_module: "__proto__" }, "constructor: x"],
    [{ exc_type: "Error", exc_message: ["x"], exc_module: "globalThis" }, "Error: x"],
    [{ exc_type: "E", exc_message: null, exc_module: null }, "E"],
    ["old text", "Exception: old text"],
    [{ no: "type" }, "Exception: {'no': 'type'}"],
  ])("never looks a class up by a stored name: %j", (stored, message) => {
    const error = codec().decode(stored);

    expect(error?.constructor).toBe(TaskError);
    expect(error?.message).toBe(message);
  });

  test("shows a registered class that refuses its arguments as any other failure", () => {
    const own = codec();
    own.register(
      class Picky extends Error {
        constructor() {
          super();
          throw new Error("not like that");
        }
      },
      "proj.Picky",
    );

    expect(own.decode({ exc_type: "Picky", exc_message: [], exc_module: "proj" })?.constructor).toBe(TaskError);
  });

  test("has nothing for a retry without a reason", () => {
    expect(codec().decode(null)).toBeNull();
  });

  test.each([
    [new RangeError("boom"), "ValueError('boom')"],
    [new TaskError("KeyError", ["k"]), "KeyError('k')"],
    [new Bankrupt("a", [1]), "Bankrupt('a', [1])"],
    [new Error(), "Exception()"],
    [new Error("it's"), `Exception("it's")`],
  ])("writes %s as Python's repr", (error, text) => {
    expect(codec().repr(error)).toBe(text);
  });
});

describe("tracebackOf", () => {
  test("reads like one of Python's, the innermost call last", () => {
    const error = new RangeError("boom");

    const lines = tracebackOf(error, codec().encode(error)).split("\n");

    expect(lines[0]).toBe("Traceback (most recent call last):");
    expect(lines.at(-3)).toMatch(/^ {2}File ".*exception\.test\.ts", line \d+, in /);
    expect(lines.at(-2)).toBe("ValueError: boom");
  });

  test("keeps the traceback of another worker", () => {
    const error = new TaskError("ValueError", ["boom"], { traceback: "Traceback (most recent call last):\n  there\n" });

    expect(tracebackOf(error, codec().encode(error))).toMatch(
      /^Traceback .*\n {2}there\n\nThe above exception was raised again here:\n/,
    );
  });

  test("names the module of a class that is not built in, and shows several arguments as a tuple", () => {
    const error = new Bankrupt("a", [1]);

    expect(tracebackOf(error, codec().encode(error)).trimEnd().split("\n").at(-1)).toBe("proj.Bankrupt: ('a', [1])");
  });
});
