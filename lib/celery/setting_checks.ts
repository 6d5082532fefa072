/**
 * What a value of a setting may be. Each check returns the value, or says what was expected and what came.
 * @module
 */
import { UsageError } from "../base/errors.ts";
import { isPlainObject } from "../base/pyvalue.ts";

/** @param name of the setting, for the error */
export type Check<T> = (name: string, value: unknown) => T;

function refuse(name: string, expected: string, value: unknown): never {
  const shown = typeof value === "string" ? JSON.stringify(value.slice(0, 64)) : String(value);
  throw new UsageError(`Cannot use the setting ${name}: expected ${expected}, got ${shown} (${typeof value})`);
}

/** A check that tests by predicate. */
export function passing<T>(expected: string, isOne: (value: unknown) => value is T): Check<T> {
  return (name, value) => isOne(value) ? value : refuse(name, expected, value);
}

export const flag = passing("true or false", (value) => typeof value === "boolean");
export const text = passing("a text", (value) => typeof value === "string");
/** Seconds, factors and counts: not negative, perhaps Infinity. */
export const amount = passing(
  "a number from 0",
  (value): value is number => typeof value === "number" && value >= 0,
);
export const wholeNumber = passing(
  "a whole number",
  (value): value is number => typeof value === "number" && Number.isInteger(value),
);
export const texts = passing(
  "a list of texts",
  (value): value is readonly string[] => Array.isArray(value) && value.every((item) => typeof item === "string"),
);
export const dict = passing("an object", isPlainObject);

/** Null as well. */
export function orNull<T>(check: Check<T>): Check<T | null> {
  return (name, value) => value === null ? null : check(name, value);
}

export function oneOf<const T extends string | number>(...allowed: readonly T[]): Check<T> {
  return passing(`one of ${allowed.join(", ")}`, (value): value is T => allowed.some((item) => item === value));
}

/** The first check that takes the value, or the error of the last. */
export function either<A, B>(first: Check<A>, second: Check<B>): Check<A | B> {
  return (name, value) => {
    try {
      return first(name, value);
    } catch {
      return second(name, value); // its error counts
    }
  };
}
