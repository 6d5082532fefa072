import { PyroRemoteError } from "../wire/errors.ts";

/** Fetches and ends one stream at its daemon. */
export interface StreamControl {
  /** @throws {PyroRemoteError} StopIteration at the end; what the far generator throws */
  nextStreamItem(id: string): Promise<unknown>;
  /** Returns when the daemon was told; it does not answer. */
  closeStream(id: string): Promise<void>;
}

/**
 * The result of a far generator: its items, fetched one by one.
 *
 *     for await (const item of await proxy.countTo(3)) …
 *
 * Leaving the loop early closes the stream at the daemon.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `_StreamResultIterator`
 */
export class RemoteStream<T = unknown> implements AsyncIterableIterator<T> {
  readonly #id: string;
  readonly #control: StreamControl;
  #isEnded = false;

  constructor(id: string, control: StreamControl) {
    this.#id = id;
    this.#control = control;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.#isEnded) return { done: true, value: undefined };
    try {
      return { done: false, value: await this.#control.nextStreamItem(this.#id) as T };
    } catch (error) {
      if (error instanceof PyroRemoteError) this.#isEnded = true; // the daemon has forgotten it
      if (error instanceof PyroRemoteError && error.remoteType === "builtins.StopIteration") {
        return { done: true, value: undefined };
      }
      throw error;
    }
  }

  /** Ends the stream before its end; again or at its end it does nothing. */
  async return(): Promise<IteratorResult<T, undefined>> {
    if (!this.#isEnded) {
      this.#isEnded = true;
      await this.#control.closeStream(this.#id);
    }
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
