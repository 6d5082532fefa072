import type { Clock, Timer } from "../../lib/base/time.ts";

/** A clock that stands still until it is moved; counts what is armed, so that a test sees a timer that was left behind. */
export class FakeClock implements Clock {
  #at = 0;
  #armed: { readonly at: number; readonly callback: () => void }[] = [];

  now(): number {
    return 1_700_000_000_000 + this.#at;
  }

  monotonic(): number {
    return this.#at;
  }

  after(ms: number, callback: () => void): Timer {
    const entry = { at: this.#at + ms, callback };
    this.#armed.push(entry);
    return { cancel: () => this.#armed = this.#armed.filter((each) => each !== entry) };
  }

  /** Timers that neither fired nor were cancelled. */
  get armed(): number {
    return this.#armed.length;
  }

  /** Moves on by `ms`, firing what becomes due in order; promises settle before and after each. */
  async advance(ms: number): Promise<void> {
    const end = this.#at + ms;
    while (true) {
      await settled();
      const next = this.#armed.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#armed = this.#armed.filter((each) => each !== next);
      this.#at = Math.max(this.#at, next.at);
      next.callback();
    }
    this.#at = end;
    await settled();
  }
}

/** Lets every promise that is ready run its reactions, and theirs. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
