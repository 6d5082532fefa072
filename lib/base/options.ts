/**
 * Checks for option values. Each says what was expected and what came, with its type.
 * @module
 */
import { UsageError } from "./errors.ts";

function refuse(name: string, expected: string, got: unknown): never {
  throw new UsageError(`Cannot use ${name}: expected ${expected}, got ${String(got)} (${typeof got})`);
}

function rangeText(min: number, max: number): string {
  return (min === -Infinity ? "" : ` from ${min}`) + (max === Infinity ? "" : ` up to ${max}`);
}

/** @throws {UsageError} unless `value` is a finite number in the range. */
export function checkNumber(name: string, value: unknown, range: { min?: number; max?: number } = {}): number {
  const { min = -Infinity, max = Infinity } = range;
  if (typeof value !== "number" || !Number.isFinite(value) || value < min || value > max) {
    refuse(name, `a number${rangeText(min, max)}`, value);
  }
  return value;
}

/** @throws {UsageError} unless `value` is a whole number in the range. */
export function checkInteger(name: string, value: unknown, range: { min?: number; max?: number } = {}): number {
  const { min = -Infinity, max = Infinity } = range;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min || value > max) {
    refuse(name, `a whole number${rangeText(min, max)}`, value);
  }
  return value;
}

/** @throws {UsageError} unless `value` is one of `allowed`. */
export function checkOneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((item) => item === value);
  if (found === undefined) refuse(name, `one of ${allowed.join(", ")}`, value);
  return found;
}

/** @throws {UsageError} unless `value` is a string that is not empty. */
export function checkText(name: string, value: unknown): string {
  if (typeof value !== "string" || value === "") refuse(name, "a text that is not empty", value);
  return value;
}
