/**
 * The addition service: two numbers come as text, their sum goes back as Python would print it.
 *
 *     5 7\n      5,7\n      5\n7\n      ->  12\n
 *
 * Whole numbers are exact at any size, as Python's int; anything with a point or exponent is a float, as Python's float.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { UsageError } from "../../base/errors.ts";
import { floatRepr, PyFloat } from "../../base/pyvalue.ts";

/** A Python int or float. */
export type Numeric = bigint | PyFloat;

const INT = /^[+-]?\d+(?:_\d+)*$/;
const FLOAT = /^[+-]?(?:(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+)?|inf|infinity|nan)$/i;

/** Reads one number by Python's rules. @throws {UsageError} if it is none. */
export function parseNumber(text: string): Numeric {
  const plain = text.replaceAll("_", "");
  if (INT.test(text)) return plain.startsWith("-") ? -BigInt(plain.slice(1)) : BigInt(plain.replace(/^\+/, ""));
  if (!FLOAT.test(text)) {
    throw new UsageError(
      `Cannot add: ${JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text)} is no number`,
    );
  }
  const word = plain.toLowerCase().replace(/^[+-]/, "");
  const size = word.startsWith("inf") ? Infinity : word === "nan" ? NaN : Number(word);
  return new PyFloat(plain.startsWith("-") ? -size : size);
}

/** Adds as Python does: two ints exactly, else as floats. @throws {UsageError} if an int is too large for a float. */
export function addNumbers(x: Numeric, y: Numeric): Numeric {
  if (typeof x === "bigint" && typeof y === "bigint") return x + y;
  return new PyFloat(toFloat(x) + toFloat(y));
}

function toFloat(value: Numeric): number {
  if (typeof value !== "bigint") return value.value;
  const float = Number(value);
  if (!Number.isFinite(float)) throw new UsageError("Cannot add: int too large to convert to float");
  return float;
}

/** As Python's `str`: `12`, `12.0`, `1e+16`. */
export function formatNumber(value: Numeric): string {
  return typeof value === "bigint" ? String(value) : floatRepr(value.value);
}

/** Joins what comes line by line into pairs of numbers. */
export class AdditionReader {
  #first: Numeric | undefined; // a number that came alone on its line

  /** @returns the pair that `line` completes, or `undefined`. @throws {UsageError}; the next line starts a new pair then. */
  read(line: string): readonly [Numeric, Numeric] | undefined {
    const words = line.split(/[\s,]+/).filter((word) => word !== "");
    const waiting = this.#first;
    this.#first = undefined;
    if (words.length === 0) {
      this.#first = waiting;
      return undefined;
    }
    const numbers = [...(waiting === undefined ? [] : [waiting]), ...words.map(parseNumber)];
    const [x, y] = numbers;
    if (x === undefined || numbers.length > 2) {
      throw new UsageError(`Cannot add: expected two numbers, got ${numbers.length}`);
    }
    if (y === undefined) {
      this.#first = x;
      return undefined;
    }
    return [x, y];
  }
}
