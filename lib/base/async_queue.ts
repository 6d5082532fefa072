import { UsageError } from "./errors.ts";
import { Deferred } from "./deferred.ts";
import { onAbort } from "./abort.ts";

/**
 * A bounded queue between one or many producers and consumers.
 *
 * `push` waits while the queue is full, `shift` while it is empty: whoever is faster is slowed down, and memory stays flat.
 * Items come out in the order in which `push` was called, also those that had to wait.
 * After `end` what is queued can still be taken; after `fail` nothing can.
 */
export class AsyncQueue<T> {
  readonly #capacity: number;
  #items: T[] = [];
  #takers: Deferred<T | undefined>[] = [];
  #putters: Putter<T>[] = []; // waits only while the queue is full, oldest first
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
    if (this.tryPush(item)) return;
    const putter = { item, place: new Deferred<void>() };
    this.#putters.push(putter);
    await wait(putter.place, () => remove(this.#putters, putter), options.signal);
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

  /** Resolves with the oldest item, or `undefined` once the queue was ended and is empty (an item that is `undefined` looks the same). */
  async shift(options: { signal?: AbortSignal } = {}): Promise<T | undefined> {
    options.signal?.throwIfAborted();
    if (this.#state.kind === "failed") throw this.#state.reason;
    if (this.#items.length > 0) {
      const item = this.#items.shift();
      const next = this.#putters.shift();
      if (next !== undefined) { // moved in here, so that nobody can take the place from who waited longest
        this.#items.push(next.item);
        next.place.resolve();
      }
      return item;
    }
    if (this.#state.kind === "ended") return undefined;
    const taker = new Deferred<T | undefined>();
    this.#takers.push(taker);
    return await wait(taker, () => remove(this.#takers, taker), options.signal);
  }

  /** No more items will come; consumers drain what is there. */
  end(): void {
    if (this.#state.kind !== "open") return;
    this.#state = { kind: "ended" };
    for (const taker of this.#takers.splice(0)) taker.resolve(undefined);
    for (const { place } of this.#putters.splice(0)) {
      place.reject(new UsageError("Cannot push to the queue: it was ended", { code: "ERR_STATE" }));
    }
  }

  /** Drops what is queued and rejects everybody who waits, now and later, with `reason`. */
  fail(reason: unknown): void {
    if (this.#state.kind === "failed") return;
    this.#state = { kind: "failed", reason };
    this.#items = [];
    for (const taker of this.#takers.splice(0)) taker.reject(reason);
    for (const { place } of this.#putters.splice(0)) place.reject(reason);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    while (true) {
      const item = await this.shift();
      if (item === undefined) return;
      yield item;
    }
  }
}

/** Who waits for a place, with what it brings. */
interface Putter<T> {
  readonly item: T;
  readonly place: Deferred<void>;
}

function remove<W>(waiters: W[], own: W): void {
  const at = waiters.indexOf(own);
  if (at !== -1) waiters.splice(at, 1);
}

async function wait<V>(own: Deferred<V>, leave: () => void, signal: AbortSignal | undefined): Promise<V> {
  const stop = onAbort(signal, (reason) => {
    leave();
    own.reject(reason);
  });
  try {
    return await own.promise;
  } finally {
    stop();
  }
}
