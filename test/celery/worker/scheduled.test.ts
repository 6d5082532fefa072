import { describe, expect, test } from "vitest";
import { Scheduled } from "../../../lib/celery/worker/scheduled.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { Seeded } from "../../support/seeded.ts";

describe("Scheduled", () => {
  test("hands out items in the order of their times, whatever the order they came in", async () => {
    const clock = new FakeClock();
    const random = new Seeded();
    const due: number[] = [];
    const scheduled = new Scheduled<number>((item) => due.push(item), clock);
    const times = Array.from({ length: 300 }, () => random.integer(1, 10_000));

    for (const ms of times) scheduled.add(ms, clock.now() + ms);
    await clock.advance(10_000);

    expect(due).toEqual(times.toSorted((a, b) => a - b));
    expect(clock.armed).toBe(0);
  });

  test("keeps items of the same moment in the order they came", async () => {
    const clock = new FakeClock();
    const due: string[] = [];
    const scheduled = new Scheduled<string>((item) => due.push(item), clock);

    for (const item of ["a", "b", "c", "d", "e"]) scheduled.add(item, clock.now() + 5);
    await clock.advance(5);

    expect(due).toEqual(["a", "b", "c", "d", "e"]);
  });

  test("hands out at once what is overdue", () => {
    const due: string[] = [];
    const scheduled = new Scheduled<string>((item) => due.push(item), new FakeClock());

    scheduled.add("late", 0);

    expect(due).toEqual(["late"]);
  });

  test("can be added to from its own call", async () => {
    const clock = new FakeClock();
    const due: string[] = [];
    const scheduled = new Scheduled<string>((item) => {
      due.push(item);
      if (item === "a") scheduled.add("b", clock.now() + 10);
    }, clock);

    scheduled.add("a", clock.now() + 10);
    scheduled.add("c", clock.now() + 30);
    await clock.advance(20);
    expect(due).toEqual(["a", "b"]);
    await clock.advance(10);

    expect(due).toEqual(["a", "b", "c"]);
    expect(clock.armed).toBe(0);
  });

  test("lists what waits and takes out what is doomed", async () => {
    const clock = new FakeClock();
    const due: number[] = [];
    const scheduled = new Scheduled<number>((item) => due.push(item), clock);
    for (const item of [3, 1, 4, 5, 2]) scheduled.add(item, clock.now() + item);

    const removed = scheduled.remove((item) => item % 2 === 1);

    expect(removed.toSorted()).toEqual([1, 3, 5]);
    expect(scheduled.list().map(({ item }) => item)).toEqual([2, 4]);
    await clock.advance(10);
    expect(due).toEqual([2, 4]);
  });
});
