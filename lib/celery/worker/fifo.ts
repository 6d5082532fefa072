/** A queue with cheap ends: adding at the back or the front and taking from the front cost the same however long it is. */
export class Fifo<T> {
  /** Read from `#head` on; the part before it is dropped now and then. */
  #items: T[] = [];
  #head = 0;
  /** Put back in front, last one first. */
  #front: T[] = [];

  get size(): number {
    return this.#items.length - this.#head + this.#front.length;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Puts items back in front, in their order. */
  unshift(items: readonly T[]): void {
    for (let i = items.length - 1; i >= 0; i--) this.#front.push(items[i] as T);
  }

  peek(): T | undefined {
    return this.#front.length > 0 ? this.#front[this.#front.length - 1] : this.#items[this.#head];
  }

  shift(): T | undefined {
    if (this.#front.length > 0) return this.#front.pop();
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head++];
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes out whatever `doomed` says; linear. */
  remove(doomed: (item: T) => boolean): T[] {
    const removed: T[] = [];
    const keep = (item: T) => {
      if (!doomed(item)) return true;
      removed.push(item);
      return false;
    };
    const kept = [...this].filter(keep);
    this.#items = kept;
    this.#head = 0;
    this.#front = [];
    return removed;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let i = this.#front.length - 1; i >= 0; i--) yield this.#front[i] as T;
    for (let i = this.#head; i < this.#items.length; i++) yield this.#items[i] as T;
  }
}
