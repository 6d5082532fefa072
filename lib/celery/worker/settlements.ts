import { Deferred } from "../../base/deferred.ts";

/** What was told to the broker and not confirmed yet; a worker that ends waits for it. */
export class Settlements {
  #pending = 0;
  #idle: Deferred<void> | undefined;

  get pending(): number {
    return this.#pending;
  }

  /** @param onError told why the broker could not be told; the message will be delivered again */
  track(settling: Promise<void>, onError: (error: unknown) => void): void {
    this.#pending++;
    settling.then(this.#settled, (error) => {
      onError(error);
      this.#settled();
    });
  }

  readonly #settled = (): void => {
    this.#pending--;
    if (this.#pending === 0) this.#idle?.resolve();
  };

  /** Resolves when nothing is pending. */
  idle(): Promise<void> {
    if (this.#pending === 0) return Promise.resolve();
    if (this.#idle === undefined || this.#idle.settled) this.#idle = new Deferred<void>();
    return this.#idle.promise;
  }
}
