/**
 * Message bodies and results in msgpack, as kombu packs and unpacks them: texts and bytes apart, keys that are one of the two,
 * and none of kombu's JSON types.
 *
 * Extensions read as {@link MsgpackExtension}s and are written as such; Python's `Timestamp` is one.
 *
 * Spec: kombu 5.6 kombu/serialization.py `register_msgpack` · msgpack-python 1.0 `packb(s, use_bin_type=True)`,
 * `unpackb(s, raw=False)`
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { ByteSource } from "../../base/byte_source.ts";
import { copyOf } from "../../base/bytes.ts";
import { MsgpackExtension } from "../../base/msgpack/extension.ts";
import { readMsgpack } from "../../base/msgpack/read.ts";
import { type MsgpackProblem, MsgpackWriter, type MsgpackWriting } from "../../base/msgpack/write.ts";
import { Decimal, isPlainObject, PyDate, PyDateTime, PyFloat, PyTime, Uuid } from "../../base/pyvalue.ts";
import { describeClass, type WritePath } from "../../base/write_path.ts";
import { DecodeError, EncodeError } from "./errors.ts";
import type { JsonReadOptions } from "./json_read.ts";
import type { Serializer } from "./serializer.ts";

/** Python's writer gives up beyond it. */
const MAX_WRITE_DEPTH = 511;
/** Python's reader gives up beyond it. */
const MAX_READ_DEPTH = 1024;

const WRITING: MsgpackWriting = {
  maxDepth: MAX_WRITE_DEPTH,
  isKey: (key) => typeof key === "string" || key instanceof Uint8Array,
  standIn,
  bigInt: () => undefined,
  refuse,
};

export const msgpackSerializer: Serializer = {
  name: "msgpack",
  contentType: "application/x-msgpack",
  contentEncoding: "binary",
  encode: (value, name = "value") => {
    const writer = new MsgpackWriter(WRITING);
    writer.write(value, name);
    return writer.finish();
  },
  encodeList: (items) => {
    const writer = new MsgpackWriter(WRITING);
    writer.arrayOf(items.length);
    for (const [name, value] of items) writer.write(value, name);
    return writer.finish();
  },
  decode,
};

function decode(bytes: Uint8Array, { floats = "number", maxDepth = MAX_READ_DEPTH }: JsonReadOptions = {}): unknown {
  const source = new ByteSource(bytes, (words, offset) => {
    return new DecodeError(`Cannot read msgpack: ${words}: byte ${offset}`, { offset });
  });
  return readMsgpack(source, {
    maxDepth,
    float: (value) => floats === "exact" && Number.isInteger(value) ? new PyFloat(value) : value,
    dict: dictOf,
    extension: (type, data) => new MsgpackExtension(type, copyOf(data)),
  });
}

const OWN = { enumerable: true, configurable: true, writable: true };

/** An object, as of JSON; a Map where a key is bytes. @throws {DecodeError} for other keys, in the words of Python's reader */
function dictOf(entries: readonly (readonly [unknown, unknown])[]): unknown {
  const dict: Record<string, unknown> = {};
  for (const [key, value] of entries) {
    if (typeof key !== "string") return mapOf(entries);
    if (key === "__proto__") Object.defineProperty(dict, key, { value, ...OWN });
    else dict[key] = value;
  }
  return dict;
}

function mapOf(entries: readonly (readonly [unknown, unknown])[]): ReadonlyMap<unknown, unknown> {
  for (const [key] of entries) {
    if (typeof key === "string" || key instanceof Uint8Array) continue;
    throw new DecodeError(
      `Cannot read msgpack: ${pythonTypeOf(key)} is not allowed for map key when strict_map_key=True`,
    );
  }
  return new Map(entries);
}

function pythonTypeOf(key: unknown): string {
  if (key === null) return "NoneType";
  if (typeof key === "boolean") return "bool";
  if (typeof key === "number" || typeof key === "bigint") return Number.isInteger(Number(key)) ? "int" : "float";
  return Array.isArray(key) ? "list" : "dict";
}

/** Texts of these would be read as texts: whoever wants that says so. */
function isTyped(value: object): boolean {
  return value instanceof Date || value instanceof PyDateTime || value instanceof PyDate || value instanceof PyTime ||
    value instanceof Decimal || value instanceof Uuid;
}

/** A `toJSON` method speaks for its object, as it does in JSON. */
function standIn(value: object): unknown {
  if (isPlainObject(value) || value instanceof PyFloat || value instanceof Uint8Array || isTyped(value)) return value;
  return "toJSON" in value && typeof value.toJSON === "function" ? value.toJSON() : value;
}

function refuse(path: WritePath, problem: MsgpackProblem): EncodeError {
  return new EncodeError(`Cannot write ${path} as msgpack: ${whyNot(problem)}`);
}

function whyNot(problem: MsgpackProblem): string {
  switch (problem.kind) {
    case "depth":
      return "it is nested too deeply, or contains itself";
    case "surrogate":
      return "the text holds half of a surrogate pair";
    case "key":
      return `keys in msgpack are texts or bytes, this one is a ${typeof problem.value}`;
    case "value":
      return `it is a ${describeClass(problem.value)}${hint(problem.value)}`;
  }
}

function hint(value: unknown): string {
  if (typeof value === "bigint") return " beyond 64 bits";
  if (typeof value !== "object" || value === null) return "";
  if (isTyped(value)) return ", for which msgpack has no type; JSON has, and its text can be sent";
  if (value instanceof Set || ArrayBuffer.isView(value)) return "; Array.from makes an array of it";
  return value instanceof Error ? "; its message is a text" : "";
}
