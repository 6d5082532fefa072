/**
 * Where a writer stands in the value it writes, so that an error can name what it refuses: `args[0].rows[3]`.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */

/** The way from the root to the current item. A writer notes each container it enters, and the key it is about to write. */
export class WritePath {
  /** Containers entered and not left. */
  depth = 0;
  readonly #root: string;
  readonly #containers: object[] = [];
  readonly #keys: unknown[] = [];

  /** @param root what the whole value is called: `value`, `args` */
  constructor(root: string) {
    this.#root = root;
  }

  enter(container: object): void {
    this.#containers[this.depth] = container;
    this.#keys[this.depth++] = undefined;
  }

  at(key: unknown): void {
    this.#keys[this.depth - 1] = key;
  }

  leave(): void {
    this.depth--;
  }

  /** True if a container stands inside itself; to be asked once the depth limit is reached, for it looks at all of them. */
  get isCircular(): boolean {
    return new Set(this.#containers.slice(0, this.depth)).size < this.depth;
  }

  /** Python's name for the kind of the container entered last. */
  get innermost(): "list" | "dict" {
    const container = this.#containers[this.depth - 1];
    return Array.isArray(container) ? "list" : "dict";
  }

  toString(): string {
    const steps = this.#keys.slice(0, this.depth).map((key) => {
      if (key === undefined) return "";
      if (typeof key === "string") return /^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
      return typeof key === "number" || typeof key === "bigint" ? `[${key}]` : "[key]";
    });
    return this.#root + steps.join("");
  }
}

/** What a value is, for the sentence "don't know how to serialize …". */
export function describeClass(value: unknown): string {
  if (typeof value === "function") return `function ${value.name || "without a name"}`;
  if (typeof value !== "object" || value === null) return typeof value;
  const prototype: unknown = Object.getPrototypeOf(value);
  const type = typeof prototype === "object" && prototype !== null ? prototype.constructor : undefined;
  return `class ${type?.name || "without a name"}`;
}
