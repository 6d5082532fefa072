/**
 * Instants and time zones as Celery's settings mean them: `timezone` is an IANA name, and naive times are local to it.
 *
 * Pure: no sockets, no clocks, no promises (the zone tables are the runtime's `Intl`).
 * @module
 */
import { UsageError } from "../../base/errors.ts";
import type { PyDateTime } from "../../base/pyvalue.ts";

const formats = new Map<string, Intl.DateTimeFormat>();
const MAX_FORMATS = 100; // a program uses one or two

/** @throws {UsageError} unless the runtime knows the zone. */
export function checkTimezone(zone: string): string {
  if (zone !== "UTC") formatOf(zone);
  return zone;
}

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    try {
      format = new Intl.DateTimeFormat("en-US", {
        timeZone: zone,
        hourCycle: "h23",
        ...{ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" },
      });
    } catch (cause) {
      throw new UsageError(`Cannot use timezone: ${JSON.stringify(zone)} is not a known IANA name`, { cause });
    }
    if (formats.size < MAX_FORMATS) formats.set(zone, format);
  }
  return format;
}

/** Seconds east of UTC that clocks in `zone` show at an instant. */
export function offsetSecondsAt(zone: string, epochMs: number): number {
  if (zone === "UTC") return 0;
  const part = new Map<string, number>();
  for (const { type, value } of formatOf(zone).formatToParts(epochMs)) part.set(type, Number(value));
  const get = (type: string) => part.get(type) ?? 0;
  const shown = Date.UTC(get("year"), get("month") - 1, get("day"), get("hour"), get("minute"), get("second"));
  return Math.round((shown - Math.floor(epochMs / 1000) * 1000) / 1000);
}

const DAY_MS = 86_400_000;

/**
 * The instant of a datetime. A naive one is read on clocks in `zone`: the earlier of two where they were set back, and by the
 * clocks of before where they were set forward over it, as Python does.
 */
export function epochMsOf(value: PyDateTime, zone: string): number {
  const asUtc = value.toDate(0).getTime();
  if (value.isAware || zone === "UTC") return asUtc;
  const withOffsetAt = (epochMs: number) => asUtc - offsetSecondsAt(zone, epochMs) * 1000;
  const before = withOffsetAt(asUtc - DAY_MS);
  const after = withOffsetAt(asUtc + DAY_MS);
  return withOffsetAt(before) !== before && withOffsetAt(after) === after ? after : before;
}

/** Python's `isoformat()` of an instant on clocks in `zone`: `2026-11-24T16:03:01.739000+00:00`, no fraction where it is zero. */
export function isoAt(epochMs: number, zone: string): string {
  const offset = offsetSecondsAt(zone, epochMs);
  const text = new Date(epochMs + offset * 1000).toISOString();
  const withFraction = text.endsWith(".000Z") ? text.slice(0, -5) : `${text.slice(0, -1)}000`;
  return withFraction + (offset === 0 ? "+00:00" : offsetText(offset));
}

function offsetText(seconds: number): string {
  const minutes = Math.abs(Math.trunc(seconds / 60));
  const [hour, minute] = [Math.floor(minutes / 60), minutes % 60].map((value) => String(value).padStart(2, "0"));
  return `${seconds < 0 ? "-" : "+"}${hour}:${minute}`;
}
