/**
 * Values as Python shows them: what `str()` and `repr()` print, for error texts and command line output.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Complex, Decimal, floatRepr, isPlainObject, PyFloat, Tuple, Uuid } from "../../base/pyvalue.ts";
import { viewOf } from "../../base/bytes.ts";
import { isBuiltinSubclass } from "./builtin_exceptions.ts";
import { stringRepr } from "./serpent/string_repr.ts";

/** Nesting beyond this prints as `...`, as Python prints a list inside itself. */
const MAX_DEPTH = 32;

/** Python's `repr(value)`; a safe integral number prints as an int. */
export function pythonRepr(value: unknown, depth = 0): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return stringRepr(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number") {
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : floatRepr(value);
  }
  if (value instanceof PyFloat || value instanceof Complex) return value.toString();
  if (value instanceof Decimal) return `Decimal(${stringRepr(value.text)})`;
  if (value instanceof Uuid) return `UUID(${stringRepr(value.text)})`;
  if (value instanceof Uint8Array) return bytesRepr(value);
  if (depth >= MAX_DEPTH) return "...";
  const list = (items: Iterable<unknown>) => Array.from(items, (item) => pythonRepr(item, depth + 1)).join(", ");
  const pairs = (entries: Iterable<readonly [unknown, unknown]>) =>
    Array.from(entries, ([key, item]) => `${pythonRepr(key, depth + 1)}: ${pythonRepr(item, depth + 1)}`).join(", ");
  if (value instanceof Tuple) return value.length === 1 ? `(${list(value)},)` : `(${list(value)})`;
  if (Array.isArray(value)) return `[${list(value)}]`;
  if (value instanceof Set) return value.size === 0 ? "set()" : `{${list(value)}}`;
  if (value instanceof Map) return `{${pairs(value)}}`;
  if (isPlainObject(value)) return `{${pairs(Object.entries(value))}}`;
  return String(value);
}

/** Python's `str(value)`: a string as it is, anything else as its `repr`. */
export function pythonStr(value: unknown): string {
  if (typeof value === "string") return value;
  return value instanceof Decimal || value instanceof Uuid ? value.text : pythonRepr(value);
}

/** Python's `str(exception)` from its class name and arguments. */
export function exceptionText(className: string, args: readonly unknown[]): string {
  const [first, second] = args;
  if (args.length === 0) return "";
  const builtin = className.replace(/^builtins\./, "");
  if (args.length === 1) return builtin === "KeyError" ? pythonRepr(first) : pythonStr(first);
  if (args.length === 2 && isBuiltinSubclass(builtin, "OSError")) {
    return `[Errno ${pythonStr(first)}] ${pythonStr(second)}`;
  }
  return pythonRepr(Tuple.fromItems(args));
}

function bytesRepr(bytes: Uint8Array): string {
  const text = viewOf(bytes).toString("latin1");
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  // deno-lint-ignore no-control-regex
  const escaped = text.replace(/[\\\x00-\x1f\x7f-\xff]/g, (char) => {
    const short = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" }[char];
    return short ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return `b${quote}${quote === "'" ? escaped.replaceAll("'", "\\'") : escaped}${quote}`;
}
