/**
 * Python's built-in exceptions and their bases: the fixed list that class dicts of exceptions are looked up in.
 *
 * Spec: Python 3.11 library reference, "Exception hierarchy"; `builtins` of CPython 3.11. Pure: a table.
 * @module
 */

/** Subclasses by base class. */
const BY_BASE: Readonly<Record<string, string>> = {
  object: "BaseException",
  BaseException: "BaseExceptionGroup Exception GeneratorExit KeyboardInterrupt SystemExit",
  Exception:
    "ArithmeticError AssertionError AttributeError BufferError EOFError ImportError LookupError MemoryError NameError OSError ReferenceError RuntimeError StopAsyncIteration StopIteration SyntaxError SystemError TypeError ValueError Warning",
  ArithmeticError: "FloatingPointError OverflowError ZeroDivisionError",
  Warning:
    "BytesWarning DeprecationWarning EncodingWarning FutureWarning ImportWarning PendingDeprecationWarning ResourceWarning RuntimeWarning SyntaxWarning UnicodeWarning UserWarning",
  OSError:
    "BlockingIOError ChildProcessError ConnectionError FileExistsError FileNotFoundError InterruptedError IsADirectoryError NotADirectoryError PermissionError ProcessLookupError TimeoutError",
  SyntaxError: "IndentationError",
  LookupError: "IndexError KeyError",
  ImportError: "ModuleNotFoundError",
  RuntimeError: "NotImplementedError RecursionError",
  NameError: "UnboundLocalError",
  ValueError: "UnicodeError",
  ConnectionError: "BrokenPipeError ConnectionAbortedError ConnectionRefusedError ConnectionResetError",
  IndentationError: "TabError",
  UnicodeError: "UnicodeDecodeError UnicodeEncodeError UnicodeTranslateError",
  BaseExceptionGroup: "ExceptionGroup",
};

const BASES: ReadonlyMap<string, string> = new Map(
  Object.entries(BY_BASE).flatMap(([base, names]) => names.split(" ").map((name): [string, string] => [name, base])),
);

/** Python 3 keeps two old names for OSError. */
const ALIASES: ReadonlyMap<string, string> = new Map([["EnvironmentError", "OSError"], ["IOError", "OSError"]]);

/** sqlite3's exceptions, the only ones outside `builtins` that Pyro4 knows. */
export const SQLITE_ERRORS: ReadonlySet<string> = new Set(
  ("Error InterfaceError DatabaseError DataError OperationalError IntegrityError InternalError ProgrammingError " +
    "NotSupportedError").split(" "),
);

/** Returns the class's own name (`IOError` is `OSError`), or undefined where `name` is no built-in exception. */
export function builtinException(name: string): string | undefined {
  return BASES.has(name) ? name : ALIASES.get(name);
}

/** True if the built-in exception `name` is `base` or a subclass of it, as Python's `issubclass` says. */
export function isBuiltinSubclass(name: string, base: string): boolean {
  const wanted = builtinException(base);
  for (let at: string | undefined = builtinException(name); at !== undefined; at = BASES.get(at)) {
    if (at === wanted) return true;
  }
  return false;
}
