/**
 * Python's values in TypeScript: what plain JavaScript has no word for.
 *
 * | Python | reads as | written from |
 * |---|---|---|
 * | None | `null` | `null`, `undefined` as a value (an omitted property stays omitted) |
 * | True/False | boolean | boolean |
 * | int | `number` when safe, else `bigint` | integral `number` (but -0 is a float), `bigint` |
 * | float | `number` (serializers that must keep 1.0 apart from 1 read `PyFloat` on request) | other `number`, `PyFloat` |
 * | str | string | string |
 * | bytes | `Uint8Array` | `Uint8Array`, Buffer |
 * | list | array | array |
 * | tuple | `Tuple` | `Tuple.of(…)` |
 * | set, frozenset | `Set` | `Set` |
 * | dict, only string keys | plain object with null prototype | plain object (own enumerable properties) |
 * | dict, other keys | `Map` | `Map` |
 * | datetime, date, time, timedelta, Decimal, UUID, complex | the classes below | the same; `Date` as aware datetime in UTC |
 *
 * The classes are immutable and keep Python's text without loss.
 * @module
 */
import { UsageError } from "./errors.ts";

/** A float that must stay one: `new PyFloat(1)` is Python's `1.0`, a bare `1` is its `1`. Behaves as a number in arithmetic. */
export class PyFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
    Object.freeze(this);
  }

  valueOf(): number {
    return this.value;
  }

  toString(): string {
    return floatRepr(this.value);
  }

  toJSON(): number {
    return this.value;
  }
}

/** A Python tuple: a frozen array in every use, told apart only by serializers that know tuples. */
export class Tuple<T = unknown> extends Array<T> {
  /** Array methods of a tuple (`map`, `filter` …) give plain arrays. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  static override of<T>(...items: T[]): Tuple<T> {
    return Tuple.fromItems(items);
  }

  /** Builds a tuple of `items`; the iterable is read once. */
  static fromItems<T>(items: Iterable<T>): Tuple<T> {
    const tuple = new Tuple<T>();
    const list: readonly T[] = Array.isArray(items) ? items : [...items];
    for (let i = 0; i < list.length; i++) tuple[i] = list[i] as T; // by index: every remote call makes a few of these
    return Object.freeze(tuple) as Tuple<T>;
  }
}

/** A complex number. */
export class Complex {
  readonly real: number;
  readonly imag: number;

  constructor(real: number, imag: number) {
    this.real = real;
    this.imag = imag;
    Object.freeze(this);
  }

  /** Python's `repr`: `(1+2j)`, `2j`. */
  toString(): string {
    const part = (value: number) => floatRepr(value).replace(/\.0$/, "");
    const imag = part(this.imag);
    if (Object.is(this.real, 0)) return `${imag}j`;
    return `(${part(this.real)}${imag.startsWith("-") ? "" : "+"}${imag}j)`;
  }
}

/** A decimal number, kept as the text Python wrote. */
export class Decimal {
  readonly text: string;

  /** @throws {UsageError} unless `text` is a number as Python's `Decimal` reads it. */
  constructor(text: string) {
    if (!/^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?|s?nan\d*)$/i.test(text)) {
      throw new UsageError(
        `Cannot build a Decimal: expected a decimal number, got ${JSON.stringify(text.slice(0, 64))}`,
      );
    }
    this.text = text;
    Object.freeze(this);
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }
}

/** A UUID in its canonical text, 8-4-4-4-12 in lower case. */
export class Uuid {
  readonly text: string;

  /** @param text with or without dashes, braces or `urn:uuid:`, as Python's `UUID(…)` reads it */
  constructor(text: string) {
    const hex = text.replace(/^urn:uuid:/i, "").replace(/[{}-]/g, "").toLowerCase();
    if (!/^[0-9a-f]{32}$/.test(hex)) {
      throw new UsageError(`Cannot build a Uuid: expected 32 hex digits, got ${JSON.stringify(text.slice(0, 64))}`);
    }
    this.text = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    Object.freeze(this);
  }

  /** 32 hex digits, no dashes. */
  get hex(): string {
    return this.text.replaceAll("-", "");
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }
}

const pad = (value: number, width = 2) => String(value).padStart(width, "0");

function checkRange(what: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new UsageError(`Cannot build a ${what}: expected a whole number from ${min} to ${max}, got ${value}`);
  }
  return value;
}

function daysInMonth(year: number, month: number): number {
  return [
    31,
    year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28,
    31,
    30,
    31,
    30,
    31,
    31,
    30,
    31,
    30,
    31,
  ][
    month - 1
  ] ?? 0;
}

