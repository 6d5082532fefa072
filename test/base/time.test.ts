import { describe, expect, test } from "vitest";
import { backgroundClock, delay, systemClock, withDeadline } from "../../lib/base/time.ts";
import { TimeoutError } from "../../lib/base/errors.ts";
import { FakeClock } from "../support/fake_clock.ts";

const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;

describe("systemClock", () => {
  test("does not fire at once for waits beyond what setTimeout can count", async () => {
    let fired = false;
    const timer = systemClock.after(2 ** 31 + 5, () => fired = true);

    await delay(5);
    timer.cancel();

    expect(fired).toBe(false);
  });

  test("may be cancelled twice, and after it fired", async () => {
    const timer = systemClock.after(0, () => {});
    await delay(2);

    timer.cancel();
    timer.cancel();
  });
});

describe("backgroundClock", () => {
  test("fires, but does not keep the process alive", async () => {
    const before = timers();

    await new Promise<void>((resolve) => {
      backgroundClock.after(1, resolve);
      expect(timers()).toBe(before);
    });
  });
});

describe("delay", () => {
  test("resolves when its time is over", async () => {
    const clock = new FakeClock();
    let over = false;
    delay(100, { clock }).then(() => over = true);

    await clock.advance(99);
    expect(over).toBe(false);
    await clock.advance(1);
    expect(over).toBe(true);
  });

  test("rejects with the signal's own reason and leaves no timer", async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const waiting = delay(100, { clock, signal: stop.signal });

    stop.abort("enough");

    await expect(waiting).rejects.toBe("enough");
    await expect(delay(100, { clock, signal: stop.signal })).rejects.toBe("enough");
    expect(clock.armed).toBe(0);
  });
});

describe("withDeadline", () => {
  test("passes on what comes in time and disarms", async () => {
    const clock = new FakeClock();

    expect(await withDeadline(Promise.resolve(1), { timeoutMs: 10, clock, what: "wait" })).toBe(1);
    await expect(withDeadline(Promise.reject("no"), { timeoutMs: 10, clock, what: "wait" })).rejects.toBe("no");
    expect(clock.armed).toBe(0);
  });

  test("says what was waited for, and how long", async () => {
    const clock = new FakeClock();
    const waiting = withDeadline(new Promise(() => {}), { timeoutMs: 250, clock, what: "reach the broker" });
    const checked = expect(waiting).rejects.toThrow(
      new TimeoutError("Cannot reach the broker: nothing came within 250 ms", 250),
    );

    await clock.advance(250);

    await checked;
  });

  test("rejects with the signal's reason, before or while it waits", async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const options = { timeoutMs: 10, clock, signal: stop.signal, what: "wait" };
    const waiting = withDeadline(new Promise(() => {}), options);

    stop.abort("enough");

    await expect(waiting).rejects.toBe("enough");
    await expect(withDeadline(Promise.reject("late"), options)).rejects.toBe("enough");
    expect(clock.armed).toBe(0);
  });

  test("lets the promise fail after the deadline without an unhandled rejection", async () => {
    const clock = new FakeClock();
    let fail = (_: unknown) => {};
    const waiting = withDeadline(new Promise((_, reject) => fail = reject), { timeoutMs: 1, clock, what: "wait" });
    waiting.catch(() => {});

    await clock.advance(1);
    fail("late");
    await clock.advance(0);
  });

  test("leaves no timer of the system behind", async () => {
    const before = timers();

    await withDeadline(Promise.resolve(), { timeoutMs: 60_000, what: "wait" });
    await delay(60_000, { signal: AbortSignal.timeout(1) }).catch(() => {});

    expect(timers()).toBeLessThanOrEqual(before);
  });
});
