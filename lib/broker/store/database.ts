import { wrongType } from "../command_error.ts";
import { ExpiryCalendar } from "./expiry_calendar.ts";
import type { Store } from "./store.ts";
import {
  bytesOf,
  type ContainerKind,
  type Containers,
  kindOf,
  newContainer,
  type ReadonlyContainers,
  type Value,
  type ValueKind,
} from "./value.ts";

/** Rough cost of a key beside its bytes and its value: string headers, the entry and its place in the map. */
const KEY_BYTES = 120;

/** A key's value and what belongs to it. Only its database changes one. */
export interface Entry {
  value: Value;
  /** Wall time in milliseconds; undefined: never. */
  expiresAt: number | undefined;
  /** As counted in the store's total. */
  bytes: number;
  /** The snapshot that holds this entry, or that need not: it came after its beginning. See `Store.epoch`. */
  epoch: number;
}

/**
 * One numbered database: keys, their values and their ends.
 *
 * Reading commands get containers without changing methods (`read`); writing ones ask with `write` or `create`, which lets a running
 * snapshot keep the old state first, and say `changed` when they are done. That one call drops a container that became empty, counts
 * memory, breaks WATCHes and wakes whoever waits for the key.
 */
export class Database {
  readonly index: number;
  readonly #store: Store;
  readonly #entries = new Map<string, Entry>();
  readonly #calendar = new ExpiryCalendar();
  #expiring = 0;

  constructor(index: number, store: Store) {
    this.index = index;
    this.#store = store;
  }

  /** Keys, expired ones that nobody met yet included. */
  get size(): number {
    return this.#entries.size;
  }

  /** Keys that have an end. */
  get expiring(): number {
    return this.#expiring;
  }

  has(key: string): boolean {
    return this.#live(key) !== undefined;
  }

  kind(key: string): ValueKind | undefined {
    const entry = this.#live(key);
    return entry === undefined ? undefined : kindOf(entry.value);
  }

  /** @throws {CommandError} WRONGTYPE */
  string(key: string): string | undefined {
    const value = this.#live(key)?.value;
    if (value === undefined || typeof value === "string") return value;
    throw wrongType();
  }

  /** The container at `key`, for reading. @throws {CommandError} WRONGTYPE */
  read<K extends ContainerKind>(key: string, kind: K): ReadonlyContainers[K] | undefined {
    const entry = this.#live(key);
    return entry === undefined ? undefined : ofKind(entry.value, kind);
  }

  /** The container at `key`, to change it; `changed` has to follow. @throws {CommandError} WRONGTYPE */
  write<K extends ContainerKind>(key: string, kind: K): Containers[K] | undefined {
    const entry = this.#live(key);
    if (entry === undefined) return undefined;
    const container = ofKind(entry.value, kind);
    this.#preserve(key, entry);
    return container;
  }

  /** Like `write`, with a new and empty container where there is none. */
  create<K extends ContainerKind>(key: string, kind: K): Containers[K] {
    const before = this.write(key, kind);
    if (before !== undefined) return before;
    const container = newContainer(kind);
    this.#entries.set(key, this.#newEntry(container, undefined));
    return container;
  }

  /** Says that the container at `key` was changed. */
  changed(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    if (typeof entry.value !== "string" && entry.value.size === 0) return void this.remove(key);
    this.#count(key, entry);
    this.#store.touched(this, key);
  }

