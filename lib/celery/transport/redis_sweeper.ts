import type { Logger } from "../../base/log.ts";
import type { Clock, Timer } from "../../base/time.ts";
import type { RedisLeases } from "./redis_leases.ts";
import type { RedisOperations } from "./redis_operations.ts";

export interface SweeperOptions {
  readonly operations: RedisOperations;
  readonly leases: RedisLeases;
  readonly clock: Clock;
  readonly log: Logger;
  /** `visibility_timeout`. */
  readonly visibilityMs: number;
  /** `unacked_restore_limit`. */
  readonly restoreLimit: number;
}

const LONGEST_INTERVAL_MS = 60_000;
const SHORTEST_INTERVAL_MS = 1000;

/**
 * Gives back what dead workers left behind: at the start, and then again and again while somebody consumes. kombu does it
 * every hundred seconds or so.
 *
 * Owns: its timer.
 */
export class RedisSweeper {
  readonly #options: SweeperOptions;
  readonly #intervalMs: number;
  #timer: Timer | undefined;
  #users = 0;

  constructor(options: SweeperOptions) {
    this.#options = options;
    this.#intervalMs = Math.max(SHORTEST_INTERVAL_MS, Math.min(options.visibilityMs / 4, LONGEST_INTERVAL_MS));
  }

  /** Somebody consumes; `leave` undoes it. */
  join(): void {
    if (this.#users++ === 0) this.#sweepAgain();
  }

  leave(): void {
    if (--this.#users === 0) this.close();
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** @returns how many messages went back */
  async sweep(): Promise<number> {
    const { operations, leases, clock, visibilityMs, restoreLimit } = this.#options;
    await leases.renew(); // after a sleep of the whole machine our own would be among the late ones
    const before = (clock.now() - visibilityMs) / 1000;
    let total = 0;
    while (true) {
      const count = await operations.restore(before, restoreLimit);
      total += count;
      if (count < restoreLimit) return total;
    }
  }

  #sweepAgain(): void {
    this.#timer = this.#options.clock.after(this.#intervalMs, () => this.#sweepAgain());
    const { log } = this.#options;
    this.sweep().then((count) => {
      if (count > 0) log.info("Messages of workers that went away are back in their queues", { messages: count });
    }).catch((error) => log.warn("Cannot look for messages of workers that went away", { error }));
  }
}
