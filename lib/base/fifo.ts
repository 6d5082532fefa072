/** Slots at the head are given up once there are this many, so that `shift` never moves the whole array. */
const DROP_AT = 1024;

/** A first-in, first-out queue that stays fast however long it grows. It has no limit of its own: whoever fills it has one. */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Puts items before all others, in their order. */
  unshift(items: readonly T[]): void {
    this.#items = items.concat(this.#items.slice(this.#head) as T[]); // only slots before the head are empty
    this.#head = 0;
  }

  /** Removes and returns the oldest item. */
  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (this.#head === this.#items.length) return undefined;
    this.#items[this.#head++] = undefined; // lets go of the memory at once
    if (this.#head === this.#items.length) this.clear();
    else if (this.#head === DROP_AT) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Removes and returns everything, oldest first. */
  takeAll(): T[] {
    const items = this.#items.slice(this.#head) as T[]; // only slots before the head are empty
    this.clear();
    return items;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
