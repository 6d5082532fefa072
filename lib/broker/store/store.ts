import { Database, type Entry } from "./database.ts";
import { frozenCopy, type Value } from "./value.ts";

export const DATABASES = 16;

/** A command in the words of a client: name and arguments, binary strings (one character a byte). */
export type CommandWords = readonly string[];

/** One change, as a command that repeats it. */
export interface Effect {
  readonly database: number;
  readonly words: CommandWords;
}

/** The state of one key when a snapshot began, kept because it was about to change. */
export interface Preserved {
  readonly database: number;
  readonly key: string;
  readonly value: Value;
  readonly expiresAt: number | undefined;
}

/** Hears of every key that was changed or removed, right after it happened. */
export type TouchListener = (database: Database, key: string) => void;

/**
 * All databases, and what their commands share: the clock of the current step, the count of changes and of memory, and the
 * effects that the journal has to keep.
 *
 * A snapshot shows the moment it began although the data goes on changing: `beginSnapshot` raises the epoch, and whoever is
 * about to change an entry of an older epoch hands its old state over first.
 */
export class Store {
  readonly databases: readonly Database[];
  /** Wall time of the current step in milliseconds. -Infinity during a replay: what expired then is recorded as removed. */
  now = -Infinity;
  /** Rises with every change. */
  changes = 0;
  /** Estimated memory of all keys and values. */
  usedBytes = 0;
  /** Keys removed because their end had come. */
  expiredKeys = 0;
  #epoch = 0;
  #effects: Effect[] = [];
  #preserved: Preserved[] | undefined;
  #listener: TouchListener = () => {};

  constructor() {
    this.databases = Array.from({ length: DATABASES }, (_, index) => new Database(index, this));
  }

  /** @param index a number that SELECT accepted */
  database(index: number): Database {
    const database = this.databases[index];
    if (database === undefined) throw new RangeError(`Cannot use database ${index}: there are ${DATABASES}`);
    return database;
  }

  /** Sets who hears of changed keys. */
  onTouched(listener: TouchListener): void {
    this.#listener = listener;
  }

  /** Records what has to be repeated at the next start. */
  record(database: number, words: CommandWords): void {
    this.#effects.push({ database, words });
  }

  /** What was recorded since the last call. */
  takeEffects(): readonly Effect[] {
    if (this.#effects.length === 0) return this.#effects;
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** For `Database`: a key was changed or removed. */
  touched(database: Database, key: string): void {
    this.changes++;
    this.#listener(database, key);
  }

  /** For `Database`: a key's end had come, and it was removed. */
  expired(database: Database, key: string): void {
    this.expiredKeys++;
    this.record(database.index, ["DEL", key]);
    this.#listener(database, key);
  }

  /** Entries of this epoch are in the running snapshot already, or came after it began. */
  get epoch(): number {
    return this.#epoch;
  }

  /** From now on, changed entries are preserved. */
  beginSnapshot(): void {
    this.#epoch++;
    this.#preserved = [];
  }

  endSnapshot(): void {
    this.#preserved = undefined;
  }

  /** For `Database` and the snapshot: the entry's state now is its state in the snapshot. */
  preserve(database: number, key: string, entry: Entry): void {
    entry.epoch = this.#epoch;
    this.#preserved?.push({ database, key, value: frozenCopy(entry.value), expiresAt: entry.expiresAt });
  }

  /** What was preserved since the last call. */
  takePreserved(): readonly Preserved[] {
    const preserved = this.#preserved ?? [];
    if (this.#preserved !== undefined) this.#preserved = [];
    return preserved;
  }
}
