import process from "node:process";
import { Deferred } from "../../base/deferred.ts";

export interface ByteLimit<T> {
  readonly bytesOf: (item: T) => number;
  readonly limit: number;
}

/** Collects what is asked for in one tick of the loop and sends it together. */
export class TickBatch<T> {
  readonly #send: (items: readonly T[]) => Promise<void>;
  readonly #limit: number;
  readonly #sizes: ByteLimit<T> | undefined;
  #items: T[] = [];
  #bytes = 0;
  #done = new Deferred<void>();

  /**
   * @param limit items sent at once at most; a longer batch is sent in parts
   * @param sizes where items can be large: a batch is sent as soon as it has so many bytes
   */
  constructor(send: (items: readonly T[]) => Promise<void>, limit: number, sizes?: ByteLimit<T>) {
    this.#send = send;
    this.#limit = limit;
    this.#sizes = sizes;
  }

  /** Resolves when what was sent with the item is done; rejects as `send` did. */
  add(item: T): Promise<void> {
    if (this.#items.length === 0) process.nextTick(() => this.#flush());
    this.#items.push(item);
    const { promise } = this.#done;
    if (this.#sizes !== undefined) this.#bytes += this.#sizes.bytesOf(item);
    if (this.#items.length === this.#limit || this.#bytes >= (this.#sizes?.limit ?? Infinity)) this.#flush();
    return promise;
  }

  #flush(): void {
    const items = this.#items;
    const done = this.#done;
    if (items.length === 0) return;
    this.#items = [];
    this.#bytes = 0;
    this.#done = new Deferred<void>();
    this.#send(items).then(() => done.resolve(), (error) => done.reject(error));
  }
}
