/**
 * Exceptions as class dicts.
 *
 *     {'__class__':'builtins.ValueError','__exception__':True,'args':('text',),'attributes':{…,'_pyroTraceback':[…]}}
 *
 * | class name in the dict | becomes |
 * |---|---|
 * | `Pyro4.errors.X`, or bare `X` of Pyro | that class of `errors.ts` |
 * | `builtins.X`, `exceptions.X` (Python 2), bare `X`, `sqlite3.XError` | `PyroRemoteError` |
 *
 * Both from fixed lists. What our side throws goes out as the class that means the same in Python.
 *
 * Spec: Pyro4 4.82 `Pyro4/util.py` `dict_to_class`, `make_exception`. Pure: no sockets, no clocks, no promises.
 * @module
 */
import { LibError } from "../../base/errors.ts";
import { isPlainObject, Tuple } from "../../base/pyvalue.ts";
import { builtinException, SQLITE_ERRORS } from "./builtin_exceptions.ts";
import { isStringList } from "./checks.ts";
import * as errors from "./errors.ts";
import { exceptionText } from "./python_text.ts";

/** One item of a batch's result that is an exception: whoever reads the results throws it. */
export class ExceptionWrapper {
  readonly exception: Error;

  constructor(exception: Error) {
    this.exception = exception;
    Object.freeze(this);
  }
}

export const EXCEPTION_WRAPPER_CLASS = "Pyro4.futures._ExceptionWrapper";

type PyroErrorClass = new (message?: string, options?: errors.PyroErrorOptions) => errors.PyroError;

const PYRO_ERRORS: ReadonlyMap<string, PyroErrorClass> = new Map<string, PyroErrorClass>([
  ["PyroError", errors.PyroError],
  ["CommunicationError", errors.CommunicationError],
  ["ConnectionClosedError", errors.ConnectionClosedError],
  ["TimeoutError", errors.TimeoutError],
  ["ProtocolError", errors.ProtocolError],
  ["MessageTooLargeError", errors.MessageTooLargeError],
  ["SerializeError", errors.SerializeError],
  ["NamingError", errors.NamingError],
  ["DaemonError", errors.DaemonError],
  ["SecurityError", errors.SecurityError],
]);

/** What JavaScript's and this library's own errors are called in Python, by `error.name`. */
const PYTHON_NAMES: ReadonlyMap<string, string> = new Map([
  ["TypeError", "TypeError"],
  ["RangeError", "ValueError"],
  ["SyntaxError", "ValueError"],
  ["URIError", "ValueError"],
  ["ReferenceError", "NameError"],
  ["UsageError", "TypeError"],
  ["LimitError", "ValueError"],
]);

const TRACEBACK = "_pyroTraceback";

/** The name by which Python knows an error's class, with its module: `builtins.ValueError`, `Pyro4.errors.NamingError`. */
export function pythonClassOf(error: Error): string {
  if (error instanceof errors.PyroRemoteError) return error.remoteType;
  if (error instanceof errors.BadPayloadError) return `builtins.${error.pythonType}`;
  if (error instanceof errors.PyroError) {
    for (const [name, type] of [...PYRO_ERRORS].reverse()) if (error instanceof type) return `Pyro4.errors.${name}`;
  }
  const name = PYTHON_NAMES.get(error.name) ?? builtinException(error.name) ?? builtinException(error.constructor.name);
  return `builtins.${name ?? "Exception"}`;
}

/**
 * Writes an error as a class dict.
 * @param traceback lines for `_pyroTraceback`, where the error brings none along
 */
export function exceptionToDict(error: Error, traceback?: readonly string[]): Record<string, unknown> {
  const own = tracebackOf(error) ?? traceback;
  return {
    __class__: pythonClassOf(error),
    __exception__: true,
    args: Tuple.fromItems(argsOf(error)),
    attributes: { ...attributesOf(error), ...(own === undefined ? {} : { [TRACEBACK]: own }) },
  };
}

function argsOf(error: Error): readonly unknown[] {
  if (error instanceof errors.PyroError || error instanceof errors.PyroRemoteError) return error.args;
  return error.message === "" ? [] : [error.message];
}

function tracebackOf(error: Error): readonly string[] | undefined {
  if (error instanceof errors.PyroError) return error.remoteTraceback;
  if (error instanceof errors.PyroRemoteError) return error.traceback;
  return undefined;
}

/** Python sends an exception's instance attributes; here those are what user code has set on an error of its own. */
function attributesOf(error: Error): Record<string, unknown> {
  if (error instanceof errors.PyroError || error instanceof errors.PyroRemoteError) return { ...error.attributes };
  if (error instanceof LibError) return {};
  return Object.fromEntries(
    Object.entries(error).filter(([key, value]) =>
      key !== "name" && value !== undefined && typeof value !== "function"
    ),
  );
}

/** True if `name` may stand in `__class__` of an exception's dict. `pyroOnly`: only those that need no `__exception__`. */
export function dictToException(name: string, dict: Readonly<Record<string, unknown>>): Error | undefined {
  const pyro = /^Pyro4\.errors\.(\w+)$/.exec(name)?.[1] ?? name;
  const type = PYRO_ERRORS.get(pyro);
  if (type !== undefined && (pyro !== name || dict["__exception__"] === true)) return new type(...partsOf(name, dict));
  if (dict["__exception__"] !== true) return undefined;
  const remoteType = knownType(name);
  if (remoteType === undefined) return undefined;
  const [message, options] = partsOf(remoteType, dict);
  const { remoteTraceback: traceback, ...rest } = options;
  return new errors.PyroRemoteError(message, {
    ...rest,
    remoteType,
    ...(traceback === undefined ? {} : { traceback }),
  });
}

function knownType(name: string): string | undefined {
  const [, module = "builtins", short = ""] = /^(?:(builtins|exceptions|sqlite3)\.)?(\w+)$/.exec(name) ?? [];
  if (module === "sqlite3") return SQLITE_ERRORS.has(short) ? name : undefined;
  const builtin = builtinException(short);
  return builtin === undefined ? undefined : `builtins.${builtin}`;
}

function partsOf(name: string, dict: Readonly<Record<string, unknown>>): [string, errors.PyroErrorOptions] {
  const { args, attributes } = dict;
  if (!Array.isArray(args)) throw new errors.SerializeError(`Cannot read a ${name}: its args are not a list`);
  const { [TRACEBACK]: traceback, ...rest } = isPlainObject(attributes) ? attributes : {};
  return [exceptionText(name, args), {
    args,
    attributes: rest,
    ...(isStringList(traceback) ? { remoteTraceback: traceback } : {}),
  }];
}
