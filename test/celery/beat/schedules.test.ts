import { describe, expect, test } from "vitest";
import { UsageError } from "../../../lib/base/errors.ts";
import { TimeDelta } from "../../../lib/base/pyvalue.ts";
import { crontab, type CrontabFields } from "../../../lib/celery/beat/crontab.ts";
import { crontabNumbers, type CrontabSpec } from "../../../lib/celery/beat/crontab_field.ts";
import { humanSeconds, Interval, scheduleOf } from "../../../lib/celery/beat/schedule.ts";
import { fixture } from "../../support/fixture.ts";

type PythonFields = Readonly<Record<string, CrontabSpec>>;
interface Captured {
  readonly crontab_due: [PythonFields, last: string, now: string, due: boolean, next: number][];
  readonly expand: [PythonFields, Record<string, number[]>][];
  readonly parse: [spec: string, count: number, min: number, numbers: number[] | "error"][];
  readonly interval: [every: number, relative: boolean, last: string, now: string, due: boolean, next: number][];
}

const CAPTURED = fixture<Captured>("celery/schedules-5.6.json");
const OUR_NAMES: Readonly<Record<string, keyof CrontabFields>> = {
  ...{ minute: "minute", hour: "hour", day_of_week: "dayOfWeek" },
  ...{ day_of_month: "dayOfMonth", month_of_year: "monthOfYear" },
};
const crontabOf = (fields: PythonFields) =>
  crontab(Object.fromEntries(Object.entries(fields).map(([name, spec]) => [OUR_NAMES[name], spec])));
const at = (nowMs: number, zone = "UTC", deadlineSeconds: number | null = null) => ({ nowMs, zone, deadlineSeconds });

describe("crontabNumbers", () => {
  test.each(CAPTURED.parse)("reads %j of %i numbers from %i as Python does", (spec, count, min, expected) => {
    const read = () => crontabNumbers(spec, { name: "field", min, max: min + count - 1 });

    if (expected === "error") expect(read).toThrow(UsageError);
    else expect(read()).toEqual(expected);
  });

  test("takes a number and lists of them, within the range", () => {
    const hours = { name: "hour", min: 0, max: 23 };

    expect(crontabNumbers(5, hours)).toEqual([5]);
    expect(crontabNumbers(new Set([7, 5]), hours)).toEqual([5, 7]);
    expect(() => crontabNumbers([24], hours)).toThrow("Cannot use the crontab's hour: valid are 0 to 23, got 24");
  });
});

describe("crontab", () => {
  test("stands for the numbers that Python's stands for", () => {
    for (const [fields, expected] of CAPTURED.expand) {
      const ours = crontabOf(fields);

      for (const [name, numbers] of Object.entries(expected)) {
        expect(ours[OUR_NAMES[name] ?? "minute"]).toEqual(numbers);
      }
    }
  });

  test("is due when Python's is, and knows the next time to the millisecond", () => {
    expect(CAPTURED.crontab_due).toHaveLength(560);
    for (const [fields, last, now, due, next] of CAPTURED.crontab_due) {
      const state = crontabOf(fields).isDue(Date.parse(last), at(Date.parse(now)));

      expect({ fields, last, now, ...state }).toEqual({ fields, last, now, due, nextSeconds: next });
    }
  });

  test("goes by the clocks of its zone, over both ends of summer time", () => {
    const nightly = crontab({ hour: 2, minute: 30 });
    const next = (now: string) =>
      new Date(
        Date.parse(now) + nightly.isDue(Date.parse(now), at(Date.parse(now), "Europe/Berlin")).nextSeconds * 1000,
      ).toISOString();

    expect(next("2024-03-30T12:00:00Z")).toBe("2024-03-31T01:30:00.000Z"); // there is no 2:30 that night
    expect(next("2024-10-26T12:00:00Z")).toBe("2024-10-27T00:30:00.000Z"); // the first of two
    expect(next("2024-10-27T00:30:00Z")).toBe("2024-10-28T01:30:00.000Z");
  });

  test("does not run again and again in the hour that comes twice", () => {
    const every = crontab({ minute: "*/5" });
    const now = Date.parse("2024-10-27T01:50:00Z"); // 2:50 for the second time

    expect(every.isDue(now, at(now, "Europe/Berlin"))).toEqual({ due: false, nextSeconds: 300 });
  });

  test("skips a run that was missed by more than the deadline", () => {
    const hourly = crontab({ minute: 0 });
    const [last, now] = [Date.parse("2024-01-01T09:00:00Z"), Date.parse("2024-01-01T11:10:00Z")];

    expect(hourly.isDue(last, at(now, "UTC", 599))).toEqual({ due: false, nextSeconds: 3000 });
    expect(hourly.isDue(last, at(now, "UTC", 600))).toEqual({ due: true, nextSeconds: 3000 });
  });

  test("refuses what never comes", () => {
    expect(() => crontab({ dayOfMonth: "30,31", monthOfYear: "feb" })).toThrow("no such day in any year");
  });

  test("is shown as Python shows it", () => {
    expect(String(crontab({ minute: "*/15", dayOfWeek: "mon" }))).toBe("<crontab: */15 * * * mon (m/h/dM/MY/d)>");
  });
});

describe("Interval", () => {
  test("is due when Python's is, also where it keeps to whole units", () => {
    for (const [every, relative, last, now, due, next] of CAPTURED.interval) {
      const state = new Interval(every, relative).isDue(Date.parse(last), at(Date.parse(now)));

      expect({ every, relative, last, now, ...state }).toEqual({ every, relative, last, now, due, nextSeconds: next });
    }
  });
});

describe("scheduleOf", () => {
  test("takes seconds, durations and schedules", () => {
    const own = { isDue: () => ({ due: false, nextSeconds: 1 }) };

    expect(String(scheduleOf(90))).toBe("<freq: 1.50 minutes>");
    expect(scheduleOf(new TimeDelta(0, 30))).toMatchObject({ seconds: 30 });
    expect(scheduleOf(own)).toBe(own);
    expect(() => scheduleOf("*/5")).toThrow("expected seconds, a duration, crontab(…) or solar(…), got string");
  });
});

describe("humanSeconds", () => {
  test("shows durations as Python does", () => {
    expect([300, 3600, 1, 0.5].map((seconds) => humanSeconds(seconds))).toEqual([
      ...["5.00 minutes", "1.00 hour", "1.00 second", "now"],
    ]);
  });
});
