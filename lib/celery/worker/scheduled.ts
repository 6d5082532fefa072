import { type Clock, systemClock, type Timer } from "../../base/time.ts";

interface Entry<T> {
  readonly dueMs: number;
  /** Breaks ties: first come, first served. */
  readonly order: number;
  readonly item: T;
}

function isBefore(a: Entry<unknown>, b: Entry<unknown>): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

/** The wall clock may be set while we wait: look at it again this often at least. */
const LONGEST_WAIT_MS = 30_000;

/**
 * Items that wait for a moment of the wall clock: a binary heap and one timer.
 *
 * Owns: the timer while anything waits; `clear` cancels it.
 */
export class Scheduled<T> {
  readonly #heap: Entry<T>[] = [];
  readonly #onDue: (item: T) => void;
  readonly #clock: Clock;
  #order = 0;
  #timer: Timer | undefined;

  /** @param onDue called once for each item at its time or a little later, in order of time */
  constructor(onDue: (item: T) => void, clock: Clock = systemClock) {
    this.#onDue = onDue;
    this.#clock = clock;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** @param dueMs milliseconds since the epoch; a time in the past is due in this call */
  add(item: T, dueMs: number): void {
    this.#push({ dueMs, order: this.#order++, item });
    if (this.#heap[0]?.item === item) this.#arm();
  }

  /** What waits, the next first. */
  list(): { readonly item: T; readonly dueMs: number }[] {
    return this.#heap.toSorted((a, b) => isBefore(a, b) ? -1 : 1);
  }

  /** Takes out whatever `doomed` says; linear in what waits. */
  remove(doomed: (item: T) => boolean): T[] {
    const removed: T[] = [];
    const kept = this.#heap.filter((entry) => {
      if (!doomed(entry.item)) return true;
      removed.push(entry.item);
      return false;
    });
    if (removed.length === 0) return removed;
    this.#heap.length = 0;
    for (const entry of kept) this.#push(entry);
    this.#arm();
    return removed;
  }

  /** Takes everything out. */
  clear(): T[] {
    return this.remove(() => true);
  }

  #arm(): void {
    this.#disarm();
    for (let next = this.#heap[0]; next !== undefined; next = this.#heap[0]) {
      const waitMs = next.dueMs - this.#clock.now();
      if (waitMs > 0) {
        this.#disarm(); // `onDue` may have armed one by adding something
        this.#timer = this.#clock.after(Math.min(waitMs, LONGEST_WAIT_MS), () => this.#arm());
        return;
      }
      this.#pop();
      this.#onDue(next.item);
    }
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #push(entry: Entry<T>): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt];
      if (parent === undefined || !isBefore(entry, parent)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    while (true) {
      let childAt = 2 * at + 1;
      const left = heap[childAt];
      const right = heap[childAt + 1];
      if (left === undefined) break;
      let child = left;
      if (right !== undefined && isBefore(right, left)) {
        child = right;
        childAt++;
      }
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = last;
  }
}
