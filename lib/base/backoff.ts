import { checkNumber } from "./options.ts";

export interface BackoffOptions {
  /** First wait, milliseconds. Default 2000 (kombu's interval_start). */
  readonly startMs?: number;
  /** Added to the wait after every failure. Default 2000 (kombu's interval_step). */
  readonly stepMs?: number;
  /** Multiplies the wait after every failure, before `stepMs` is added. Default 1. */
  readonly factor?: number;
  /** Longest wait. Default 30000. */
  readonly maxMs?: number;
  /** Share of the wait that is random, 0..1; 0.5 waits between half and all of it. Default 0. */
  readonly jitter?: number;
  /** Returns a number in [0, 1). Default `Math.random`. */
  readonly random?: () => number;
}

/** The waits between attempts: 2, 4, 6 … seconds by default, as a Celery worker announces them. */
export class Backoff {
  readonly #startMs: number;
  readonly #stepMs: number;
  readonly #factor: number;
  readonly #maxMs: number;
  readonly #jitter: number;
  readonly #random: () => number;
  #waitMs: number;
  #failures = 0;

  constructor(options: BackoffOptions = {}) {
    this.#startMs = checkNumber("startMs", options.startMs ?? 2000, { min: 0 });
    this.#stepMs = checkNumber("stepMs", options.stepMs ?? 2000, { min: 0 });
    this.#factor = checkNumber("factor", options.factor ?? 1, { min: 1 });
    this.#maxMs = checkNumber("maxMs", options.maxMs ?? 30_000, { min: 0 });
    this.#jitter = checkNumber("jitter", options.jitter ?? 0, { min: 0, max: 1 });
    this.#random = options.random ?? Math.random;
    this.#waitMs = this.#startMs;
  }

  /** Failures since the last `reset`. */
  get failures(): number {
    return this.#failures;
  }

  /** Counts one failure and returns how long to wait before the next attempt, in milliseconds. */
  next(): number {
    const wait = Math.min(this.#waitMs, this.#maxMs);
    this.#failures++;
    this.#waitMs = Math.min(this.#maxMs, this.#waitMs * this.#factor + this.#stepMs);
    return wait * (1 - this.#jitter * this.#random());
  }

  /** Call after a success: the next failure waits `startMs` again. */
  reset(): void {
    this.#failures = 0;
    this.#waitMs = this.#startMs;
  }
}
