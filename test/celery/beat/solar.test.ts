import { describe, expect, test } from "vitest";
import { UsageError } from "../../../lib/base/errors.ts";
import { solar, type SolarEvent } from "../../../lib/celery/beat/solar.ts";
import { fixture } from "../../support/fixture.ts";

type Refused = [event: SolarEvent, lat: number, lon: number, message: string];
interface Captured {
  readonly shown: string;
  readonly refused: Refused[];
  readonly rows: {
    readonly lat: number;
    readonly lon: number;
    readonly last: string;
    readonly runs: Readonly<Record<SolarEvent, string | null>>;
    readonly look: string | null;
  }[];
}
type Run = [event: SolarEvent, lat: number, lon: number, last: string, secondsOrError: number | "error"];

const CAPTURED = fixture<Captured>("celery/solar.json");
const MINUTE_MS = 60_000;
const TROMSO = [69.65, 18.96] as const;
const MELBOURNE = [-37.81753, 144.96715] as const;
const at = (nowMs: number) => ({ nowMs, zone: "UTC", deadlineSeconds: null });

/** When a schedule runs next that ran last at `last`, and is asked right then. */
function nextMs(event: SolarEvent, lat: number, lon: number, last: string): number {
  const lastMs = Date.parse(last);
  const { due, nextSeconds } = solar(event, lat, lon).isDue(lastMs, at(lastMs));
  expect(due).toBe(false);
  return lastMs + nextSeconds * 1000;
}

describe("solar", () => {
  test.each(Object.keys(CAPTURED.rows[0]?.runs ?? {}) as SolarEvent[])(
    "%s comes within a quarter of a minute of ephem's, from the equator to the poles, or is looked for after midnight",
    (event) => {
      expect(CAPTURED.rows).toHaveLength(196);
      for (const { lat, lon, last, runs, look } of CAPTURED.rows) {
        const expected = Date.parse(runs[event] ?? look ?? "");

        const offMs = Math.abs(nextMs(event, lat, lon, last) - expected);

        expect(offMs, `${event} at ${lat}, ${lon} after ${last}`).toBeLessThan(MINUTE_MS / 4);
      }
    },
  );

  test("agrees with what Celery 5.6 computes", () => {
    const { solar: rows } = fixture<{ readonly solar: Run[] }>("celery/schedules-5.6.json");
    const timed = rows.filter((row) => row[4] !== "error");

    expect(timed).toHaveLength(26);
    for (const [event, lat, lon, last, seconds] of timed) {
      expect(Math.abs(nextMs(event, lat, lon, last) - Date.parse(last) - Number(seconds) * 1000)).toBeLessThan(5000);
    }
  });

  test("is due from the event on, and then waits for that of the next day", () => {
    const sunset = solar("sunset", ...MELBOURNE);
    const lastMs = Date.parse("2024-06-01T00:00:00Z");
    const sunsetMs = nextMs("sunset", ...MELBOURNE, "2024-06-01T00:00:00Z");

    expect(sunset.isDue(lastMs, at(Math.floor(sunsetMs))).due).toBe(false);
    const run = sunset.isDue(lastMs, at(Math.ceil(sunsetMs)));
    expect(run.due).toBe(true);
    expect(run.nextSeconds / 3600).toBeCloseTo(24, 1);
  });

  test("runs once an event, however near to it beat wakes up", () => {
    const noonMs = nextMs("solar_noon", ...MELBOURNE, "2024-06-01T00:00:00Z");

    for (const lateMs of [-50, -1, 0, 1, 50]) {
      const ranMs = Math.round(noonMs) + lateMs;
      expect(solar("solar_noon", ...MELBOURNE).isDue(ranMs, at(ranMs)).nextSeconds / 3600).toBeCloseTo(24, 1);
    }
  });

  test("makes up for one event, where beat slept through many", () => {
    const sunrise = solar("sunrise", ...MELBOURNE);
    const nowMs = Date.parse("2024-06-01T12:00:00Z");

    const state = sunrise.isDue(Date.parse("2019-01-01T00:00:00Z"), at(nowMs));

    expect(state.due).toBe(true);
    expect(nowMs + state.nextSeconds * 1000).toBe(nextMs("sunrise", ...MELBOURNE, "2024-06-01T12:00:00Z"));
  });

  test("is not due in the polar night, looks every day, and is due when the sun is back", () => {
    const sunrise = solar("sunrise", ...TROMSO);
    let nowMs = Date.parse("2024-11-26T12:00:00Z"); // the sun was seen that day
    const lastMs = nowMs;
    let looks = 0;
    for (;; looks++) {
      const { due, nextSeconds } = sunrise.isDue(lastMs, at(nowMs));
      if (due) break;
      expect(nextSeconds).toBeGreaterThan(0);
      expect(nextSeconds).toBeLessThan(1.6 * 86_400);
      nowMs += Math.ceil(nextSeconds * 1000);
    }

    expect(looks).toBeGreaterThan(40);
    expect(new Date(nowMs).toISOString()).toMatch(/^2025-01-1[4-6]T10:/);
  });

  test.each(CAPTURED.refused)("refuses %s at %d, %d in Celery's words", (event, lat, lon, message) => {
    expect(() => solar(event, lat, lon)).toThrow(new UsageError(message));
  });

  test("refuses what is no number", () => {
    expect(() => solar("sunset", NaN, 0)).toThrow("Argument latitude NaN is invalid, must be between -90 and 90.");
  });

  test("is shown as Python shows it", () => {
    expect(String(solar("sunrise", ...MELBOURNE))).toBe(CAPTURED.shown);
  });
});
