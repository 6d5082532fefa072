import { type Clock, systemClock, type Timer } from "../base/time.ts";
import type { Client } from "./client.ts";
import type { CommandContext } from "./commands/command.ts";
import type { Reply } from "./reply.ts";
import type { Database } from "./store/database.ts";

/** How a blocking command waits. */
export interface WaitPlan {
  /** Keys whose change may let the attempt succeed. */
  readonly keys: readonly string[];
  /** Infinity waits until the client goes. */
  readonly timeoutMs: number;
  /** The reply when the time has run out. */
  readonly whenOver: Reply;
  /** Does the work and returns the reply, or returns `undefined` and changes nothing. */
  readonly attempt: (context: CommandContext) => Reply | undefined;
}

/** A client that waits. */
export interface Waiter {
  readonly client: Client;
  readonly database: Database;
  readonly plan: WaitPlan;
}

/** @returns true if the waiter was answered and is to be forgotten */
export type ServeWaiter = (waiter: Waiter) => boolean;

interface Parked extends Waiter {
  readonly timer: Timer | undefined;
  readonly onOver: (reply: Reply) => void;
}

/** Everybody who waits for a key, first come first served. */
export class Waiters {
  readonly #clock: Clock;
  readonly #byKey = new Map<Database, Map<string, Set<Parked>>>();
  readonly #byClient = new Map<Client, Parked>();
  #ready: { database: Database; key: string }[] = [];

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** Clients that wait. */
  get size(): number {
    return this.#byClient.size;
  }

  /** Puts the client to wait. @param onOver answers it when the time has run out, or when it is woken by `release` */
  park(waiter: Waiter, onOver: (reply: Reply) => void): void {
    const { client, database, plan } = waiter;
    const timer = plan.timeoutMs === Infinity
      ? undefined
      : this.#clock.after(plan.timeoutMs, () => this.release(client, plan.whenOver));
    const parked: Parked = { ...waiter, timer, onOver };
    client.waiter = parked;
    this.#byClient.set(client, parked);
    const keys = getOrAdd(this.#byKey, database, () => new Map<string, Set<Parked>>());
    for (const key of plan.keys) getOrAdd(keys, key, () => new Set<Parked>()).add(parked);
  }

  /** A key was changed: whoever waits for it will be served. */
  touched(database: Database, key: string): void {
    if (this.#byClient.size > 0 && this.#byKey.get(database)?.has(key)) this.#ready.push({ database, key });
  }

  /** Serves whoever waits for a key that was changed, until no change is left, those by serving included. */
  serve(serveOne: ServeWaiter): void {
    while (this.#ready.length > 0) {
      const ready = this.#ready;
      this.#ready = [];
      for (const { database, key } of ready) {
        for (const waiter of this.#byKey.get(database)?.get(key) ?? []) {
          const kind = database.kind(key);
          if (kind !== "list" && kind !== "zset") break; // nothing to take, or not any more
          if (serveOne(waiter)) this.#forget(waiter);
        }
      }
    }
  }

  /** Ends the client's waiting with this reply. @returns false if it does not wait */
  release(client: Client, reply: Reply): boolean {
    const parked = this.#byClient.get(client);
    if (parked === undefined) return false;
    this.#forget(parked);
    parked.onOver(reply);
    return true;
  }

  /** Forgets a client that has gone. */
  remove(client: Client): void {
    const parked = this.#byClient.get(client);
    if (parked !== undefined) this.#forget(parked);
  }

  #forget(waiter: Waiter): void {
    const parked = this.#byClient.get(waiter.client);
    if (parked === undefined) return;
    parked.timer?.cancel();
    this.#byClient.delete(waiter.client);
    waiter.client.waiter = undefined;
    const keys = this.#byKey.get(waiter.database);
    for (const key of waiter.plan.keys) {
      const waiting = keys?.get(key);
      waiting?.delete(parked);
      if (waiting?.size === 0) keys?.delete(key);
    }
  }
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, build: () => V): V {
  const before = map.get(key);
  if (before !== undefined) return before;
  const value = build();
  map.set(key, value);
  return value;
}
