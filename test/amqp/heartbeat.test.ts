import { describe, expect, test } from "vitest";
import { Heartbeat } from "../../lib/amqp/heartbeat.ts";
import { FakeClock } from "../support/fake_clock.ts";

function start(intervalMs = 1000) {
  const clock = new FakeClock();
  const seen = { beats: 0, silences: [] as number[], read: 0, written: 0 };
  const heartbeat = new Heartbeat({
    intervalMs,
    clock,
    bytesRead: () => seen.read,
    bytesWritten: () => seen.written,
    beat: () => {
      seen.beats++;
      seen.written += 8;
    },
    onSilence: (silentMs) => {
      seen.silences.push(silentMs);
      heartbeat.stop();
    },
  });
  return { clock, seen, heartbeat };
}

describe("Heartbeat", () => {
  test("sends when nothing else was sent since it looked last", async () => {
    const { clock, seen, heartbeat } = start();
    seen.read++;

    await clock.advance(500);
    expect(seen.beats).toBe(1);
    seen.written += 100;
    await clock.advance(500);
    expect(seen.beats).toBe(1);

    heartbeat.stop();
  });

  test("gives the peer up when nothing came for two intervals", async () => {
    const { clock, seen } = start();

    await clock.advance(1999);
    expect(seen.silences).toEqual([]);
    await clock.advance(1);

    expect(seen.silences).toEqual([2000]);
    expect(clock.armed).toBe(0);
  });

  test("takes any traffic for a sign of life", async () => {
    const { clock, seen, heartbeat } = start();

    for (let i = 0; i < 10; i++) {
      seen.read++;
      await clock.advance(900);
    }

    expect(seen.silences).toEqual([]);
    heartbeat.stop();
  });

  test("does not blame the peer for a pause of this process, but looks again", async () => {
    const clock = new FakeClock();
    const silences: number[] = [];
    let late = 0;
    const heartbeat = new Heartbeat({
      intervalMs: 1000,
      clock: {
        now: () => clock.now(),
        monotonic: () => clock.monotonic() + late,
        after: (ms, run) => clock.after(ms, run),
      },
      bytesRead: () => 0,
      bytesWritten: () => 0,
      beat: () => {},
      onSilence: (silentMs) => silences.push(silentMs),
    });

    late = 60_000;
    await clock.advance(500);
    expect(silences).toEqual([]);
    await clock.advance(500);
    expect(silences).toHaveLength(1);
    heartbeat.stop();
  });

  test("leaves no timer behind", () => {
    const { clock, heartbeat } = start();

    heartbeat.stop();

    expect(clock.armed).toBe(0);
  });
});
