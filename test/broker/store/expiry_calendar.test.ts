import { describe, expect, test } from "vitest";
import { ExpiryCalendar } from "../../../lib/broker/store/expiry_calendar.ts";

describe("ExpiryCalendar", () => {
  test("names the keys of seconds that are over, and none twice", () => {
    const calendar = new ExpiryCalendar();
    calendar.add("a", 1500);
    calendar.add("b", 1999);
    calendar.add("c", 2000);

    expect(calendar.due(1999, 10)).toEqual([]);
    expect(calendar.due(2000, 10)).toEqual(["a", "b"]);
    for (const [key, at] of [["a", 1500], ["b", 1999]] as const) calendar.remove(key, at);

    expect(calendar.due(2999, 10)).toEqual([]);
    expect(calendar.due(90_000, 10)).toEqual(["c"]);
    calendar.remove("c", 2000);
    expect(calendar.isEmpty).toBe(true);
  });

  test("names what is left over the limit at the next call, and what was added to the past", () => {
    const calendar = new ExpiryCalendar();
    for (const key of ["a", "b", "c"]) calendar.add(key, 1000);

    const first = calendar.due(5000, 2);
    for (const key of first) calendar.remove(key, 1000);
    expect(first).toHaveLength(2);
    calendar.add("late", 500);

    expect(calendar.due(5000, 10)).toHaveLength(2);
  });

  test("forgets keys that were moved", () => {
    const calendar = new ExpiryCalendar();
    calendar.add("a", 1000);
    calendar.remove("a", 1000);
    calendar.add("a", 9000);

    expect(calendar.due(5000, 10)).toEqual([]);
    expect(calendar.due(10_000, 10)).toEqual(["a"]);
  });
});
