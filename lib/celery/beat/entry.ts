import type { ApplyOptions } from "../apply_options.ts";
import type { AnySignature } from "../canvas/signature.ts";
import { type DueState, type Moment, type Schedule, type ScheduleLike, scheduleOf } from "./schedule.ts";

/** One entry of the setting `beatSchedule`. */
export interface BeatEntry {
  /** Registered name of the task, here or in the workers; or a signature, which may be a chain, a group or a chord. */
  readonly task: string | AnySignature;
  readonly schedule: ScheduleLike;
  /** Functions among them are called each time, for values that change: `() => Date.now()`. */
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly options?: ApplyOptions;
  /** An interval of a day or more runs at midnight, of an hour or more on the hour, and so on. Default false. */
  readonly relative?: boolean;
}

/** What beat remembers of an entry. */
export interface EntryState {
  readonly lastRunAtMs: number;
  readonly totalRunCount: number;
}

/** An entry at work: when it ran last, and how often. */
export class ScheduledEntry {
  readonly name: string;
  readonly entry: BeatEntry;
  readonly schedule: Schedule;
  /** Name of the task, for logs. */
  readonly taskName: string;
  #lastRunAtMs: number;
  #totalRunCount: number;

  /** @throws {UsageError} for a schedule that is none */
  constructor(name: string, entry: BeatEntry, state: EntryState) {
    this.name = name;
    this.entry = entry;
    this.schedule = scheduleOf(entry.schedule, entry.relative);
    this.taskName = typeof entry.task === "string" ? entry.task : entry.task.node.task;
    this.#lastRunAtMs = state.lastRunAtMs;
    this.#totalRunCount = state.totalRunCount;
  }

  get state(): EntryState {
    return { lastRunAtMs: this.#lastRunAtMs, totalRunCount: this.#totalRunCount };
  }

  isDue(moment: Moment): DueState {
    return this.schedule.isDue(this.#lastRunAtMs, moment);
  }

  /** It is run now; said before it is sent, so that one that cannot be sent is not tried for ever. */
  reserve(nowMs: number): void {
    this.#lastRunAtMs = nowMs;
    this.#totalRunCount++;
  }

  /** Arguments of this run. */
  evaluate(): { readonly args: readonly unknown[]; readonly kwargs: Readonly<Record<string, unknown>> } {
    const { args = [], kwargs = {} } = this.entry;
    const valueOf = (value: unknown) => typeof value === "function" ? value() : value;
    return {
      args: args.map(valueOf),
      kwargs: Object.fromEntries(Object.entries(kwargs).map(([name, value]) => [name, valueOf(value)])),
    };
  }
}
