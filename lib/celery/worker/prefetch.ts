import { credit } from "./credit.ts";
import type { HeldRequests } from "./held_requests.ts";
import type { WorkerLog } from "./log.ts";
import * as lines from "./log_lines.ts";
import type { WorkerOptions } from "./options.ts";

export interface PrefetchFacts {
  readonly options: WorkerOptions;
  readonly pool: { readonly concurrency: number; readonly depth: number; readonly runningCount: number };
  readonly intake: { readonly scheduledCount: number };
  readonly held: HeldRequests;
  readonly log: WorkerLog;
}

/**
 * How many messages a worker asks its broker for.
 *
 * After the connection was lost, the broker counts only what it delivers anew, while tasks of the old connection still run: a
 * multiplier is withheld for each of them, and given back with each task that ends.
 *
 * Source: celery 5.6 celery/worker/consumer/consumer.py `on_connection_error_after_connected`, celery/worker/consumer/tasks.py
 */
export class Prefetch {
  readonly #facts: PrefetchFacts;
  #withheld = 0;

  constructor(facts: PrefetchFacts) {
    this.#facts = facts;
  }

  /** How many messages may be unsettled at once; 0: no limit. */
  get credit(): number {
    const { options: { prefetchMultiplier: multiplier, strictPrefetch, etaTaskLimit = null }, pool, intake } =
      this.#facts;
    const all = credit({
      concurrency: this.#concurrency,
      multiplier,
      strict: strictPrefetch,
      depth: pool.depth,
      scheduled: intake.scheduledCount,
    });
    const wanted = all === 0 ? 0 : Math.max(all - this.#withheld, Math.min(all, multiplier));
    return etaTaskLimit === null || wanted === 0 ? wanted : Math.min(wanted, etaTaskLimit);
  }

  /** How many more tasks than are held could begin now; those that wait for their time are not in the way. */
  get freeSlots(): number {
    const { held, intake } = this.#facts;
    return this.#concurrency - (held.size - intake.scheduledCount);
  }

  /** The connection to the broker is lost. */
  connectionLost(): void {
    const { options: { prefetchMultiplier: multiplier, reducePrefetch = true }, pool, log } = this.#facts;
    if (!reducePrefetch || multiplier === 0) return;
    const max = this.#maximum;
    const reduced = Math.max(multiplier, max - pool.runningCount * multiplier);
    this.#withheld = max - reduced;
    if (this.#withheld > 0) log.write(lines.prefetchReduced(reduced, pool.runningCount, max));
  }

  /** A request is done with. */
  requestDone(): void {
    if (this.#withheld === 0) return;
    this.#withheld = Math.max(0, this.#withheld - this.#facts.options.prefetchMultiplier);
    if (this.#withheld === 0) this.#facts.log.write(lines.prefetchRestored(this.#maximum));
  }

  /** Celery's maximum, which ours exceeds where tasks are short. */
  get #maximum(): number {
    return this.#concurrency * this.#facts.options.prefetchMultiplier;
  }

  get #concurrency(): number {
    const { options, pool } = this.#facts;
    return Math.max(pool.concurrency, options.autoscale?.max ?? 0);
  }
}
