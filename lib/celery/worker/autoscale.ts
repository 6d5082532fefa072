import { type Clock, systemClock, type Timer } from "../../base/time.ts";
import type { WorkerLog } from "./log.ts";
import * as lines from "./log_lines.ts";
import type { TaskPool } from "./task_pool.ts";

export interface AutoscalerOptions {
  readonly pool: TaskPool;
  readonly max: number;
  readonly min: number;
  readonly log: WorkerLog;
  /** How many requests could be run now: running and reserved. */
  readonly demand: () => number;
  /** The number of processes has changed. */
  readonly onChange: () => void;
  /** An idle process is kept this long, milliseconds. Default 30000 (AUTOSCALE_KEEPALIVE). */
  readonly keepAliveMs?: number;
  readonly clock?: Clock;
}

const CHECK_MS = 1000;

/**
 * Starts processes while there is more to do than they can take, and lets them go when there was less for a while.
 *
 * Source: celery 5.6 celery/worker/autoscale.py
 *
 * Owns: one timer. `stop` cancels it.
 */
export class Autoscaler {
  readonly #options: AutoscalerOptions;
  readonly #clock: Clock;
  #max: number;
  #min: number;
  #scaledUpAtMs: number | undefined;
  #timer: Timer | undefined;

  constructor(options: AutoscalerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#max = options.max;
    this.#min = options.min;
  }

  info(): { max: number; min: number; current: number; qty: number } {
    return { max: this.#max, min: this.#min, current: this.#options.pool.processes, qty: this.#options.demand() };
  }

  start(): void {
    this.#timer = this.#clock.after(CHECK_MS, () => {
      this.scale();
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Grows or shrinks as far as needed now. */
  scale(): void {
    const { pool, demand, keepAliveMs = 30_000 } = this.#options;
    const wanted = Math.max(this.#min, Math.min(this.#max, demand()));
    if (wanted > pool.processes) return this.#grow(wanted - pool.processes);
    if (wanted >= pool.processes) return;
    const idleMs = this.#clock.monotonic() - (this.#scaledUpAtMs ?? -Infinity);
    if (idleMs > keepAliveMs) this.#shrink(pool.processes - wanted);
  }

  /** New bounds; processes beyond them go or come at once. */
  update(max: number, min: number): { max: number; min: number } {
    if (max > 0) this.#max = max;
    if (min > 0) this.#min = Math.min(min, this.#max);
    const { processes } = this.#options.pool;
    if (processes > this.#max) this.#shrink(processes - this.#max);
    if (processes < this.#min) this.#grow(this.#min - processes);
    return { max: this.#max, min: this.#min };
  }

  forceUp(by: number): void {
    this.#max = Math.max(this.#max, this.#options.pool.processes + by);
    this.#grow(by);
  }

  forceDown(by: number): void {
    this.#min = Math.max(0, Math.min(this.#min, this.#options.pool.processes - by));
    this.#shrink(by);
  }

  #grow(by: number): void {
    this.#scaledUpAtMs = this.#clock.monotonic();
    this.#options.log.write(lines.scalingUp(by));
    this.#options.pool.grow(by);
    this.#options.onChange();
  }

  #shrink(by: number): void {
    if (!this.#options.pool.shrink(by)) return; // all are busy; asked again in a second
    this.#options.log.write(lines.scalingDown(by));
    this.#options.onChange();
  }
}
