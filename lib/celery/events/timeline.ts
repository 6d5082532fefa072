import type { MonitoredTask } from "./monitored_task.ts";

/** When something happened to a task. */
export interface Moment {
  /** Logical clock; 0 where there is none. */
  readonly clock: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** Node and process, which decides between events of the same logical time. */
  readonly origin: string;
  readonly uuid: string;
  /** Of the task: one that was forgotten and is heard of again is another. */
  readonly serial: number;
}

/**
 * What happened, oldest first, by the logical clocks of those who told it. Holds at most `limit` moments: the oldest go.
 *
 * Source: kombu 5.6 kombu/clocks.py `timetuple` · celery 5.6 celery/events/state.py `State._taskheap`
 */
export class Timeline {
  readonly #limit: number;
  /** Those before `#first` are gone; their room is given back when they are as many as the others. */
  #moments: Moment[] = [];
  #first = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(moment: Moment): void {
    if (this.#moments.length - this.#first + 1 > this.#limit) this.#dropFirst();
    const moments = this.#moments;
    const last = moments.at(-1);
    if (last === undefined || moments.length === this.#first || isBefore(last, moment)) {
      moments.push(moment); // as most do
      return;
    }
    let low = this.#first;
    for (let high = moments.length; low < high;) { // behind its equals
      const middle = (low + high) >>> 1;
      const other = moments[middle];
      if (other !== undefined && isBefore(moment, other)) high = middle;
      else low = middle + 1;
    }
    moments.splice(low, 0, moment);
  }

  #dropFirst(): void {
    this.#first++;
    if (this.#first < this.#limit) return;
    this.#moments = this.#moments.slice(this.#first);
    this.#first = 0;
  }

  /** Forgets the moments that `isKept` does not want. */
  keep(isKept: (moment: Moment) => boolean): void {
    this.#moments = this.#moments.slice(this.#first).filter(isKept);
    this.#first = 0;
  }

  /** Each task once, by its latest moment, newest first; or by its first, oldest first. */
  *tasks(find: (moment: Moment) => MonitoredTask | undefined, newestFirst: boolean): Generator<MonitoredTask> {
    const seen = new Set<string>();
    const moments = this.#moments;
    const count = moments.length - this.#first;
    for (let index = 0; index < count; index++) {
      const moment = moments[newestFirst ? moments.length - 1 - index : this.#first + index];
      if (moment === undefined || seen.has(moment.uuid)) continue;
      const task = find(moment);
      if (task === undefined) continue;
      seen.add(moment.uuid);
      yield task;
    }
  }
}

/** By logical clock where both have one, then by who tells it; otherwise by time. */
function isBefore(a: Moment, b: Moment): boolean {
  if (a.clock === 0 || b.clock === 0) return a.timestamp < b.timestamp;
  return a.clock === b.clock ? a.origin < b.origin : a.clock < b.clock;
}
