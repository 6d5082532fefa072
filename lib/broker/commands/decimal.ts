/**
 * Sums of decimal numbers for INCRBYFLOAT and HINCRBYFLOAT: exact up to 17 places, so that 0.1 + 0.2 is 0.3 as it is with the
 * long doubles of Redis.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { CommandError } from "../command_error.ts";
import { float } from "./command.ts";

const PLACES = 17;
const UNIT = 10n ** BigInt(PLACES);
/** Beyond this a double is exact enough, and a fixed point number would only be long. */
const LARGE = 1e17;

/**
 * @param notANumber the error where `a`, which is stored, is no number
 * @throws {CommandError} if one is no number, or the sum is none
 */
export function addDecimals(a: string, b: string, notANumber?: string): string {
  const sum = float(b) + float(a, notANumber);
  if (!Number.isFinite(sum)) throw new CommandError("ERR increment would produce NaN or Infinity");
  if (Math.abs(sum) > LARGE || Math.abs(float(b)) > LARGE) return BigInt(sum).toString();
  return formatFixed(toFixedPoint(a) + toFixedPoint(b));
}

function toFixedPoint(text: string): bigint {
  const plain = /e/i.test(text) ? Number(text).toFixed(PLACES) : text;
  const [, sign = "", whole = "", fraction = ""] = /^([+-]?)(\d*)\.?(\d*)$/.exec(plain) ?? [];
  const digits = fraction.padEnd(PLACES, "0").slice(0, PLACES);
  const isRoundedUp = (fraction[PLACES] ?? "0") >= "5";
  const value = BigInt(whole || "0") * UNIT + BigInt(digits) + (isRoundedUp ? 1n : 0n);
  return sign === "-" ? -value : value;
}

function formatFixed(value: bigint): string {
  const size = value < 0n ? -value : value;
  const fraction = (size % UNIT).toString().padStart(PLACES, "0").replace(/0+$/, "");
  return `${value < 0n ? "-" : ""}${size / UNIT}${fraction === "" ? "" : `.${fraction}`}`;
}
