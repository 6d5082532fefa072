/**
 * Texts of YAML as values of their types.
 *
 * Spec: PyYAML 6.0 yaml/constructor.py `SafeConstructor`
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { LibError } from "../../../base/errors.ts";
import { intOf, PyDate, PyDateTime, PyFloat, PyTime } from "../../../base/pyvalue.ts";
import { DecodeError } from "../errors.ts";
import { BOOL, FLOAT, INT } from "./implicit.ts";

/** @throws {DecodeError} for other tags, and for a text that is none of its type */
export function scalarOf(tag: string, text: string, keepFloats: boolean): unknown {
  switch (tag) {
    case "str":
      return text;
    case "null":
      return null;
    case "bool":
      if (!BOOL.test(text)) throw notOf(tag, text);
      return /^(?:yes|true|on)$/i.test(text);
    case "int":
      return intOf(intValue(text.trim()));
    case "float":
      return floatOf(text.trim(), keepFloats);
    case "binary":
      return bytesOf(text);
    case "timestamp":
      return timestampOf(text);
    default:
      throw new DecodeError(`Cannot read YAML: could not determine a constructor for the tag ${tag}`);
  }
}

function notOf(tag: string, text: string): DecodeError {
  return new DecodeError(`Cannot read YAML: ${JSON.stringify(text.slice(0, 64))} is no ${tag}`);
}

/** Python refuses to read longer ones too (`sys.int_info.default_max_str_digits`). */
const MAX_DIGITS = 4300;

function intValue(text: string): bigint {
  if (!INT.test(text) || text.length > MAX_DIGITS) throw notOf("int", text);
  const digits = text.replaceAll("_", "").replace(/^[-+]/, "");
  const size = digits.includes(":") ? sexagesimal(digits) : toBigInt(digits, text);
  return text.startsWith("-") ? -size : size;
}

function toBigInt(digits: string, text: string): bigint {
  if (digits === "0b" || digits === "0x") throw notOf("int", text);
  return BigInt(/^0[0-7]/.test(digits) ? `0o${digits}` : digits);
}

function sexagesimal(digits: string): bigint {
  return digits.split(":").reduce((sum, part) => sum * 60n + BigInt(part), 0n);
}

function floatOf(text: string, keepFloats: boolean): number | PyFloat {
  const isFloat = FLOAT.test(text);
  if (!isFloat && !INT.test(text)) throw notOf("float", text);
  const value = isFloat ? floatValue(text) : Number(intValue(text));
  return keepFloats && Number.isInteger(value) ? new PyFloat(value) : value;
}

function floatValue(text: string): number {
  const digits = text.replaceAll("_", "").replace(/^[-+]/, "").toLowerCase();
  if (digits === ".nan") return NaN;
  const size = digits === ".inf" ? Infinity : digits.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  return text.startsWith("-") ? -size : size;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function bytesOf(text: string): Uint8Array {
  const base64 = text.replaceAll(/[ \t\r\n]/g, "");
  if (!BASE64.test(base64)) throw notOf("binary", text);
  return new Uint8Array(Buffer.from(base64, "base64"));
}

const PARTS =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?(?:[ \t]*(?:(Z)|([-+])(\d\d?)(?::(\d\d))?))?)?$/;

function timestampOf(text: string): PyDate | PyDateTime {
  const [, year, month, day, hour, minute, second, fraction = "", utc, sign, zoneHour, zoneMinute] = PARTS.exec(text) ??
    [];
  if (year === undefined) throw notOf("timestamp", text);
  try {
    const date = new PyDate(Number(year), Number(month), Number(day));
    if (hour === undefined) return date;
    const microsecond = Number(fraction.slice(0, 6).padEnd(6, "0"));
    const zone = (Number(zoneHour) * 60 + Number(zoneMinute ?? 0)) * 60;
    const offset = utc === undefined ? sign === undefined ? undefined : sign === "-" ? 0 - zone : zone : 0;
    if (zone >= DAY_SECONDS) throw notOf("timestamp", text);
    return new PyDateTime(date, new PyTime(Number(hour), Number(minute), Number(second), microsecond, offset));
  } catch (cause) {
    if (cause instanceof LibError) throw notOf("timestamp", text);
    throw cause;
  }
}

const DAY_SECONDS = 86_400;
