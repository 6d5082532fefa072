/**
 * Field tables: the typed dictionaries of headers and arguments.
 *
 *     table   u32 size of what follows, then entries     entry   u8 size + name, value
 *     array   u32 size of what follows, then values      value   u8 type + …
 *
 * | type | bytes | reads as | written from (as py-amqp writes) |
 * |---|---|---|---|
 * | `t` | u8 | boolean | boolean |
 * | `b` `B` | i8, u8 | number | – |
 * | `s` `u` `U` | i16, u16, i16 | number | – |
 * | `I` `i` | i32, u32 | number | `I`: whole numbers within ±(2^31 - 1) |
 * | `l` `L` | i64 | number, or bigint past 2^53 | `L`: other whole numbers within 64 bits, bigint |
 * | `f` `d` | f32, f64 | number | `d`: numbers with a fraction, -0, NaN, ±Infinity, `PyFloat` |
 * | `D` | u8 scale, i32 | `Decimal` | `Decimal` |
 * | `S` | u32 size + bytes | string, or bytes where they are not UTF-8 | string, `Uint8Array` |
 * | `x` | u32 size + bytes | bytes | – |
 * | `T` | u64 seconds | `PyDateTime` in UTC; past the year 9999 the seconds as they are | `PyDateTime`, `Date` |
 * | `A` | array | array | array |
 * | `F` | table | object without prototype | plain object; undefined members are left out |
 * | `V` | nothing | null | null, undefined in an array |
 *
 * Letters mean what RabbitMQ means by them, for it re-encodes every table: there py-amqp reads `b` and `B` the wrong way
 * round, `l` without its sign, and `s` as a short text, which RabbitMQ never sends.
 *
 * Spec: AMQP 0-9-1 §4.2.5.5 with RabbitMQ's errata §3 · py-amqp 5.1 amqp/serialization.py `_read_item`, `_write_item`
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { LimitError, UsageError } from "../../base/errors.ts";
import { strictUtf8ToString } from "../../base/bytes.ts";
import { Decimal, emptyDict, isPlainObject, PyDateTime, PyFloat } from "../../base/pyvalue.ts";
import { ByteReader, syntaxError } from "./byte_reader.ts";
import { ReplyCode } from "./reply_code.ts";
import type { ByteWriter } from "./byte_writer.ts";

/** What a table may hold. Readers give no `Date`, no `PyFloat` and no undefined. */
export type FieldValue =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PyFloat
  | Decimal
  | Date
  | PyDateTime
  | readonly FieldValue[]
  | FieldTable;

export interface FieldTable {
  readonly [name: string]: FieldValue;
}

/** Tables and arrays within one another; a peer that nests deeper is refused before the stack is at risk. */
export const MAX_DEPTH = 64;

const MAX_INT32 = 0x7fff_ffff;
const MAX_SECONDS = 253_402_300_799; // 9999-12-31T23:59:59, the last second that Python's datetime holds

/** Appends a table. @throws {UsageError} with the path of a value that a table cannot hold. */
export function writeTable(writer: ByteWriter, table: FieldTable): void {
  writeEntries(writer, table, "", 1);
}

/** @throws {ProtocolError} for anything but a whole, well-formed table. */
export function readTable(reader: ByteReader): FieldTable {
  return readEntries(reader, 1);
}

function writeEntries(writer: ByteWriter, table: FieldTable, path: string, depth: number): void {
  const opened = writer.openLength();
  for (const name of Object.keys(table)) {
    const value = table[name];
    if (value === undefined) continue;
    writer.shortstr(name);
    writeValue(writer, value, path === "" ? name : `${path}.${name}`, depth);
  }
  writer.closeLength(opened);
}

function writeValue(writer: ByteWriter, value: FieldValue, path: string, depth: number): void {
  switch (typeof value) {
    case "string":
      writer.octet(0x53); // S
      return writer.longstr(value);
    case "number":
      return writeNumber(writer, value);
    case "boolean":
      writer.octet(0x74); // t
      return writer.octet(value ? 1 : 0);
    case "undefined":
      return writer.octet(0x56); // V
    case "bigint":
      return writeBigint(writer, value, path);
    case "object":
      if (value === null) return writer.octet(0x56);
      return writeObject(writer, value, path, depth);
    default:
      throw unfit(path, typeof value);
  }
}

function writeNumber(writer: ByteWriter, value: number): void {
  if (!Number.isInteger(value) || Object.is(value, -0)) {
    writer.octet(0x64); // d
    writer.double(value);
  } else if (value <= MAX_INT32 && value >= -MAX_INT32) {
    writer.octet(0x49); // I
    writer.long(value);
  } else if (Number.isSafeInteger(value)) {
    writer.octet(0x4c); // L
    writer.longlong(value);
  } else {
    writer.octet(0x64); // no whole number can be told from its neighbours out here: a float
    writer.double(value);
  }
}

function writeBigint(writer: ByteWriter, value: bigint, path: string): void {
  if (BigInt.asIntN(64, value) !== value) {
    throw new UsageError(`Cannot encode ${path}: expected a whole number of 64 bits, got ${value}`);
  }
  if (value <= MAX_INT32 && value >= -MAX_INT32) return writeNumber(writer, Number(value));
  writer.octet(0x4c);
  writer.longlong(value);
}

type FieldObject = Extract<FieldValue, object>;

