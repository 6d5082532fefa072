/**
 * One field of a crontab, read as Celery reads it.
 *
 *     groups  := expr (',' expr)*
 *     expr    := numspec ('/' steps)?
 *     numspec := '*' | number ('-' number)?
 *
 * Ranges may wrap (`fri-mon`, `22-3`), and steps count from where their range begins: `1-12/5` is 1, 6, 11.
 *
 * Pure: text in, numbers out.
 *
 * Source: celery 5.6 celery/schedules.py `crontab_parser`
 * @module
 */
import { UsageError } from "../../base/errors.ts";

/** What may stand in a field: a number, several, or a pattern. */
export type CrontabSpec = number | string | Iterable<number>;

export interface FieldRange {
  /** Name in errors: `minute`. */
  readonly name: string;
  readonly min: number;
  readonly max: number;
}

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/** The first three letters count, in any case, as in Python. */
const NAMES: ReadonlyMap<string, number> = new Map([
  ...DAYS.map((name, at) => [name, at] as const),
  ...MONTHS.map((name, at) => [name, at + 1] as const),
]);

/**
 * The numbers that a field stands for, in ascending order.
 *
 * @throws {UsageError} for what is no such field
 */
export function crontabNumbers(spec: CrontabSpec, range: FieldRange): readonly number[] {
  const numbers = typeof spec === "number"
    ? [spec]
    : typeof spec === "string"
    ? spec.split(",").flatMap((part) => numbersOf(part, range))
    : [...spec];
  for (const number of numbers) {
    if (!Number.isInteger(number) || number < range.min || number > range.max) {
      throw refuse(range, `valid are ${range.min} to ${range.max}, got ${number}`);
    }
  }
  if (numbers.length === 0) throw refuse(range, "it is empty");
  return [...new Set(numbers)].sort((a, b) => a - b);
}

function numbersOf(part: string, range: FieldRange): readonly number[] {
  if (part === "") throw refuse(range, "empty part");
  if (part.startsWith("-")) throw refuse(range, "negative numbers not supported");
  const match = /^(?:(\*)|(\w+?)(?:-(\w+))?)(\/(\w*))?$/.exec(part);
  const [, star, from, to, stepped, steps] = match ?? [];
  const isRange = star !== undefined || to !== undefined;
  if (match === null || (stepped !== undefined && !isRange)) {
    throw refuse(range, `${part} is no number, range, or * with steps`);
  }
  const all = star === undefined ? rangeOf(from ?? "", to, range) : between(range.min, range.max);
  return stepped === undefined ? all : everyNth(all, steps ?? "", range);
}

function rangeOf(from: string, to: string | undefined, range: FieldRange): readonly number[] {
  const first = numberOf(from, range);
  if (to === undefined) return [first];
  const last = numberOf(to, range);
  return first <= last ? between(first, last) : [...between(first, range.max), ...between(range.min, last)];
}

function everyNth(numbers: readonly number[], steps: string, range: FieldRange): readonly number[] {
  if (steps === "") throw refuse(range, "the step after / is missing");
  if (!/^[0-9]*[1-9][0-9]*$/.test(steps)) throw refuse(range, `a step is a number from 1, got ${steps}`);
  const step = Number(steps);
  return numbers.filter((_, at) => at % step === 0);
}

function numberOf(text: string, range: FieldRange): number {
  const number = /^\d+$/.test(text) ? Number(text) : NAMES.get(text.slice(0, 3).toLowerCase());
  if (number === undefined) throw refuse(range, `${text} is neither a number nor the name of a day or month`);
  if (number < range.min || number > range.max) {
    throw refuse(range, `valid are ${range.min} to ${range.max}, got ${text}`);
  }
  return number;
}

function between(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

function refuse(range: FieldRange, why: string): UsageError {
  return new UsageError(`Cannot use the crontab's ${range.name}: ${why}`);
}
