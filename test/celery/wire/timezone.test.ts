import { describe, expect, test } from "vitest";
import { PyDateTime } from "../../../lib/base/pyvalue.ts";
import { checkTimezone, epochMsOf, isoAt, offsetSecondsAt } from "../../../lib/celery/wire/timezone.ts";

describe("isoAt", () => {
  test.each([
    [Date.UTC(2026, 10, 24, 16, 3, 1, 739), "UTC", "2026-11-24T16:03:01.739000+00:00"],
    [Date.UTC(2026, 10, 24, 16, 3, 1), "UTC", "2026-11-24T16:03:01+00:00"],
    [Date.UTC(2026, 10, 24, 16, 3, 1), "Europe/Berlin", "2026-11-24T17:03:01+01:00"],
    [Date.UTC(2026, 6, 24, 16, 3, 1), "Europe/Berlin", "2026-07-24T18:03:01+02:00"],
    [Date.UTC(2026, 6, 24, 16, 3, 1), "America/St_Johns", "2026-07-24T13:33:01-02:30"],
    [Date.UTC(2026, 0, 1, 0, 0, 0), "Asia/Kathmandu", "2026-01-01T05:45:00+05:45"],
  ])("writes %i in %s as Python's isoformat does", (epochMs, zone, text) => {
    expect(isoAt(epochMs, zone)).toBe(text);
  });
});

describe("epochMsOf", () => {
  // datetime(…, tzinfo=ZoneInfo(zone)).timestamp() of CPython 3.11
  test.each([
    ["2026-11-24T17:00:00", "Europe/Berlin", Date.UTC(2026, 10, 24, 16)],
    ["2026-10-25T02:30:00", "Europe/Berlin", Date.UTC(2026, 9, 25, 0, 30)], // twice on the clock: the earlier one
    ["2026-10-25T03:30:00", "Europe/Berlin", Date.UTC(2026, 9, 25, 2, 30)],
    ["2026-03-29T02:30:00", "Europe/Berlin", Date.UTC(2026, 2, 29, 1, 30)], // never on the clock
    ["2026-11-24T17:00:00+05:00", "Europe/Berlin", Date.UTC(2026, 10, 24, 12)],
  ])("reads %s in %s", (text, zone, epochMs) => {
    expect(epochMsOf(PyDateTime.parse(text), zone)).toBe(epochMs);
  });
});

describe("offsetSecondsAt", () => {
  test("follows daylight saving", () => {
    expect(offsetSecondsAt("Europe/Berlin", Date.UTC(2026, 0, 1))).toBe(3600);
    expect(offsetSecondsAt("Europe/Berlin", Date.UTC(2026, 6, 1))).toBe(7200);
    expect(offsetSecondsAt("UTC", 0)).toBe(0);
  });
});

describe("checkTimezone", () => {
  test("refuses a zone that nobody knows", () => {
    expect(checkTimezone("Europe/Berlin")).toBe("Europe/Berlin");
    expect(() => checkTimezone("Mars/Olympus")).toThrow('Cannot use timezone: "Mars/Olympus" is not a known IANA name');
  });
});
