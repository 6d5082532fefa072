import { CommandError } from "../command_error.ts";

/** Iterations that nobody goes on with are forgotten once so many others have begun. */
const MAX_CURSORS = 1024;

/**
 * The running SCAN, HSCAN, SSCAN and ZSCAN iterations.
 *
 * JavaScript's maps keep their order, and their iterators go on correctly while entries come and go, so an iterator gives
 * Redis' guarantee (what is there from beginning to end is returned) and more: nothing comes twice.
 */
export class ScanCursors {
  readonly #running = new Map<number, Iterator<unknown>>();
  #last = 0;

  /** Begins an iteration. */
  open(items: Iterator<unknown>): number {
    if (this.#running.size >= MAX_CURSORS) {
      const [oldest] = this.#running.keys();
      if (oldest !== undefined) this.#running.delete(oldest);
    }
    this.#last++;
    this.#running.set(this.#last, items);
    return this.#last;
  }

  /**
   * Takes the next `count` items.
   * @returns the items, and whether the iteration has ended: after the last item it may take one more, empty call
   * @throws {CommandError} for a cursor that is not known, or not any more
   */
  take(cursor: number, count: number): { items: unknown[]; isDone: boolean } {
    const iterator = this.#running.get(cursor);
    if (iterator === undefined) {
      throw new CommandError(`ERR invalid cursor: it has ended, or ${MAX_CURSORS} newer scans have begun`);
    }
    this.#running.delete(cursor);
    const items: unknown[] = [];
    while (items.length < count) {
      const next = iterator.next();
      if (next.done) return { items, isDone: true };
      items.push(next.value);
    }
    this.#running.set(cursor, iterator); // behind the others: it was used last
    return { items, isDone: false };
  }
}
