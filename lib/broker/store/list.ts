/** Rough cost of one element beside its bytes: the string's own header and its place in the ring. */
const ELEMENT_BYTES = 32;
const FIRST_CAPACITY = 8;

/** What reading commands see of a list. */
export type ReadonlyList = Pick<List, "kind" | "size" | "bytes" | "at" | "slice" | "indexOf" | "clone">;

/**
 * A list: a ring of strings that grows and shrinks by halves, so that both ends and every index are O(1).
 *
 * Strings are binary: one character a byte.
 */
export class List {
  readonly kind = "list";
  #ring: (string | undefined)[] = new Array<string | undefined>(FIRST_CAPACITY).fill(undefined);
  #head = 0; // place of the leftmost element
  #size = 0;
  #bytes = 0;

  get size(): number {
    return this.#size;
  }

  /** Estimated memory. */
  get bytes(): number {
    return this.#bytes;
  }

  pushLeft(value: string): void {
    if (this.#size === this.#ring.length) this.#resize(this.#size * 2);
    this.#head = (this.#head - 1) & (this.#ring.length - 1);
    this.#ring[this.#head] = value;
    this.#size++;
    this.#bytes += value.length + ELEMENT_BYTES;
  }

  pushRight(value: string): void {
    if (this.#size === this.#ring.length) this.#resize(this.#size * 2);
    this.#ring[this.#place(this.#size)] = value;
    this.#size++;
    this.#bytes += value.length + ELEMENT_BYTES;
  }

  popLeft(): string | undefined {
    if (this.#size === 0) return undefined;
    const value = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = this.#place(1);
    this.#shrunk(value);
    return value;
  }

  popRight(): string | undefined {
    if (this.#size === 0) return undefined;
    const place = this.#place(this.#size - 1);
    const value = this.#ring[place];
    this.#ring[place] = undefined;
    this.#shrunk(value);
    return value;
  }

  /** The element at `index`; negative ones count from the right, -1 being the last. */
  at(index: number): string | undefined {
    const from = index < 0 ? index + this.#size : index;
    return from < 0 || from >= this.#size ? undefined : this.#ring[this.#place(from)];
  }

  /** Replaces the element at `index`. @returns false if there is none. */
  set(index: number, value: string): boolean {
    const before = this.at(index);
    if (before === undefined) return false;
    this.#ring[this.#place(index < 0 ? index + this.#size : index)] = value;
    this.#bytes += value.length - before.length;
    return true;
  }

  /** Elements from `start` up to but without `end`, both from 0. */
  slice(start = 0, end = this.#size): string[] {
    const out: string[] = [];
    for (let i = start; i < end; i++) {
      const value = this.#ring[this.#place(i)];
      if (value !== undefined) out.push(value);
    }
    return out;
  }

  /** Index of the first element from the left equal to `value`, or -1. */
  indexOf(value: string): number {
    for (let i = 0; i < this.#size; i++) if (this.#ring[this.#place(i)] === value) return i;
    return -1;
  }

  /** Replaces all elements: for the commands that cut or insert in the middle, which are O(n) in Redis too. */
  replace(values: readonly string[]): void {
    let capacity = FIRST_CAPACITY;
    while (capacity < values.length) capacity *= 2;
    this.#ring = [...values, ...new Array<undefined>(capacity - values.length).fill(undefined)];
    this.#head = 0;
    this.#size = values.length;
    this.#bytes = values.reduce((sum, value) => sum + value.length + ELEMENT_BYTES, 0);
  }

  /** A list of its own with the same elements; the strings are shared. */
  clone(): List {
    const copy = new List();
    copy.#ring = this.#ring.slice();
    copy.#head = this.#head;
    copy.#size = this.#size;
    copy.#bytes = this.#bytes;
    return copy;
  }

  #place(index: number): number {
    return (this.#head + index) & (this.#ring.length - 1);
  }

  #shrunk(value: string | undefined): void {
    this.#size--;
    this.#bytes -= (value?.length ?? 0) + ELEMENT_BYTES;
    if (this.#ring.length > FIRST_CAPACITY && this.#size < this.#ring.length / 4) this.#resize(this.#ring.length / 2);
  }

  #resize(capacity: number): void {
    const ring = new Array<string | undefined>(capacity).fill(undefined);
    for (let i = 0; i < this.#size; i++) ring[i] = this.#ring[this.#place(i)];
    this.#ring = ring;
    this.#head = 0;
  }
}
