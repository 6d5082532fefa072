import { UsageError } from "./errors.ts";
import { Deferred } from "./deferred.ts";
import { onAbort } from "./abort.ts";

/**
 * A bounded queue between one or many producers and consumers.
 *
 * `push` waits while the queue is full, `shift` while it is empty: whoever is faster is slowed down, and memory stays flat.
 * After `end` what is queued can still be taken; after `fail` nothing can.
 */
export class AsyncQueue<T> {
  readonly #capacity: number;
  #items: T[] = [];
  #takers: Deferred<T | undefined>[] = [];
  #putters: Deferred<void>[] = [];
  #state: { kind: "open" } | { kind: "ended" } | { kind: "failed"; reason: unknown } = { kind: "open" };

  constructor(capacity: number) {
    if (!(capacity >= 1)) throw new UsageError(`Cannot build a queue: expected a capacity from 1, got ${capacity}`);
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#items.length;
  }

  /** Resolves once the item has a place. @throws the reason of `fail`, or UsageError after `end`. */
  async push(item: T, options: { signal?: AbortSignal } = {}): Promise<void> {
    options.signal?.throwIfAborted();
    while (!this.tryPush(item)) {
      const place = new Deferred<void>();
      this.#putters.push(place);
      await this.#wait(place, this.#putters, options.signal);
    }
  }

  /** Queues the item if there is a place now; false if not. */
  tryPush(item: T): boolean {
    if (this.#state.kind === "failed") throw this.#state.reason;
    if (this.#state.kind === "ended") {
      throw new UsageError("Cannot push to the queue: it was ended", { code: "ERR_STATE" });
    }
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      taker.resolve(item);
      return true;
    }
    if (this.#items.length >= this.#capacity) return false;
    this.#items.push(item);
    return true;
  }

  /** Resolves with the oldest item, or `undefined` once the queue was ended and is empty. */
  async shift(options: { signal?: AbortSignal } = {}): Promise<T | undefined> {
    options.signal?.throwIfAborted();
    if (this.#state.kind === "failed") throw this.#state.reason;
    if (this.#items.length > 0) {
      const item = this.#items.shift();
      this.#putters.shift()?.resolve();
      return item;
    }
    if (this.#state.kind === "ended") return undefined;
    const taker = new Deferred<T | undefined>();
    this.#takers.push(taker);
    return await this.#wait(taker, this.#takers, options.signal);
  }

  /** No more items will come; consumers drain what is there. */
  end(): void {
    if (this.#state.kind !== "open") return;
    this.#state = { kind: "ended" };
    for (const taker of this.#takers.splice(0)) taker.resolve(undefined);
    for (const putter of this.#putters.splice(0)) {
      putter.reject(new UsageError("Cannot push to the queue: it was ended", { code: "ERR_STATE" }));
    }
  }

  /** Drops what is queued and rejects everybody who waits, now and later, with `reason`. */
  fail(reason: unknown): void {
    if (this.#state.kind === "failed") return;
    this.#state = { kind: "failed", reason };
    this.#items = [];
    for (const taker of this.#takers.splice(0)) taker.reject(reason);
    for (const putter of this.#putters.splice(0)) putter.reject(reason);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    while (true) {
      const item = await this.shift();
      if (item === undefined) return;
      yield item;
    }
  }

  async #wait<V>(own: Deferred<V>, waiters: Deferred<V>[], signal: AbortSignal | undefined): Promise<V> {
    const stop = onAbort(signal, (reason) => {
      const at = waiters.indexOf(own);
      if (at !== -1) waiters.splice(at, 1);
      own.reject(reason);
    });
    try {
      return await own.promise;
    } finally {
      stop();
    }
  }
}
