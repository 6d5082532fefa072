/**
 * Python's `repr` of Python's values: what its logs, error texts and monitors show.
 *
 * Spec: CPython Objects/unicodeobject.c `unicode_repr`, Objects/bytesobject.c `PyBytes_Repr`, Lib/datetime.py `__repr__`
 * @module
 */
import {
  Complex,
  Decimal,
  floatRepr,
  isPlainObject,
  PyDate,
  PyDateTime,
  PyFloat,
  PyTime,
  TimeDelta,
  Tuple,
  Uuid,
} from "./pyvalue.ts";

const MAX_DEPTH = 100;

/**
 * Python's `repr(value)`: `'a'`, `[1, 2.5, None]`, `{'k': (1,)}`, `datetime.date(2020, 1, 2)`.
 *
 * Containers deeper than 100 show as `...`; what Python has no literal for shows as `<ClassName>`.
 */
export function pyRepr(value: unknown): string {
  return reprAt(value, 0);
}

function reprAt(value: unknown, depth: number): string {
  if (typeof value !== "object" || value === null) return scalarRepr(value);
  const leaf = leafRepr(value);
  if (leaf !== undefined) return leaf;
  if (depth >= MAX_DEPTH) return "...";
  const each = (items: Iterable<unknown>) => Array.from(items, (item) => reprAt(item, depth + 1)).join(", ");
  const pairs = (entries: Iterable<[unknown, unknown]>) =>
    Array.from(entries, ([key, item]) => `${reprAt(key, depth + 1)}: ${reprAt(item, depth + 1)}`).join(", ");
  if (value instanceof Tuple) return value.length === 1 ? `(${each(value)},)` : `(${each(value)})`;
  if (Array.isArray(value)) return `[${each(value)}]`;
  if (value instanceof Set) return value.size === 0 ? "set()" : `{${each(value)}}`;
  if (value instanceof Map) return `{${pairs(value)}}`;
  if (isPlainObject(value)) return `{${pairs(Object.entries(value))}}`;
  return `<${classNameOf(value)}>`;
}

/** Repr of what is no object: None, True, numbers, texts. */
export function scalarRepr(value: unknown): string {
  switch (typeof value) {
    case "string":
      return stringRepr(value);
    case "number":
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : floatRepr(value);
    case "bigint":
      return value.toString();
    case "boolean":
      return value ? "True" : "False";
    case "function":
      return `<function ${value.name || "<lambda>"}>`;
    case "symbol":
      return `<${String(value)}>`;
    default:
      return "None";
  }
}

/** Repr of the objects that hold no others; `undefined` for containers and unknown classes. */
export function leafRepr(value: object): string | undefined {
  if (value instanceof PyFloat) return floatRepr(value.value);
  if (value instanceof Date) return datetimeRepr(PyDateTime.fromDate(value));
  if (value instanceof PyDateTime) return datetimeRepr(value);
  if (value instanceof PyDate) return `datetime.date(${value.year}, ${value.month}, ${value.day})`;
  if (value instanceof PyTime) return `datetime.time(${clockArguments(value)})`;
  if (value instanceof TimeDelta) return timedeltaRepr(value);
  if (value instanceof Decimal) return `Decimal('${value.text}')`;
  if (value instanceof Uuid) return `UUID('${value.text}')`;
  if (value instanceof Complex) return value.toString();
  if (value instanceof Uint8Array) return bytesRepr(value);
  if (value instanceof Error) return `${classNameOf(value)}(${stringRepr(value.message)})`;
  return undefined;
}

export function classNameOf(value: object): string {
  const constructor: unknown = (value as { constructor?: unknown }).constructor;
  return typeof constructor === "function" && constructor.name !== "" ? constructor.name : "object";
}

const ESCAPED = /[\\\p{C}\p{Zl}\p{Zp}]|[^ \P{Zs}]/gu; // a backslash, what is not printable, spaces other than " "
const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([["\\", "\\\\"], ["\n", "\\n"], ["\r", "\\r"], [
  "\t",
  "\\t",
]]);

/** Repr of a text: single quotes unless it holds one and no double quote. */
export function stringRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(ESCAPED, (char) => SHORT_ESCAPES.get(char) ?? codeEscape(char.codePointAt(0) ?? 0));
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}

function codeEscape(code: number): string {
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}

function bytesRepr(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    text += SHORT_ESCAPES.get(char) ?? (byte < 0x20 || byte > 0x7e ? codeEscape(byte) : char);
  }
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  return `b${quote}${quote === "'" ? text.replaceAll("'", "\\'") : text}${quote}`;
}

function datetimeRepr(value: PyDateTime): string {
  const { year, month, day } = value.date;
  return `datetime.datetime(${year}, ${month}, ${day}, ${clockArguments(value.time)})`;
}

/** Seconds and microseconds are left out where they are zero, as Python does. */
function clockArguments(time: PyTime): string {
  const parts = [time.hour, time.minute];
  if (time.second !== 0 || time.microsecond !== 0) parts.push(time.second);
  if (time.microsecond !== 0) parts.push(time.microsecond);
  const zone = time.offsetSeconds === undefined ? "" : `, tzinfo=${zoneRepr(time.offsetSeconds)}`;
  return parts.join(", ") + zone;
}

function zoneRepr(offsetSeconds: number): string {
  if (offsetSeconds === 0) return "datetime.timezone.utc";
  return `datetime.timezone(${timedeltaRepr(new TimeDelta(0, offsetSeconds))})`;
}

function timedeltaRepr(value: TimeDelta): string {
  const parts = ([["days", value.days], ["seconds", value.seconds], ["microseconds", value.microseconds]] as const)
    .filter(([, amount]) => amount !== 0).map(([name, amount]) => `${name}=${amount}`);
  return `datetime.timedelta(${parts.length === 0 ? "0" : parts.join(", ")})`;
}
