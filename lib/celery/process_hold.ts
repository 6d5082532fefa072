import { Deferred } from "../base/deferred.ts";

/** Longest delay that setInterval can count. */
const FOREVER_MS = 2 ** 31 - 1;

/**
 * Keeps the process alive while anything is waited for. An app's connections do not (`connect({ background })`), so that a
 * program ends when its last line is done; but not before its last task is published, or its last result is there.
 */
export class ProcessHold {
  #count = 0;
  #handle: ReturnType<typeof setInterval> | undefined;
  #idle: Deferred<void> | undefined;

  take(): void {
    if (this.#count++ === 0) this.#handle = setInterval(() => {}, FOREVER_MS);
  }

  give(): void {
    if (--this.#count > 0) return;
    clearInterval(this.#handle);
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  /** Resolves once nothing is held; at once if nothing is. */
  async idle(): Promise<void> {
    if (this.#count === 0) return;
    this.#idle ??= new Deferred<void>();
    await this.#idle.promise;
  }

  /** Holds until `promise` settles; returns a promise that settles with it. */
  async while<T>(promise: Promise<T>): Promise<T> {
    this.take();
    try {
      return await promise;
    } finally {
      this.give();
    }
  }
}
