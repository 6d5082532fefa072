import { asError } from "../../base/errors.ts";
import { type Clock, systemClock } from "../../base/time.ts";
import type { LogLine } from "../worker/log_lines.ts";
import { type BeatEntry, ScheduledEntry } from "./entry.ts";
import * as lines from "./lines.ts";
import type { ScheduleFile } from "./schedule_file.ts";

export interface SchedulerOptions {
  readonly entries: Readonly<Record<string, BeatEntry>>;
  /** Sends an entry's task. @returns its id */
  readonly send: (entry: ScheduledEntry) => Promise<string>;
  readonly log: (line: LogLine) => void;
  /** Where the last runs are remembered; undefined: nowhere. */
  readonly file: ScheduleFile | undefined;
  /** IANA name: setting `timezone`, or UTC. */
  readonly zone: string;
  /** Longest sleep between two looks at the schedule. */
  readonly maxIntervalMs: number;
  /** Runs between two saves; 0: by time alone. */
  readonly syncEveryTasks: number;
  /** Setting `beatCronStartingDeadline`. */
  readonly deadlineSeconds: number | null;
  readonly clock?: Clock;
}

const SYNC_EVERY_MS = 180_000;

/**
 * Knows what is due and sends it.
 *
 * An entry that was never run is taken for run now: its first run is one interval away. A run is counted from when it was sent,
 * not from when it was due, as in Celery.
 *
 * Source: celery 5.6 celery/beat.py `Scheduler`, `PersistentScheduler`
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #clock: Clock;
  readonly #entries: readonly ScheduledEntry[];
  #runsSinceSync = 0;
  #syncedAtMs: number;

  /** Takes up what the file remembers. @throws {UsageError} for a schedule that cannot be, or a file that cannot be used */
  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#entries = this.#load();
    this.#syncedAtMs = this.#clock.monotonic();
    this.sync();
  }

  get entries(): readonly ScheduledEntry[] {
    return this.#entries;
  }

  /**
   * Sends what is due, the longest overdue first.
   *
   * @returns milliseconds until there is something to do
   */
  async tick(): Promise<number> {
    for (const entry of this.#due()) {
      this.#options.log(lines.sendingDue(entry.name, entry.taskName));
      entry.reserve(this.#clock.now());
      try {
        this.#options.log(lines.sent(entry.taskName, await this.#options.send(entry)));
      } catch (error) {
        this.#options.log(lines.cannotSend(entry.name, asError(error).message));
      }
      this.#runsSinceSync++;
      this.#syncIfDue();
    }
    this.#syncIfDue();
    const next = this.#entries.map((entry) => entry.isDue(this.#moment()))
      .map(({ due, nextSeconds }) => due ? 0 : nextSeconds * 1000);
    return Math.min(this.#options.maxIntervalMs, ...next);
  }

  /** Saves when everything ran last. */
  sync(): void {
    const { file, zone, log } = this.#options;
    this.#syncedAtMs = this.#clock.monotonic();
    this.#runsSinceSync = 0;
    if (file === undefined) return;
    log(lines.synchronizing());
    file.save(zone, this.#entries.map((entry) => [entry.name, entry.state]));
  }

  #due(): ScheduledEntry[] {
    const moment = this.#moment();
    return this.#entries.filter((entry) => entry.isDue(moment).due)
      .sort((a, b) => a.state.lastRunAtMs - b.state.lastRunAtMs);
  }

  #moment() {
    const { zone, deadlineSeconds } = this.#options;
    return { nowMs: this.#clock.now(), zone, deadlineSeconds };
  }

  #syncIfDue(): void {
    const { syncEveryTasks } = this.#options;
    const isDue = this.#clock.monotonic() - this.#syncedAtMs > SYNC_EVERY_MS ||
      (syncEveryTasks > 0 && this.#runsSinceSync >= syncEveryTasks);
    if (isDue) this.sync();
  }

  #load(): readonly ScheduledEntry[] {
    const { entries, file, zone, log } = this.#options;
    const loaded = file?.load();
    if (loaded?.damage !== undefined) log(lines.corruptedFile(file?.path ?? "", loaded.damage));
    const isOfOtherZone = loaded?.timezone !== undefined && loaded.timezone !== zone;
    if (isOfOtherZone) log(lines.timezoneChanged(loaded.timezone ?? "", zone));
    const known = isOfOtherZone ? undefined : loaded?.entries;
    const fresh = { lastRunAtMs: this.#clock.now(), totalRunCount: 0 };
    return Object.entries(entries).map(([name, entry]) => new ScheduledEntry(name, entry, known?.get(name) ?? fresh));
  }
}
