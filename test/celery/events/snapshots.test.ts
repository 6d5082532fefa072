import { describe, expect, test } from "vitest";
import { type Camera, type SnapshotOptions, Snapshots } from "../../../lib/celery/events/snapshots.ts";
import { State } from "../../../lib/celery/events/state.ts";
import { createLogger } from "../../../lib/base/log.ts";
import { FakeClock } from "../../support/fake_clock.ts";

describe("Snapshots", () => {
  test("calls the camera with the state every second, and once more at the end", async () => {
    const { clock, snapshots, seen, beat } = pictures();
    beat();

    await clock.advance(2500);
    beat();
    await snapshots.stop();
    await clock.advance(10_000);

    expect(seen).toEqual([1, 1, 2]);
    expect(clock.armed).toBe(0);
  });

  test("forgets after each picture where the camera wants that, and nothing else", async () => {
    const { clock, snapshots, seen, beat } = pictures({ clearAfter: true }, { frequencyS: 2 });
    beat();
    beat();

    await clock.advance(2000);
    beat();
    await clock.advance(4000);
    await snapshots.stop();

    expect(seen).toEqual([2, 1, 0, 0]);
  });

  test("takes no more pictures than the rate allows, and loses nothing of what lies between them", async () => {
    const { clock, snapshots, seen, beat } = pictures({ clearAfter: true }, { frequencyS: 1, maxRate: "20/m" });

    for (let second = 0; second < 7; second++) {
      beat();
      await clock.advance(1000);
    }
    beat();
    await snapshots.stop();

    expect(seen).toEqual([1, 3, 3, 1]);
  });

  test("waits for a camera that takes its time, and holds the state still for it", async () => {
    let developed = () => {};
    const counts: number[] = [];
    const { clock, snapshots, state, beat } = pictures({
      async onShutter({ eventCount }) {
        counts.push(eventCount);
        await new Promise<void>((resolve) => developed = resolve);
        counts.push(state.eventCount);
      },
    });
    beat();

    await clock.advance(5000);
    beat();
    expect(counts).toEqual([1]);
    developed();
    await clock.advance(0); // late: the next is taken at once
    expect(counts).toEqual([1, 1, 2]);
    const stopping = snapshots.stop();
    developed();
    await clock.advance(0);
    developed();
    await stopping;
    expect(counts).toEqual([1, 1, 2, 2, 2, 2]);
  });

  test("goes on after a camera has failed, and says so", async () => {
    const said: string[] = [];
    const log = createLogger(({ level, message, fields }) => said.push(`${level} ${message}: ${fields.error}`), "info");
    let calls = 0;
    const { clock, snapshots } = pictures({
      onShutter() {
        if (calls++ === 0) throw new Error("disk full");
      },
    }, { log });

    await clock.advance(2000);
    await snapshots.stop();

    expect(calls).toBe(3);
    expect(said).toEqual(["error The camera has failed: Error: disk full"]);
  });

  test("lets the camera clean up every hour", async () => {
    let cleanups = 0;
    const { clock, snapshots } = pictures({ onCleanup: () => void cleanups++ }, { frequencyS: 1000 });

    await clock.advance(3600 * 2000);
    await snapshots.stop();
    await clock.advance(3600 * 2000);

    expect(cleanups).toBe(2);
  });

  test("stops once, however often it is told to, and is not started again", async () => {
    const { clock, snapshots, seen } = pictures();

    await Promise.all([snapshots.stop(), snapshots.stop()]);
    snapshots.start();
    await clock.advance(5000);

    expect(seen).toEqual([0]);
  });

  test.each([{ frequencyS: 0 }, { frequencyS: Number.NaN }, { cleanupS: -1 }])("refuses %j", (options) => {
    expect(() => new Snapshots(new State(), { onShutter() {} }, options)).toThrow("expected a number from 0.001");
  });
});

function pictures(camera: Partial<Camera> = {}, options: SnapshotOptions = {}) {
  const clock = new FakeClock();
  const state = new State({ clock });
  const seen: number[] = [];
  const onShutter = ({ eventCount }: State) => void seen.push(eventCount);
  const snapshots = new Snapshots(state, { onShutter, ...camera }, { clock, ...options });
  snapshots.start();
  const time = { timestamp: 1, local_received: 1 };
  return {
    clock,
    state,
    snapshots,
    seen,
    beat: () => state.event({ ...time, type: "worker-heartbeat", hostname: "a" }),
  };
}
