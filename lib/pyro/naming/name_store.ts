import { NamingError } from "../wire/errors.ts";

/** What is registered under a name. */
export interface NameEntry {
  readonly uri: string;
  readonly metadata: ReadonlySet<string>;
}

/** Where a name server keeps its names. All operations are done when they return. */
export interface NameStore {
  readonly size: number;
  get(name: string): NameEntry | undefined;
  /** @throws {NamingError} if there are too many names; what writing throws */
  set(name: string, entry: NameEntry): void;
  delete(name: string): void;
  /** In the order of registration. */
  entries(): IterableIterator<[name: string, entry: NameEntry]>;
  close(): void;
}

/** Names that a store holds at most. */
export const DEFAULT_MAX_NAMES = 1_000_000;

/** Names that are gone with the process. */
export class MemoryStore implements NameStore {
  readonly #entries = new Map<string, NameEntry>();
  readonly #maxNames: number;

  constructor(maxNames = DEFAULT_MAX_NAMES) {
    this.#maxNames = maxNames;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(name: string): NameEntry | undefined {
    return this.#entries.get(name);
  }

  /** @throws {NamingError} if there is no room for another name */
  checkRoomFor(name: string): void {
    if (this.#entries.size < this.#maxNames || this.#entries.has(name)) return;
    throw new NamingError(`too many names registered, the limit is ${this.#maxNames}`);
  }

  set(name: string, entry: NameEntry): void {
    this.checkRoomFor(name);
    this.#entries.set(name, entry);
  }

  delete(name: string): void {
    this.#entries.delete(name);
  }

  entries(): IterableIterator<[string, NameEntry]> {
    return this.#entries.entries();
  }

  close(): void {
    this.#entries.clear();
  }
}
