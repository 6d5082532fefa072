/** What a child does for a task besides running it: decoding, storing, reporting. Milliseconds. */
const OVERHEAD_MS = 0.1;
/** Weight of a new, shorter measurement; longer ones count in full at once. */
const DECAY = 0.2;
/** Kinds of tasks remembered; beyond it the longest known is forgotten. */
const MAX_KINDS = 10_000;

/**
 * How long tasks of each name take, measured. Slow to believe that a task has become quick, quick to believe that it has
 * become slow: who waits behind it pays for a wrong guess.
 */
export class RunTimes {
  readonly #estimates = new Map<string, number>();
  #typicalMs: number | undefined;

  /** The same over tasks of all names; undefined before the first. */
  get typicalMs(): number | undefined {
    return this.#typicalMs;
  }

  /** Expected milliseconds that a task will occupy a child; undefined for one that was never seen. */
  estimate(task: string): number | undefined {
    return this.#estimates.get(task);
  }

  measured(task: string, ms: number): void {
    const taken = ms + OVERHEAD_MS;
    const before = this.#estimates.get(task);
    if (before === undefined && this.#estimates.size >= MAX_KINDS) {
      for (const [oldest] of this.#estimates) {
        this.#estimates.delete(oldest);
        break;
      }
    }
    this.#estimates.set(task, decayed(before, taken));
    this.#typicalMs = decayed(this.#typicalMs, taken);
  }
}

function decayed(before: number | undefined, taken: number): number {
  return before === undefined || taken >= before ? taken : before + (taken - before) * DECAY;
}
