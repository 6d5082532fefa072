/**
 * Exceptions in results.
 *
 *     {"exc_type": "ValueError", "exc_message": ["boom"], "exc_module": "builtins"}
 *
 * The names are data: only classes that were registered are built from them, everything else becomes a {@link TaskError}
 * that carries them (CVE-2021-23727 is what came of looking them up).
 *
 * Spec: celery 5.6 celery/backends/base.py `prepare_exception`, `exception_to_python`
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { ConnectionError, TimeoutError, UsageError } from "../../base/errors.ts";
import { isPlainObject } from "../../base/pyvalue.ts";
import { classNameOf, pyRepr } from "../../base/pyrepr.ts";
import { ContentDisallowed, DecodeError, EncodeError, InvalidTaskError, SerializerNotInstalled } from "./errors.ts";
import { stringifyJson } from "./json_write.ts";
import { KNOWN_TASK_ERRORS, TaskError } from "./task_errors.ts";

/** An exception as it is stored. */
export interface ExceptionData {
  readonly exc_type: string;
  /** The exception's arguments; a text alone where an old worker wrote it. */
  readonly exc_message: readonly unknown[] | string;
  readonly exc_module: string | null;
}

export type ErrorClass = new (...args: never[]) => Error;

interface PythonName {
  readonly type: string;
  readonly module: string;
}

/** Classes whose Python name is not their own. */
const PYTHON_NAMES: ReadonlyMap<unknown, PythonName> = new Map<unknown, PythonName>([
  [Error, { type: "Exception", module: "builtins" }],
  [EvalError, { type: "Exception", module: "builtins" }],
  [TypeError, { type: "TypeError", module: "builtins" }],
  [RangeError, { type: "ValueError", module: "builtins" }],
  [SyntaxError, { type: "ValueError", module: "builtins" }],
  [URIError, { type: "ValueError", module: "builtins" }],
  [ReferenceError, { type: "NameError", module: "builtins" }],
  [UsageError, { type: "ValueError", module: "builtins" }],
  [ConnectionError, { type: "ConnectionError", module: "builtins" }],
  [TimeoutError, { type: "TimeoutError", module: "celery.exceptions" }],
  [InvalidTaskError, { type: "InvalidTaskError", module: "celery.exceptions" }],
  [EncodeError, { type: "EncodeError", module: "kombu.exceptions" }],
  [DecodeError, { type: "DecodeError", module: "kombu.exceptions" }],
  [ContentDisallowed, { type: "ContentDisallowed", module: "kombu.exceptions" }],
  [SerializerNotInstalled, { type: "SerializerNotInstalled", module: "kombu.exceptions" }],
]);

/** Turns errors into what is stored and back, with the classes that one app has registered. */
export class ExceptionCodec {
  readonly #module: string;
  readonly #byName = new Map<string, ErrorClass>();
  readonly #byClass = new Map<unknown, PythonName>();
  readonly #write: (value: unknown) => unknown;

  /**
   * @param module Python module under which the app's own classes are stored: its name
   * @param write throws for a value that cannot be stored; default: as JSON
   */
  constructor(module: string, write: (value: unknown) => unknown = stringifyJson) {
    this.#module = module;
    this.#write = write;
  }

  /**
   * From now on failures stored under this name are rebuilt as `new errorClass(...args)`.
   *
   * @param name `module.Class` as Python has it; default: the app's name and the class's own
   */
  register(errorClass: ErrorClass, name = `${this.#module}.${errorClass.name}`): void {
    const dot = name.lastIndexOf(".");
    if (dot < 1) throw new UsageError(`Cannot register ${errorClass.name}: expected "module.Class", got "${name}"`);
    this.#byName.set(name, errorClass);
    this.#byClass.set(errorClass, { module: name.slice(0, dot), type: name.slice(dot + 1) });
  }

  /** What to store for anything that was thrown. Arguments that cannot be stored are so as their `repr`. */
  encode(thrown: unknown): ExceptionData {
    if (thrown instanceof TaskError) return this.#data(thrown.remoteType, thrown.args, thrown.module);
    if (!(thrown instanceof Error)) return this.#data("Exception", [thrown], "builtins");
    const name = this.#byClass.get(thrown.constructor) ?? PYTHON_NAMES.get(thrown.constructor);
    const { type, module } = name ?? { type: classNameOf(thrown), module: this.#module };
    const args = "args" in thrown && Array.isArray(thrown.args) ? thrown.args : messageArguments(thrown);
    return this.#data(type, args, module);
  }

  /**
   * The error of a stored failure.
   *
   * @returns null for null: a retry without an exception
   */
  decode(stored: unknown, traceback: string | null = null): Error | null {
    if (stored === null || stored === undefined) return null;
    if (stored instanceof Error) return stored;
    if (!isPlainObject(stored) || typeof stored.exc_type !== "string") {
      return new TaskError("Exception", [stored], { module: null, traceback });
    }
    const type = stored.exc_type;
    const module = typeof stored.exc_module === "string" ? stored.exc_module : null;
    const message = stored.exc_message ?? "";
    const args: readonly unknown[] = Array.isArray(message) ? message : [message];
    const plain = () => new TaskError(type, args, { module, traceback });
    const errorClass = this.#byName.get(`${module}.${type}`);
    if (errorClass !== undefined) return rebuild(errorClass, args, plain);
    const knownError = KNOWN_TASK_ERRORS.get(`${module}.${type}`);
    return knownError === undefined ? plain() : new knownError(args, { module, traceback });
  }

  /** Python's `repr` of an error: `ValueError('boom')`. */
  repr(thrown: unknown): string {
    const { exc_type, exc_message } = this.encode(thrown);
    const args = typeof exc_message === "string" ? [exc_message] : exc_message;
    return `${exc_type.slice(exc_type.lastIndexOf(".") + 1)}(${args.map(pyRepr).join(", ")})`;
  }

  #data(type: string, args: readonly unknown[], module: string | null): ExceptionData {
    return { exc_type: type, exc_message: args.map((arg) => this.#storable(arg)), exc_module: module };
  }

  #storable(arg: unknown): unknown {
    try {
      this.#write(arg);
      return arg;
    } catch {
      return pyRepr(arg); // as Python's ensure_serializable does
    }
  }
}

function messageArguments(error: Error): readonly unknown[] {
  return error.message === "" ? [] : [error.message];
}

/** A constructor of the user's own may throw; then the failure is shown as any other. */
function rebuild(errorClass: ErrorClass, args: readonly unknown[], plain: () => TaskError): Error {
  try {
    const error: Error = Reflect.construct(errorClass, args);
    error.cause ??= plain();
    return error;
  } catch {
    return plain();
  }
}
