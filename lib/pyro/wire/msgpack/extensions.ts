/**
 * Pyro's extension types for msgpack.
 *
 *     0x30 complex: two float64    0x31 int as decimal text    0x32 naive datetime: float64 seconds since the epoch
 *     0x33 date: int64, days since 0001-01-01 and 1            (all in the byte order of x86 and ARM, little end first)
 *
 * Spec: Pyro4 4.82 `Pyro4/util.py` `MsgpackSerializer`. Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { Complex, intOf, PyDate, PyDateTime, PyTime } from "../../../base/pyvalue.ts";
import { BadPayloadError, SerializeError } from "../errors.ts";

export const COMPLEX = 0x30;
export const BIG_INT = 0x31;
export const DATETIME = 0x32;
export const DATE = 0x33;

/** Days from 0001-01-01 (ordinal 1) to 1970-01-01. */
const EPOCH_ORDINAL = 719_163;
const DAY_MS = 86_400_000;

export function encodeComplex(value: Complex): Uint8Array {
  const bytes = Buffer.alloc(16);
  bytes.writeDoubleLE(value.real, 0);
  bytes.writeDoubleLE(value.imag, 8);
  return bytes;
}

export function encodeDate(date: PyDate): Uint8Array {
  const bytes = Buffer.alloc(8);
  const days = new PyDateTime(date, new PyTime(0)).toDate().getTime() / DAY_MS;
  bytes.writeBigInt64LE(BigInt(days + EPOCH_ORDINAL));
  return bytes;
}

/** A naive datetime is local time, as Python's `timestamp()` takes it. */
export function encodeDateTime(value: PyDateTime): Uint8Array {
  const { date, time } = value;
  const local = new Date(2000, date.month - 1, date.day, time.hour, time.minute, time.second);
  local.setFullYear(date.year, date.month - 1, date.day); // the constructor takes the years 0 to 99 for 1900 to 1999
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(local.getTime() / 1000 + time.microsecond / 1e6);
  return bytes;
}

/** @throws {SerializeError} for other types; {BadPayloadError} for data that is none */
export function decodeExtension(type: number, data: Buffer): unknown {
  const expected = type === COMPLEX ? 16 : type === DATETIME || type === DATE ? 8 : data.length;
  if (data.length !== expected) throw bad(`extension ${type} of ${data.length} bytes, expected ${expected}`);
  switch (type) {
    case COMPLEX:
      return new Complex(data.readDoubleLE(0), data.readDoubleLE(8));
    case BIG_INT: {
      const text = data.toString("latin1");
      if (!/^[+-]?\d{1,4300}$/.test(text)) throw bad("an int that is not decimal digits, 4300 at most");
      return intOf(BigInt(text.replace("+", "")));
    }
    case DATETIME:
      return decodeDateTime(data.readDoubleLE());
    case DATE: {
      const day = new Date((Number(data.readBigInt64LE()) - EPOCH_ORDINAL) * DAY_MS);
      checkYear(day.getUTCFullYear());
      return new PyDate(day.getUTCFullYear(), day.getUTCMonth() + 1, day.getUTCDate());
    }
    default:
      throw new SerializeError(`invalid ext code for msgpack: ${type}`);
  }
}

function decodeDateTime(seconds: number): PyDateTime {
  const microseconds = Math.round(seconds * 1e6);
  const local = new Date(Math.floor(microseconds / 1e6) * 1000);
  checkYear(local.getFullYear());
  return new PyDateTime(
    new PyDate(local.getFullYear(), local.getMonth() + 1, local.getDate()),
    new PyTime(local.getHours(), local.getMinutes(), local.getSeconds(), ((microseconds % 1e6) + 1e6) % 1e6),
  );
}

function checkYear(year: number): void {
  if (!(year >= 1 && year <= 9999)) throw bad(`a date in the year ${year}, expected 1 to 9999`);
}

function bad(words: string): BadPayloadError {
  return new BadPayloadError(`Cannot read msgpack: ${words}`, { pythonType: "ValueError" });
}