/** A calendar date. */
export class PyDate {
  readonly year: number;
  readonly month: number; // 1..12
  readonly day: number;

  constructor(year: number, month: number, day: number) {
    this.year = checkRange("date's year", year, 1, 9999);
    this.month = checkRange("date's month", month, 1, 12);
    this.day = checkRange("date's day", day, 1, daysInMonth(year, month));
    Object.freeze(this);
  }

  /** @param text `2024-01-02` */
  static parse(text: string): PyDate {
    const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
    if (match === null) {
      throw new UsageError(`Cannot read a date: expected YYYY-MM-DD, got ${JSON.stringify(text.slice(0, 64))}`);
    }
    return new PyDate(Number(match[1]), Number(match[2]), Number(match[3]));
  }

  /** Python's `isoformat()`. */
  toString(): string {
    return `${pad(this.year, 4)}-${pad(this.month)}-${pad(this.day)}`;
  }

  toJSON(): string {
    return this.toString();
  }
}

/** Text of an offset as `isoformat` writes it: `+01:00`, `-03:30`, with seconds only where there are any. */
function offsetText(seconds: number | undefined): string {
  if (seconds === undefined) return "";
  const size = Math.abs(seconds);
  const rest = size % 60;
  return `${seconds < 0 ? "-" : "+"}${pad(Math.floor(size / 3600))}:${pad(Math.floor((size % 3600) / 60))}${
    rest ? `:${pad(rest)}` : ""
  }`;
}

function parseOffset(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (text === "Z" || text === "z") return 0;
  const match = /^([+-])(\d{2})(?::?(\d{2})(?::?(\d{2}))?)?$/.exec(text);
  if (match === null) {
    throw new UsageError(`Cannot read a time offset: expected Z or +HH:MM, got ${JSON.stringify(text)}`);
  }
  const size = Number(match[2]) * 3600 + Number(match[3] ?? 0) * 60 + Number(match[4] ?? 0);
  return match[1] === "-" ? -size : size;
}

/** A time of day with microseconds; `offsetSeconds` is set where it is aware. */
export class PyTime {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
  readonly offsetSeconds: number | undefined;

  constructor(hour: number, minute = 0, second = 0, microsecond = 0, offsetSeconds?: number) {
    this.hour = checkRange("time's hour", hour, 0, 23);
    this.minute = checkRange("time's minute", minute, 0, 59);
    this.second = checkRange("time's second", second, 0, 59);
    this.microsecond = checkRange("time's microsecond", microsecond, 0, 999_999);
    this.offsetSeconds = offsetSeconds;
    Object.freeze(this);
  }

  /** @param text `01:02[:03[.000004]][+01:00]` */
  static parse(text: string): PyTime {
    const match = /^(\d{2}):?(\d{2})(?::?(\d{2})(?:[.,](\d{1,6})\d*)?)?(Z|[+-].+)?$/i.exec(text);
    if (match === null) {
      throw new UsageError(`Cannot read a time: expected HH:MM:SS, got ${JSON.stringify(text.slice(0, 64))}`);
    }
    return new PyTime(
      Number(match[1]),
      Number(match[2]),
      Number(match[3] ?? 0),
      Number((match[4] ?? "0").padEnd(6, "0")),
      parseOffset(match[5]),
    );
  }

  /** Python's `isoformat()`. */
  toString(): string {
    const fraction = this.microsecond ? `.${pad(this.microsecond, 6)}` : "";
    return `${pad(this.hour)}:${pad(this.minute)}:${pad(this.second)}${fraction}${offsetText(this.offsetSeconds)}`;
  }

  toJSON(): string {
    return this.toString();
  }
}

/** A date and time with microseconds; aware where its time has an offset, naive where it has none. */
export class PyDateTime {
  readonly date: PyDate;
  readonly time: PyTime;

  constructor(date: PyDate, time: PyTime) {
    this.date = date;
    this.time = time;
    Object.freeze(this);
  }

  /** Reads ISO 8601 as Celery does: any single separator, `Z`, `+HH[:]MM`, `+HH` or no offset, 1 to 6 digits of fraction, date only. */
  static parse(text: string): PyDateTime {
    const match = /^(\d{4}-?\d{2}-?\d{2})(?:[^0-9](.+))?$/.exec(text);
    if (match === null) {
      throw new UsageError(`Cannot read a datetime: expected ISO 8601, got ${JSON.stringify(text.slice(0, 64))}`);
    }
    const day = (match[1] ?? "").replace(/^(\d{4})-?(\d{2})-?(\d{2})$/, "$1-$2-$3");
    return new PyDateTime(PyDate.parse(day), match[2] === undefined ? new PyTime(0) : PyTime.parse(match[2]));
  }

