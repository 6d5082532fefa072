/**
 * Python types in JSON, as kombu wraps them.
 *
 *     {"__type__": "datetime", "__value__": "2024-01-02T03:04:05+00:00"}      kombu 5.3 and later
 *     "2024-01-02T03:04:05Z"                                                  before
 *
 * A reader takes an object for a wrapper when these two are all its keys. What older kombu wrote stays the text it is: nothing
 * tells it from a string.
 *
 * Spec: kombu 5.6 kombu/utils/json.py `_encoders`, `object_hook` · kombu 5.2 `JSONEncoder.default`
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { strictUtf8ToString, utf8, viewOf } from "../../base/bytes.ts";
import { Decimal, PyDate, PyDateTime, PyTime, Uuid } from "../../base/pyvalue.ts";
import { DecodeError } from "./errors.ts";

/** `wrapped`: kombu 5.3 and later. `plain`: text alone, for peers before that; bytes cannot be written then. */
export type JsonTypeStyle = "wrapped" | "plain";

export interface TypeWrapper {
  readonly __type__: string;
  readonly __value__: unknown;
}

const wrap = (type: string, value: unknown): TypeWrapper => ({ __type__: type, __value__: value });

/** What stands in JSON for `value`: a wrapper or a text; `undefined` if it is none of the special types. */
export function encodeSpecial(value: object, style: JsonTypeStyle): TypeWrapper | string | undefined {
  if (value instanceof Date) return encodeSpecial(PyDateTime.fromDate(value), style);
  if (value instanceof Uint8Array) return style === "wrapped" ? encodeBytes(value) : undefined;
  if (value instanceof PyDateTime) {
    const text = value.toString();
    return style === "wrapped" ? wrap("datetime", text) : text.replace(/\+00:00$/, "Z");
  }
  if (value instanceof PyDate) return style === "wrapped" ? wrap("date", value.toString()) : `${value}T00:00:00`;
  if (value instanceof PyTime) return style === "wrapped" ? wrap("time", value.toString()) : value.toString();
  if (value instanceof Decimal) return style === "wrapped" ? wrap("decimal", value.text) : value.text;
  if (value instanceof Uuid) return style === "wrapped" ? wrap("uuid", { hex: value.hex }) : value.text;
  return undefined;
}

/** Readable bytes stay readable: base64 is only for what is not UTF-8. */
function encodeBytes(bytes: Uint8Array): TypeWrapper {
  try {
    return wrap("bytes", strictUtf8ToString(bytes));
  } catch {
    return wrap("base64", viewOf(bytes).toString("base64")); // not UTF-8
  }
}

const DECODERS: ReadonlyMap<string, (value: unknown) => unknown> = new Map<string, (value: unknown) => unknown>([
  ["datetime", (value) => PyDateTime.parse(text(value))],
  ["date", (value) => PyDateTime.parse(text(value)).date],
  ["time", (value) => PyTime.parse(text(value))],
  ["decimal", (value) => new Decimal(text(value))],
  ["uuid", (value) => new Uuid(text((value as { hex?: unknown } | null)?.hex))],
  ["bytes", (value) => utf8(text(value))],
  ["base64", (value) => Buffer.from(text(value), "base64")],
]);

function text(value: unknown): string {
  if (typeof value !== "string") throw new DecodeError(`Cannot read JSON: expected a text in __value__, got ${value}`);
  return value;
}

/** True for `{__type__, __value__}` with no other key. */
export function isTypeWrapper(value: object): value is TypeWrapper {
  if (!Object.hasOwn(value, "__type__") || !Object.hasOwn(value, "__value__")) return false;
  return Object.keys(value).length === 2;
}

/** @throws {DecodeError} for a type that kombu has no decoder for, or a value that does not fit its type. */
export function decodeSpecial(wrapper: TypeWrapper): unknown {
  const type = String(wrapper.__type__);
  const decode = DECODERS.get(type);
  if (decode === undefined) {
    throw new DecodeError(
      `Cannot read JSON: unsupported __type__ ${JSON.stringify(type.slice(0, 64))}, known are ${
        [...DECODERS.keys()].join(", ")
      }`,
    );
  }
  try {
    return decode(wrapper.__value__);
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    throw new DecodeError(`Cannot read JSON: ${JSON.stringify(type)} does not hold one`, { cause: error });
  }
}
