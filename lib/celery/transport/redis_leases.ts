import type { Clock, Timer } from "../../base/time.ts";
import type { Logger } from "../../base/log.ts";
import { TickBatch } from "./tick_batch.ts";
import type { RedisOperations } from "./redis_operations.ts";

/** A message that this process holds. */
export interface Lease {
  readonly tag: string;
  readonly list: string;
  /** As it was taken: a view that the lease keeps alive. */
  readonly envelope: Uint8Array;
  /** Counts reservations, so that what goes back goes back in order. */
  readonly serial: number;
}

export interface LeaseOptions {
  readonly operations: RedisOperations;
  readonly clock: Clock;
  readonly log: Logger;
  /** `visibility_timeout`. */
  readonly visibilityMs: number;
}

/** Tags in one command. */
const MAX_TAGS = 500;
const LONGEST_RENEWAL_MS = 30_000;

/**
 * The messages that this process holds: settled in batches, renewed as long as they are held, so that no visibility timeout
 * hands a long task to a second worker.
 *
 * Tags live on the server, not on the connection: a lease outlives a reconnect, and is settled over the next connection.
 *
 * One tag may be held twice: kombu puts a message with one tag into every queue that its exchange leads to. The record on the
 * server then stays until both are settled.
 *
 * Owns: the timer for renewals, which runs while something is held.
 */
export class RedisLeases {
  readonly #operations: RedisOperations;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #renewMs: number;
  readonly #held = new Map<string, number>();
  readonly #acks: TickBatch<string>;
  readonly #fronts: TickBatch<Lease>;
  readonly #backs: TickBatch<Lease>;
  #serial = 0;
  #lastScore = 0;
  #timer: Timer | undefined;

  constructor({ operations, clock, log, visibilityMs }: LeaseOptions) {
    this.#operations = operations;
    this.#clock = clock;
    this.#log = log;
    this.#renewMs = Math.max(10, Math.min(visibilityMs / 4, LONGEST_RENEWAL_MS));
    this.#acks = new TickBatch((tags) => operations.ack(tags), MAX_TAGS);
    this.#fronts = new TickBatch((leases) => operations.requeue("front", latestFirst(leases)), MAX_TAGS);
    this.#backs = new TickBatch((leases) => operations.requeue("back", leases), MAX_TAGS);
  }

  get size(): number {
    return this.#held.size;
  }

  /** Wall time in seconds, for scores: never the same twice, and as fine as a double allows. */
  now(): number {
    const micros = Math.round(this.#clock.now() * 1000 + (this.#clock.monotonic() * 1000) % 1000);
    this.#lastScore = Math.max(this.#lastScore + 1, micros);
    return this.#lastScore / 1e6;
  }

  isHeld(tag: string): boolean {
    return this.#held.has(tag);
  }

  hold(tag: string, list: string, envelope: Uint8Array): Lease {
    this.#held.set(tag, (this.#held.get(tag) ?? 0) + 1);
    this.#timer ??= this.#clock.after(this.#renewMs, () => this.#renewAgain());
    return { tag, list, envelope, serial: this.#serial++ };
  }

  /** The message is done. Resolves when the server knows. */
  settle(lease: Lease): Promise<void> {
    return this.#letGo(lease) ? this.#acks.add(lease.tag) : Promise.resolve();
  }

  /** The message goes back to its list: in front, as it was, or behind the others. */
  giveBack(lease: Lease, side: "front" | "back"): Promise<void> {
    this.#letGo(lease);
    return (side === "front" ? this.#fronts : this.#backs).add(lease);
  }

  /** Counts everything that is held from now on. */
  async renew(): Promise<void> {
    const tags = [...this.#held.keys()];
    for (let at = 0; at < tags.length; at += MAX_TAGS) {
      await this.#operations.renew(this.now(), tags.slice(at, at + MAX_TAGS));
    }
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** @returns true if nobody here holds the tag any more */
  #letGo({ tag }: Lease): boolean {
    const others = (this.#held.get(tag) ?? 1) - 1;
    if (others > 0) this.#held.set(tag, others);
    else this.#held.delete(tag);
    if (this.#held.size === 0) this.close();
    return others === 0;
  }

  #renewAgain(): void {
    this.#timer = this.#clock.after(this.#renewMs, () => this.#renewAgain());
    this.renew().catch((error) => this.#log.warn("Cannot renew the messages that are held", { error }));
  }
}

/** Each goes to the very front: the one that was taken first has to go last. */
function latestFirst(leases: readonly Lease[]): Lease[] {
  return [...leases].sort((a, b) => b.serial - a.serial);
}