  /** An aware datetime in UTC. */
  static fromDate(date: Date): PyDateTime {
    return PyDateTime.fromEpochMicroseconds(BigInt(date.getTime()) * 1000n, 0);
  }

  /** An aware datetime at `offsetSeconds` east of UTC. */
  static fromEpochMicroseconds(microseconds: bigint, offsetSeconds: number): PyDateTime {
    const shifted = microseconds + BigInt(offsetSeconds) * 1_000_000n;
    const micro = Number(((shifted % 1_000_000n) + 1_000_000n) % 1_000_000n);
    const local = new Date(Number((shifted - BigInt(micro)) / 1000n));
    return new PyDateTime(
      new PyDate(local.getUTCFullYear(), local.getUTCMonth() + 1, local.getUTCDate()),
      new PyTime(local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds(), micro, offsetSeconds),
    );
  }

  get isAware(): boolean {
    return this.time.offsetSeconds !== undefined;
  }

  /** The instant, cut to milliseconds. @param naiveOffsetSeconds how to read a naive datetime; default UTC */
  toDate(naiveOffsetSeconds = 0): Date {
    const { hour, minute, second, microsecond, offsetSeconds = naiveOffsetSeconds } = this.time;
    const at = new Date(0);
    at.setUTCFullYear(this.date.year, this.date.month - 1, this.date.day);
    at.setUTCHours(hour, minute, second - offsetSeconds, Math.floor(microsecond / 1000));
    return at;
  }

  /** Python's `isoformat()`. */
  toString(): string {
    return `${this.date}T${this.time}`;
  }

  toJSON(): string {
    return this.toString();
  }
}

/** A duration; normalized as Python does: 0 ≤ seconds < 86400, 0 ≤ microseconds < 10^6, and only days may be negative. */
export class TimeDelta {
  readonly days: number;
  readonly seconds: number;
  readonly microseconds: number;

  constructor(days: number, seconds = 0, microseconds = 0) {
    for (const part of [days, seconds, microseconds]) {
      checkRange("timedelta", part, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    }
    const total = BigInt(days) * 86_400_000_000n + BigInt(seconds) * 1_000_000n + BigInt(microseconds);
    const inDay = ((total % 86_400_000_000n) + 86_400_000_000n) % 86_400_000_000n;
    this.days = Number((total - inDay) / 86_400_000_000n);
    this.seconds = Number(inDay / 1_000_000n);
    this.microseconds = Number(inDay % 1_000_000n);
    Object.freeze(this);
  }

  static fromSeconds(seconds: number): TimeDelta {
    const whole = Math.trunc(seconds);
    return new TimeDelta(0, whole, Math.round((seconds - whole) * 1e6));
  }

  /** Python's `total_seconds()`. */
  totalSeconds(): number {
    return this.days * 86_400 + this.seconds + this.microseconds / 1e6;
  }

  /** Python's `str()`: `1 day, 0:00:01.000002`. */
  toString(): string {
    const clock = `${Math.floor(this.seconds / 3600)}:${pad(Math.floor((this.seconds % 3600) / 60))}:${
      pad(this.seconds % 60)
    }`;
    const day = this.days === 0 ? "" : `${this.days} day${Math.abs(this.days) === 1 ? "" : "s"}, `;
    return day + clock + (this.microseconds ? `.${pad(this.microseconds, 6)}` : "");
  }
}

/** Python's `repr` of a float: `1.0`, `1e+16`, `1e-05`, `nan`, `inf`. */
export function floatRepr(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e-4 && size < 1e16) {
    const text = String(value); // plain between 1e-6 and 1e21, never with an exponent here
    return Number.isInteger(value) ? `${text}.0` : text;
  }
  if (Number.isNaN(value)) return "nan";
  if (size === Infinity) return value > 0 ? "inf" : "-inf";
  if (size === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [digits = "", exponent = ""] = value.toExponential().split("e");
  return `${digits}e${exponent.charAt(0)}${exponent.slice(1).padStart(2, "0")}`;
}

/** True for numbers that are ints in Python: whole, exact, and not -0. Larger ints are `bigint`, larger numbers floats. */
export function isPythonInt(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

/** An int as readers return it: a number where that is exact. */
export function intOf(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** True for objects that serializers write as a dict: literals and null-prototype objects, no class instances. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** An empty dict as readers build it: no prototype, so that `__proto__` is a key like any other. */
export function emptyDict(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>;
}
