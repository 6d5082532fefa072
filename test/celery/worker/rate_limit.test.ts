import { describe, expect, test } from "vitest";
import { parseRate, RateLimit } from "../../../lib/celery/worker/rate_limit.ts";
import { FakeClock } from "../../support/fake_clock.ts";

describe("parseRate", () => {
  test.each([["10", 10], ["10/s", 10], ["30/m", 0.5], ["1800/h", 0.5], [5, 5], [0, 0], [null, 0], ["", 0]])(
    "reads %j as %j tasks a second",
    (limit, expected) => expect(parseRate(limit)).toBe(expected),
  );

  test("complains in Python's words", () => {
    expect(() => parseRate("bad")).toThrow("could not convert string to float: 'bad'");
  });
});

describe("RateLimit", () => {
  test("lets one through at once and the others in their turn", async () => {
    const clock = new FakeClock();
    const released: string[] = [];
    const limit = new RateLimit<string>(2, (item) => released.push(item), clock);

    for (const item of ["a", "b", "c"]) limit.add(item);
    expect(released).toEqual(["a"]);
    await clock.advance(500);
    expect(released).toEqual(["a", "b"]);
    await clock.advance(500);

    expect(released).toEqual(["a", "b", "c"]);
    expect(clock.armed).toBe(0);
  });

  test("saves no more than one token while nobody comes", async () => {
    const clock = new FakeClock();
    const released: string[] = [];
    const limit = new RateLimit<string>(1, (item) => released.push(item), clock);
    await clock.advance(60_000);

    for (const item of ["a", "b"]) limit.add(item);

    expect(released).toEqual(["a"]);
    limit.clear();
  });

  test("gives back who waits, and stops its timer", () => {
    const clock = new FakeClock();
    const limit = new RateLimit<string>(1, () => {}, clock);
    for (const item of ["a", "b", "c"]) limit.add(item);

    expect(limit.clear()).toEqual(["b", "c"]);
    expect(clock.armed).toBe(0);
  });
});
