import { describe, expect, test } from "vitest";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crontab } from "../../../lib/celery/beat/crontab.ts";
import type { BeatEntry, ScheduledEntry } from "../../../lib/celery/beat/entry.ts";
import { ScheduleFile } from "../../../lib/celery/beat/schedule_file.ts";
import { Scheduler } from "../../../lib/celery/beat/scheduler.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { testDir } from "../../support/temp_dir.ts";

/** A scheduler on a clock that is moved by hand, and everything it sends and says. */
function scheduled(
  entries: Record<string, BeatEntry>,
  options: { clock?: FakeClock; file?: ScheduleFile; zone?: string; fails?: boolean; syncEveryTasks?: number } = {},
) {
  const { clock = new FakeClock(), file, zone = "UTC", fails = false, syncEveryTasks = 0 } = options;
  const sent: [name: string, ...args: unknown[]][] = [];
  const log: string[] = [];
  const scheduler = new Scheduler({
    entries,
    send: (entry: ScheduledEntry) => {
      sent.push([entry.name, ...entry.evaluate().args]);
      return fails ? Promise.reject(new Error("nobody listens")) : Promise.resolve("an-id");
    },
    log: ({ level, text }) => log.push(`${level} ${text}`),
    file,
    zone,
    maxIntervalMs: 300_000,
    syncEveryTasks,
    deadlineSeconds: null,
    clock,
  });
  return { scheduler, sent, log, clock };
}

describe("Scheduler", () => {
  test("sends an entry one interval after it was seen first, and then again and again", async () => {
    const { scheduler, sent, clock, log } = scheduled({ tick: { task: "proj.tick", schedule: 30, args: [1] } });

    expect(await scheduler.tick()).toBe(30_000);
    await clock.advance(30_000);
    expect(await scheduler.tick()).toBe(30_000);
    await clock.advance(29_000);
    expect(await scheduler.tick()).toBe(1000);

    expect(sent).toEqual([["tick", 1]]);
    expect(log).toContain("INFO Scheduler: Sending due task tick (proj.tick)");
    expect(log).toContain("DEBUG proj.tick sent. id->an-id");
  });

  test("counts an interval from when it was sent, not from when it was due", async () => {
    const { scheduler, sent, clock } = scheduled({ tick: { task: "proj.tick", schedule: 10 } });

    await clock.advance(34_000);

    expect(await scheduler.tick()).toBe(10_000);
    expect(sent).toHaveLength(1);
  });

  test("sleeps no longer than its longest interval", async () => {
    const { scheduler } = scheduled({ yearly: { task: "t", schedule: 31_536_000 } });
    const { scheduler: idle } = scheduled({});

    expect(await scheduler.tick()).toBe(300_000);
    expect(await idle.tick()).toBe(300_000);
  });

  test("sends several that are due in the order in which they ran last", async () => {
    const { scheduler, sent, clock } = scheduled({
      slow: { task: "t", schedule: 20 },
      quick: { task: "t", schedule: 5 },
    });

    await clock.advance(10_000);
    await scheduler.tick();
    await clock.advance(10_000);
    await scheduler.tick();

    expect(sent.map(([name]) => name)).toEqual(["quick", "slow", "quick"]);
  });

  test("runs crontabs by the clocks of the zone", async () => {
    const clock = new FakeClock(); // 2023-11-14 22:13:20 UTC
    const { scheduler } = scheduled({ early: { task: "t", schedule: crontab({ hour: 0, minute: 0 }) } }, {
      clock,
      zone: "Europe/Berlin",
    });

    expect(await scheduler.tick()).toBe(300_000);
    await clock.advance((46 * 60 + 30) * 1000);
    expect(await scheduler.tick()).toBe(10_000);
  });

  test("goes on after a task that could not be sent, and does not send it at once again", async () => {
    const { scheduler, sent, clock, log } = scheduled({ tick: { task: "t", schedule: 10 } }, { fails: true });

    await clock.advance(10_000);

    expect(await scheduler.tick()).toBe(10_000);
    expect(sent).toHaveLength(1);
    expect(log).toContain("ERROR Message Error: Couldn't apply scheduled task tick: nobody listens");
  });

  test("calls the functions among its arguments each time", async () => {
    let count = 0;
    const { scheduler, sent, clock } = scheduled({
      tick: { task: "t", schedule: 10, args: [() => ++count, "as it is"] },
    });

    for (const _ of [1, 2]) {
      await clock.advance(10_000);
      await scheduler.tick();
    }

    expect(sent).toEqual([["tick", 1, "as it is"], ["tick", 2, "as it is"]]);
  });
});

describe("ScheduleFile", () => {
  const every10: Record<string, BeatEntry> = { tick: { task: "t", schedule: 10 } };

  test("hands on what ran last, and forgets entries that are gone", async () => {
    const file = new ScheduleFile(join(testDir(), "schedule"));
    const clock = new FakeClock();
    const first = scheduled({ ...every10, gone: { task: "t", schedule: 10 } }, { clock, file });
    await clock.advance(10_000);
    await first.scheduler.tick();
    first.scheduler.sync();
    await clock.advance(4000);

    const second = scheduled({ ...every10, fresh: { task: "t", schedule: 60 } }, { clock, file });

    expect(await second.scheduler.tick()).toBe(6000);
    expect(second.scheduler.entries.map(({ name, state }) => [name, state.totalRunCount])).toEqual([
      ...[["tick", 1], ["fresh", 0]],
    ]);
    expect(Object.keys(JSON.parse(readFileSync(file.path, "utf8")).entries)).toEqual(["tick", "fresh"]);
  });

  test("runs at once what was missed while nobody ran it", async () => {
    const file = new ScheduleFile(join(testDir(), "schedule"));
    const clock = new FakeClock();
    scheduled(every10, { clock, file });
    await clock.advance(3_600_000);

    const { scheduler, sent } = scheduled(every10, { clock, file });
    await scheduler.tick();

    expect(sent).toHaveLength(1);
  });

  test("is written after as many runs as the settings say", async () => {
    const file = new ScheduleFile(join(testDir(), "schedule"));
    const { scheduler, clock } = scheduled(every10, { file, syncEveryTasks: 2 });
    const runs = () => JSON.parse(readFileSync(file.path, "utf8")).entries.tick.total_run_count;

    await clock.advance(10_000);
    await scheduler.tick();
    expect(runs()).toBe(0);
    await clock.advance(10_000);
    await scheduler.tick();
    expect(runs()).toBe(2);
  });

  test("begins anew, and says so, where the timezone has changed", () => {
    const file = new ScheduleFile(join(testDir(), "schedule"));
    scheduled(every10, { file });

    const { log } = scheduled(every10, { file, zone: "Europe/Berlin" });

    expect(log).toContain("WARNING Reset: Timezone changed from 'UTC' to 'Europe/Berlin'");
  });

  test("removes a damaged file, and says so", () => {
    const file = new ScheduleFile(join(testDir(), "schedule.json"));
    writeFileSync(file.path, '{"version": 1, "entr');

    const { log } = scheduled(every10, { file });

    expect(log[0]).toMatch(/^ERROR Removing corrupted schedule file '.*schedule\.json': /);
    expect(JSON.parse(readFileSync(file.path, "utf8"))).toMatchObject({ version: 1, timezone: "UTC" });
  });

  test("refuses a folder that is not there, with its path", () => {
    const file = new ScheduleFile(join(testDir(), "nowhere", "schedule"));

    expect(() => scheduled(every10, { file })).toThrow(`Cannot write the schedule file ${file.path}: ENOENT`);
  });
});
