import process from "node:process";
import { Deferred } from "../../base/deferred.ts";

/** Collects what is asked for in one tick of the loop and sends it together. */
export class TickBatch<T> {
  readonly #send: (items: readonly T[]) => Promise<void>;
  readonly #limit: number;
  #items: T[] = [];
  #done = new Deferred<void>();

  /** @param limit items sent at once at most; a longer batch is sent in parts */
  constructor(send: (items: readonly T[]) => Promise<void>, limit: number) {
    this.#send = send;
    this.#limit = limit;
  }

  /** Resolves when what was sent with the item is done; rejects as `send` did. */
  add(item: T): Promise<void> {
    if (this.#items.length === 0) process.nextTick(() => this.#flush());
    this.#items.push(item);
    const { promise } = this.#done;
    if (this.#items.length === this.#limit) this.#flush();
    return promise;
  }

  #flush(): void {
    const items = this.#items;
    const done = this.#done;
    if (items.length === 0) return;
    this.#items = [];
    this.#done = new Deferred<void>();
    this.#send(items).then(() => done.resolve(), (error) => done.reject(error));
  }
}