function writeObject(writer: ByteWriter, value: FieldObject, path: string, depth: number): void {
  if (value instanceof Uint8Array) {
    writer.octet(0x53);
    return writer.longBytes(value);
  }
  if (value instanceof PyFloat) {
    writer.octet(0x64);
    return writer.double(value.value);
  }
  if (value instanceof Decimal) return writeDecimal(writer, value, path);
  if (value instanceof Date || value instanceof PyDateTime) return writeTimestamp(writer, value, path);
  if (depth === MAX_DEPTH) {
    throw new UsageError(`Cannot encode ${path}: it is nested deeper than ${MAX_DEPTH}, or contains itself`);
  }
  if (Array.isArray(value)) {
    writer.octet(0x41); // A
    const opened = writer.openLength();
    value.forEach((item: FieldValue, index) => writeValue(writer, item, `${path}[${index}]`, depth + 1));
    return writer.closeLength(opened);
  }
  if (!isPlainObject(value)) throw unfit(path, value.constructor.name);
  writer.octet(0x46); // F
  writeEntries(writer, value as FieldTable, path, depth + 1);
}

function writeDecimal(writer: ByteWriter, value: Decimal, path: string): void {
  const match = /^([+-]?)(\d*)\.?(\d*)$/.exec(value.text);
  const fraction = match?.[3] ?? "";
  const digits = Number(`${match?.[1]}${match?.[2]}${fraction}`);
  if (match === null || fraction.length > 255 || Math.abs(digits) > MAX_INT32) {
    throw new UsageError(`Cannot encode ${path}: expected a decimal of 31 bits without exponent, got ${value}`);
  }
  writer.octet(0x44); // D
  writer.octet(fraction.length);
  writer.long(digits);
}

function writeTimestamp(writer: ByteWriter, value: Date | PyDateTime, path: string): void {
  const ms = (value instanceof Date ? value : value.toDate()).getTime();
  if (!(ms >= 0)) throw new UsageError(`Cannot encode ${path}: expected a time from 1970 on, got ${String(value)}`);
  writer.octet(0x54); // T
  writer.longlong(Math.floor(ms / 1000));
}

function unfit(path: string, type: string): UsageError {
  return new UsageError(`Cannot encode ${path}: a field table cannot hold a value of type ${type}`);
}

function readEntries(reader: ByteReader, depth: number): FieldTable {
  const end = openContainer(reader, depth);
  const table = emptyDict() as Record<string, FieldValue>;
  while (reader.offset < end) {
    const name = reader.shortstr();
    table[name] = readValue(reader, depth);
  }
  closeContainer(reader, end);
  return table;
}

function readArray(reader: ByteReader, depth: number): FieldValue[] {
  const end = openContainer(reader, depth);
  const items: FieldValue[] = [];
  while (reader.offset < end) items.push(readValue(reader, depth));
  closeContainer(reader, end);
  return items;
}

function openContainer(reader: ByteReader, depth: number): number {
  if (depth > MAX_DEPTH) {
    throw new LimitError(`Cannot read field table: it is nested deeper than ${MAX_DEPTH}`, {
      replyCode: ReplyCode.syntaxError,
      offset: reader.offset,
    });
  }
  const size = reader.long();
  if (size > reader.left) {
    throw syntaxError(`a table of ${size} bytes is announced, ${reader.left} are left`, reader.offset);
  }
  return reader.offset + size;
}

function closeContainer(reader: ByteReader, end: number): void {
  if (reader.offset > end) throw syntaxError("the last value of a table reaches past its end", end);
}

function readValue(reader: ByteReader, depth: number): FieldValue {
  const type = reader.octet();
  switch (type) {
    case 0x53: // S
      return readText(reader);
    case 0x56: // V
      return null;
    case 0x49: // I
      return reader.signedLong();
    case 0x74: // t
      return reader.octet() !== 0;
    case 0x4c: // L
    case 0x6c: // l
      return reader.signedLonglong();
    case 0x46: // F
      return readEntries(reader, depth + 1);
    case 0x41: // A
      return readArray(reader, depth + 1);
    case 0x64: // d
      return reader.double();
    case 0x66: // f
      return reader.float();
    case 0x62: // b
      return reader.signedOctet();
    case 0x42: // B
      return reader.octet();
    case 0x73: // s
    case 0x55: // U
      return reader.signedShort();
    case 0x75: // u
      return reader.short();
    case 0x69: // i
      return reader.long();
    case 0x44: // D
      return readDecimal(reader);
    case 0x54: // T
      return readTimestamp(reader);
    case 0x78: // x
      return reader.longBytes();
    default:
      throw syntaxError(`the field type 0x${type.toString(16)} is unknown`, reader.offset - 1);
  }
}

/** A text where the bytes are UTF-8, as py-amqp tells them apart; else the bytes. */
function readText(reader: ByteReader): string | Uint8Array {
  const start = reader.offset + 4; // behind the length
  const text = reader.longstr();
  if (!text.includes("\ufffd")) return text;
  const bytes = reader.since(start);
  try {
    return strictUtf8ToString(bytes);
  } catch {
    return bytes; // not UTF-8, so it was never a text
  }
}

function readDecimal(reader: ByteReader): Decimal {
  const scale = reader.octet();
  const value = reader.signedLong();
  const digits = String(Math.abs(value)).padStart(scale + 1, "0");
  const sign = value < 0 ? "-" : "";
  const point = digits.length - scale;
  return new Decimal(sign + digits.slice(0, point) + (scale === 0 ? "" : `.${digits.slice(point)}`));
}

function readTimestamp(reader: ByteReader): FieldValue {
  const seconds = reader.longlong();
  if (seconds > MAX_SECONDS) return seconds;
  return PyDateTime.fromEpochMicroseconds(BigInt(seconds) * 1_000_000n, 0);
}
