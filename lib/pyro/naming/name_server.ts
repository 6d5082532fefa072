/**
 * The name server's object: names, the URIs they stand for, and tags to find them by.
 *
 * Methods and parameters have Python's names, for they are what travels. Error texts are Python's, too.
 *
 * Spec: Pyro4 4.82 `Pyro4/naming.py` `NameServer`
 * @module
 */
import { Tuple } from "../../base/pyvalue.ts";
import { NamingError } from "../wire/errors.ts";
import { Uri } from "../wire/uri.ts";
import { MemoryStore, type NameEntry, type NameStore } from "./name_store.ts";
import { PythonRegex } from "./python_regex.ts";

/** Id and name of the name server; its own registration cannot be removed. */
export const NAME_SERVER_NAME = "Pyro.NameServer";

/** What `list` gives a name: its URI as a text, and with `return_metadata` the tags. */
export type Listed = string | Tuple<string | string[]>;

export class NameServer {
  static readonly exposed = ["count", "list", "lookup", "ping", "register", "remove", "set_metadata"];

  readonly #store: NameStore;

  /** @param store default: memory */
  constructor(store: NameStore = new MemoryStore()) {
    this.#store = store;
  }

  /** How many names are registered. */
  count(): number {
    return this.#store.size;
  }

  /** A sign of life. */
  ping(): void {}

  /** The URI of a name, or a tuple of the URI and the list of its tags. @throws {NamingError} `unknown name: …` */
  lookup(name: unknown, return_metadata: unknown = false): Uri | Tuple<Uri | string[]> {
    const { uri, metadata } = this.#find(name);
    const parsed = Uri.parse(uri);
    return isTrue(return_metadata) ? Tuple.of<Uri | string[]>(parsed, [...metadata]) : parsed;
  }

  /**
   * Registers a name, or gives it another URI and other tags.
   * @param safe refuses a name that is registered
   */
  register(name: unknown, uri: unknown, safe: unknown = false, metadata: unknown = null): void {
    if (!(uri instanceof Uri) && typeof uri !== "string") throw new TypeError("only URIs or strings can be registered");
    const text = uri instanceof Uri ? uri.toString() : uri;
    Uri.parse(text);
    const known = checkName(name);
    const tags = tagsOf("metadata", metadata);
    if (isTrue(safe) && this.#store.get(known) !== undefined) {
      throw new NamingError(`name already registered: ${known}`);
    }
    this.#store.set(known, { uri: text, metadata: tags });
  }

  /** Replaces the tags of a name. */
  set_metadata(name: unknown, metadata: unknown): void {
    const known = checkName(name);
    const tags = tagsOf("metadata", metadata);
    this.#store.set(known, { uri: this.#find(known).uri, metadata: tags });
  }

  /**
   * Removes one name, or where that is not registered all names with a prefix, or all that match a pattern.
   * @returns how many were removed
   */
  remove(name: unknown = null, prefix: unknown = null, regex: unknown = null): number {
    if (typeof name === "string" && name !== NAME_SERVER_NAME && this.#store.get(name) !== undefined) {
      this.#store.delete(name);
      return 1;
    }
    if (!isTrue(prefix) && !isTrue(regex)) return 0;
    const names = this.#matching(isTrue(prefix) ? { prefix } : { regex });
    names.delete(NAME_SERVER_NAME);
    for (const each of names.keys()) this.#store.delete(each);
    return names.size;
  }

  /** Names and their URIs: all, or those with a prefix, or that match a pattern, or have all or any of some tags. */
  list(
    prefix: unknown = null,
    regex: unknown = null,
    metadata_all: unknown = null,
    metadata_any: unknown = null,
    return_metadata: unknown = false,
  ): Map<string, Listed> {
    const filters = { prefix, regex, metadata_all, metadata_any };
    if (Object.values(filters).filter((filter) => filter !== null && filter !== undefined).length > 1) {
      throw new RangeError("you can only filter on one thing at a time");
    }
    const withTags = isTrue(return_metadata);
    const found = new Map<string, Listed>();
    for (const [name, { uri, metadata }] of this.#matching(filters)) {
      found.set(name, withTags ? Tuple.of<string | string[]>(uri, [...metadata]) : uri);
    }
    return found;
  }

  #find(name: unknown): NameEntry {
    const known = checkName(name);
    const entry = this.#store.get(known);
    if (entry === undefined) throw new NamingError(`unknown name: ${known}`);
    return entry;
  }

  #matching(filters: Filters): Map<string, NameEntry> {
    const matches = matcherOf(filters);
    const found = new Map<string, NameEntry>();
    for (const [name, entry] of this.#store.entries()) if (matches(name, entry.metadata)) found.set(name, entry);
    return found;
  }
}

interface Filters {
  readonly prefix?: unknown;
  readonly regex?: unknown;
  readonly metadata_all?: unknown;
  readonly metadata_any?: unknown;
}

/** An empty filter filters nothing, as in Python. */
function matcherOf(filters: Filters): (name: string, tags: ReadonlySet<string>) => boolean {
  const { prefix, regex, metadata_all, metadata_any } = filters;
  if (isTrue(prefix)) {
    const start = checkText("prefix", prefix);
    return (name) => name.startsWith(start);
  }
  if (isTrue(regex)) {
    const pattern = new PythonRegex(checkText("regex", regex));
    return (name) => pattern.matches(name);
  }
  if (isTrue(metadata_all)) {
    const wanted = [...tagsOf("metadata_all", metadata_all)];
    return (_, tags) => wanted.every((tag) => tags.has(tag));
  }
  if (isTrue(metadata_any)) {
    const wanted = [...tagsOf("metadata_any", metadata_any)];
    return (_, tags) => wanted.some((tag) => tags.has(tag));
  }
  return () => true;
}

/** Truth as Python has it, for what may come as an argument here. */
function isTrue(value: unknown): boolean {
  if (value instanceof Set || value instanceof Map) return value.size > 0;
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

function checkName(name: unknown): string {
  return checkText("name", name);
}

function checkText(what: string, value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`${what} must be a str`);
  return value;
}

/** The tags in a list, tuple or set. */
function tagsOf(what: string, tags: unknown): ReadonlySet<string> {
  if (tags === null || tags === undefined) return new Set();
  if (typeof tags === "string") {
    throw new TypeError(`${what} should not be a str, but another iterable (set, list, etc)`);
  }
  if (!Array.isArray(tags) && !(tags instanceof Set)) throw new TypeError(`${what} is no list or set of str`);
  const all = [...tags as Iterable<unknown>];
  if (!all.every((tag): tag is string => typeof tag === "string")) throw new TypeError(`${what} must hold str only`);
  return new Set(all);
}