  /** Replaces whatever is at `key`. @param expiresAt wall time in milliseconds; undefined: never */
  put(key: string, value: Value, expiresAt?: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      const added = this.#newEntry(value, undefined);
      this.#entries.set(key, added);
      this.#schedule(key, added, expiresAt);
      this.#count(key, added);
    } else {
      this.#preserve(key, entry);
      entry.value = value;
      this.#schedule(key, entry, expiresAt);
      this.#count(key, entry);
    }
    this.#store.touched(this, key);
  }

  /** @returns true if there was such a key. */
  remove(key: string): boolean {
    const entry = this.#live(key);
    if (entry === undefined) return false;
    this.#drop(key, entry);
    this.#store.touched(this, key);
    return true;
  }

  /** When the key ends; "never", or undefined if it is not there. */
  expiresAt(key: string): number | "never" | undefined {
    const entry = this.#live(key);
    return entry === undefined ? undefined : entry.expiresAt ?? "never";
  }

  /** Gives the key another end. @returns false if there is no such key. */
  expireAt(key: string, expiresAt: number | undefined): boolean {
    const entry = this.#live(key);
    if (entry === undefined) return false;
    this.#preserve(key, entry);
    this.#schedule(key, entry, expiresAt);
    this.#store.touched(this, key);
    return true;
  }

  /** Gives the value another name, with its end. @returns false if there is no such key. */
  rename(from: string, to: string): boolean {
    const entry = this.#live(from);
    if (entry === undefined) return false;
    if (from === to) return true;
    const { value, expiresAt } = entry;
    this.remove(from);
    this.put(to, value, expiresAt);
    return true;
  }

  /** A look at the entry itself, for MEMORY and COPY. */
  peek(key: string): Readonly<Entry> | undefined {
    return this.#live(key);
  }

  /** Keys that have not expired. Live: goes on correctly while keys come and go. */
  *keys(): Generator<string> {
    for (const [key, entry] of this.#entries) if (!this.#isPast(entry)) yield key;
  }

  /** Everything there is, for a snapshot. */
  entries(): IterableIterator<[string, Entry]> {
    return this.#entries.entries();
  }

  /** Removes up to `limit` keys whose end has come. @returns how many */
  expireDue(limit: number): number {
    const keys = this.#calendar.due(this.#store.now, limit);
    for (const key of keys) this.#live(key);
    return keys.length;
  }

  /** Removes every key. */
  clear(): void {
    for (const [key, entry] of this.#entries) {
      this.#drop(key, entry);
      this.#store.touched(this, key);
    }
    this.#calendar.clear();
  }

  /** The entry at `key`; one whose end has come is removed on sight, and the removal recorded. */
  #live(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.expiresAt === undefined || !this.#isPast(entry)) return entry;
    this.#drop(key, entry);
    this.#store.expired(this, key);
    return undefined;
  }

  #isPast(entry: Entry): boolean {
    return entry.expiresAt !== undefined && this.#store.now > entry.expiresAt;
  }

  #newEntry(value: Value, expiresAt: number | undefined): Entry {
    return { value, expiresAt, bytes: 0, epoch: this.#store.epoch };
  }

  #preserve(key: string, entry: Entry): void {
    if (entry.epoch !== this.#store.epoch) this.#store.preserve(this.index, key, entry);
  }

  #drop(key: string, entry: Entry): void {
    this.#preserve(key, entry);
    this.#schedule(key, entry, undefined);
    this.#entries.delete(key);
    this.#store.usedBytes -= entry.bytes;
  }

  #schedule(key: string, entry: Entry, expiresAt: number | undefined): void {
    if (entry.expiresAt === expiresAt) return;
    if (entry.expiresAt !== undefined) {
      this.#calendar.remove(key, entry.expiresAt);
      this.#expiring--;
    }
    entry.expiresAt = expiresAt;
    if (expiresAt !== undefined) {
      this.#calendar.add(key, expiresAt);
      this.#expiring++;
    }
  }

  #count(key: string, entry: Entry): void {
    const bytes = KEY_BYTES + key.length + bytesOf(entry.value);
    this.#store.usedBytes += bytes - entry.bytes;
    entry.bytes = bytes;
  }
}

function ofKind<K extends ContainerKind>(value: Value, kind: K): Containers[K] {
  if (typeof value === "string" || value.kind !== kind) throw wrongType();
  return value as Containers[K]; // the kind says so; the compiler cannot follow it through the type parameter
}
