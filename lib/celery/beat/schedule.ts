import { UsageError } from "../../base/errors.ts";
import { TimeDelta } from "../../base/pyvalue.ts";
import { offsetSecondsAt } from "../wire/timezone.ts";

/** When a schedule is asked, and by which clocks. */
export interface Moment {
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
  /** IANA name of the zone that crontabs are read in. */
  readonly zone: string;
  /** A run that was missed by more than so many seconds is skipped; null: it is made up for. */
  readonly deadlineSeconds: number | null;
}

export interface DueState {
  readonly due: boolean;
  /** Seconds until the next run, or from this one to the next if it is due. */
  readonly nextSeconds: number;
}

/** When something is to be done again and again: an interval, a {@link Crontab}, or one of your own. */
export interface Schedule {
  isDue(lastRunAtMs: number, moment: Moment): DueState;
  /** How it is shown, and told from another: beat forgets nothing of an entry whose schedule is the same. */
  toString(): string;
}

/** A schedule, or how long there is between two runs: seconds or a duration of Python's. */
export type ScheduleLike = number | TimeDelta | Schedule;

const DAY_S = 86_400;
const HOUR_S = 3600;
const MINUTE_S = 60;

/**
 * Every so many seconds.
 *
 * Source: celery 5.6 celery/schedules.py `schedule`, celery/utils/time.py `remaining`, `delta_resolution`
 */
export class Interval implements Schedule {
  readonly seconds: number;
  /** Runs on the day, hour, minute or second, whichever the interval is made of. */
  readonly relative: boolean;

  constructor(seconds: number, relative = false) {
    if (!Number.isFinite(seconds) || seconds < 0) {
      throw new UsageError(`Cannot run every ${seconds} seconds: expected a number from 0`);
    }
    this.seconds = seconds;
    this.relative = relative;
  }

  isDue(lastRunAtMs: number, { nowMs, zone }: Moment): DueState {
    const end = lastRunAtMs + this.seconds * 1000;
    const left = ((this.relative ? this.#rounded(end, zone) : end) - nowMs) / 1000;
    return left <= 0 ? { due: true, nextSeconds: this.seconds } : { due: false, nextSeconds: left };
  }

  toString(): string {
    return `<freq: ${humanSeconds(this.seconds)}>`;
  }

  #rounded(atMs: number, zone: string): number {
    const unit = [DAY_S, HOUR_S, MINUTE_S].find((size) => this.seconds >= size) ?? 1;
    const offset = offsetSecondsAt(zone, atMs) * 1000;
    return Math.floor((atMs + offset) / (unit * 1000)) * unit * 1000 - offset;
  }
}

export function isSchedule(value: unknown): value is Schedule {
  return typeof value === "object" && value !== null && "isDue" in value && typeof value.isDue === "function";
}

/** @throws {UsageError} for what is none */
export function scheduleOf(value: unknown, relative = false): Schedule {
  if (typeof value === "number") return new Interval(value, relative);
  if (value instanceof TimeDelta) return new Interval(value.totalSeconds(), relative);
  if (isSchedule(value)) return value;
  throw new UsageError(
    `Cannot use a schedule: expected seconds, a duration, crontab(…) or solar(…), got ${typeof value}`,
  );
}

const UNITS: readonly (readonly [name: string, seconds: number])[] = [["day", DAY_S], ["hour", HOUR_S], [
  "minute",
  MINUTE_S,
], ["second", 1]];

/** `5.00 minutes`, as Python shows durations; `now` for less than a second. */
export function humanSeconds(seconds: number, prefix = ""): string {
  for (const [name, size] of UNITS) {
    if (seconds < size) continue;
    const count = seconds / size;
    return `${prefix}${count.toFixed(2)} ${name}${count > 1 ? "s" : ""}`;
  }
  return "now";
}
