/** Rough cost of one field beside its bytes: two string headers and a place in the map. */
const FIELD_BYTES = 80;

/** What reading commands see of a hash. */
export type ReadonlyHash = Pick<
  Hash,
  "kind" | "size" | "bytes" | "get" | "has" | "fields" | "values" | "entries" | "clone"
>;

/** A hash: fields and their values, in the order in which the fields came. Strings are binary: one character a byte. */
export class Hash {
  readonly kind = "hash";
  #fields = new Map<string, string>();
  #bytes = 0;

  get size(): number {
    return this.#fields.size;
  }

  /** Estimated memory. */
  get bytes(): number {
    return this.#bytes;
  }

  get(field: string): string | undefined {
    return this.#fields.get(field);
  }

  has(field: string): boolean {
    return this.#fields.has(field);
  }

  /** @returns true if the field is new. */
  set(field: string, value: string): boolean {
    const before = this.#fields.get(field);
    this.#fields.set(field, value);
    this.#bytes += before === undefined ? FIELD_BYTES + field.length + value.length : value.length - before.length;
    return before === undefined;
  }

  /** @returns true if the field was there. */
  delete(field: string): boolean {
    const before = this.#fields.get(field);
    if (before === undefined) return false;
    this.#fields.delete(field);
    this.#bytes -= FIELD_BYTES + field.length + before.length;
    return true;
  }

  fields(): string[] {
    return [...this.#fields.keys()];
  }

  values(): string[] {
    return [...this.#fields.values()];
  }

  /** Live: goes on correctly while fields come and go. */
  entries(): IterableIterator<[string, string]> {
    return this.#fields.entries();
  }

  /** A hash of its own with the same fields; the strings are shared. */
  clone(): Hash {
    const copy = new Hash();
    copy.#fields = new Map(this.#fields);
    copy.#bytes = this.#bytes;
    return copy;
  }
}
