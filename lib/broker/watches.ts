import type { Client } from "./client.ts";
import type { Database } from "./store/database.ts";

/** Who watches which keys between WATCH and EXEC. */
export class Watches {
  readonly #byKey = new Map<Database, Map<string, Set<Client>>>();
  readonly #byClient = new Map<Client, Map<Database, Set<string>>>();

  add(client: Client, database: Database, key: string): void {
    const keys = this.#byClient.get(client) ?? new Map<Database, Set<string>>();
    this.#byClient.set(client, keys);
    const own = keys.get(database) ?? new Set<string>();
    keys.set(database, own.add(key));
    const watched = this.#byKey.get(database) ?? new Map<string, Set<Client>>();
    this.#byKey.set(database, watched);
    watched.set(key, (watched.get(key) ?? new Set<Client>()).add(client));
  }

  /** A key was changed: the transactions of all who watch it will not be carried out. */
  touched(database: Database, key: string): void {
    if (this.#byClient.size === 0) return;
    for (const client of this.#byKey.get(database)?.get(key) ?? []) client.isWatchBroken = true;
  }

  /** True if a key that the client watches was changed, or has come to its end. */
  hasChanged(client: Client): boolean {
    for (const [database, keys] of this.#byClient.get(client) ?? []) {
      for (const key of keys) database.has(key); // meeting an expired key removes it, which breaks the watch
    }
    return client.isWatchBroken;
  }

  /** Ends all watching of a client. */
  clear(client: Client): void {
    client.isWatchBroken = false;
    const keys = this.#byClient.get(client);
    if (keys === undefined) return;
    this.#byClient.delete(client);
    for (const [database, own] of keys) {
      const watched = this.#byKey.get(database);
      for (const key of own) {
        const clients = watched?.get(key);
        clients?.delete(client);
        if (clients?.size === 0) watched?.delete(key);
      }
    }
  }
}
