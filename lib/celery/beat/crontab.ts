import { UsageError } from "../../base/errors.ts";
import { PyDate, PyDateTime, PyTime } from "../../base/pyvalue.ts";
import { epochMsOf, offsetSecondsAt } from "../wire/timezone.ts";
import { crontabNumbers, type CrontabSpec } from "./crontab_field.ts";
import type { DueState, Moment, Schedule } from "./schedule.ts";

/** Fields of a crontab; what is left out is `*`. Names of days and months are known: `mon-fri`, `jan`. */
export interface CrontabFields {
  /** 0 to 59. */
  readonly minute?: CrontabSpec;
  /** 0 to 23. */
  readonly hour?: CrontabSpec;
  /** 0 (Sunday) to 6. Both this and `dayOfMonth` must hold, unlike cron. */
  readonly dayOfWeek?: CrontabSpec;
  /** 1 to 31. */
  readonly dayOfMonth?: CrontabSpec;
  /** 1 to 12. */
  readonly monthOfYear?: CrontabSpec;
}

/** February 29 on a given weekday can be 40 years away, across a year like 2100. */
const LONGEST_YEARS = 41;
const DAY_MS = 86_400_000;

/**
 * Runs at the minutes that all five fields name, on clocks in the setting `timezone`.
 *
 * @example
 * ```ts
 * crontab({ minute: 30, hour: "7", dayOfWeek: "mon-fri" }); // half past seven on working days
 * ```
 */
export function crontab(fields: CrontabFields = {}): Crontab {
  return new Crontab(fields);
}

/** Source: celery 5.6 celery/schedules.py `crontab` */
export class Crontab implements Schedule {
  readonly minute: readonly number[];
  readonly hour: readonly number[];
  readonly dayOfWeek: readonly number[];
  readonly dayOfMonth: readonly number[];
  readonly monthOfYear: readonly number[];
  readonly #text: string;

  /** @throws {UsageError} for fields that cannot be, or that no day fulfils */
  constructor(fields: CrontabFields = {}) {
    const { minute = "*", hour = "*", dayOfWeek = "*", dayOfMonth = "*", monthOfYear = "*" } = fields;
    this.minute = crontabNumbers(minute, { name: "minute", min: 0, max: 59 });
    this.hour = crontabNumbers(hour, { name: "hour", min: 0, max: 23 });
    this.dayOfWeek = crontabNumbers(dayOfWeek, { name: "day of week", min: 0, max: 6 });
    this.dayOfMonth = crontabNumbers(dayOfMonth, { name: "day of month", min: 1, max: 31 });
    this.monthOfYear = crontabNumbers(monthOfYear, { name: "month of year", min: 1, max: 12 });
    const shown = [minute, hour, dayOfMonth, monthOfYear, dayOfWeek]
      .map((spec) => typeof spec === "object" ? [...spec].join(",") : String(spec).replaceAll(" ", ""));
    this.#text = `<crontab: ${shown.join(" ")} (m/h/dM/MY/d)>`;
    if (!this.monthOfYear.some((month) => this.dayOfMonth.some((day) => day <= daysIn(2000, month)))) {
      throw new UsageError(`Cannot use ${this.#text}: there is no such day in any year`);
    }
  }

  isDue(lastRunAtMs: number, { nowMs, zone, deadlineSeconds }: Moment): DueState {
    const from = deadlineSeconds === null ? lastRunAtMs : Math.max(lastRunAtMs, nowMs - deadlineSeconds * 1000 - 1);
    const next = this.#after(from, zone);
    if (next > nowMs) return { due: false, nextSeconds: (next - nowMs) / 1000 };
    return { due: true, nextSeconds: (this.#after(nowMs, zone) - nowMs) / 1000 };
  }

  toString(): string {
    return this.#text;
  }

  /** The first instant behind `ms` at which clocks in `zone` show a minute of this crontab. */
  #after(ms: number, zone: string): number {
    const shown = new Date(ms + offsetSecondsAt(zone, ms) * 1000);
    let minuteOfDay = shown.getUTCHours() * 60 + shown.getUTCMinutes();
    const day = new Date(Date.UTC(shown.getUTCFullYear(), shown.getUTCMonth(), shown.getUTCDate()));
    const lastYear = day.getUTCFullYear() + LONGEST_YEARS;
    while (day.getUTCFullYear() <= lastYear) {
      if (!this.monthOfYear.includes(day.getUTCMonth() + 1)) {
        day.setUTCMonth(day.getUTCMonth() + 1, 1);
        minuteOfDay = -1;
        continue;
      }
      if (this.dayOfMonth.includes(day.getUTCDate()) && this.dayOfWeek.includes(day.getUTCDay())) {
        for (const [hour, minute] of this.#minutesBehind(minuteOfDay)) {
          const instant = instantBehind(ms, day, hour, minute, zone);
          if (instant !== undefined) return instant;
        }
      }
      day.setUTCDate(day.getUTCDate() + 1);
      minuteOfDay = -1;
    }
    throw new UsageError(`Cannot find when ${this.#text} comes next: not in ${LONGEST_YEARS} years`);
  }

  *#minutesBehind(minuteOfDay: number): Iterable<readonly [hour: number, minute: number]> {
    for (const hour of this.hour) {
      for (const minute of this.minute) if (hour * 60 + minute > minuteOfDay) yield [hour, minute];
    }
  }
}

/** Clocks that are set back show a minute twice: the first time that is not over counts. */
function instantBehind(ms: number, day: Date, hour: number, minute: number, zone: string): number | undefined {
  const date = new PyDate(day.getUTCFullYear(), day.getUTCMonth() + 1, day.getUTCDate());
  const first = epochMsOf(new PyDateTime(date, new PyTime(hour, minute)), zone);
  if (first > ms) return first;
  const offset = offsetSecondsAt(zone, first + DAY_MS);
  const second = day.getTime() + (hour * 60 + minute) * 60_000 - offset * 1000;
  return second > ms ? second : undefined;
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}
