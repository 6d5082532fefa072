import { loadavg } from "node:os";
import process from "node:process";
import { type Clock, systemClock, type Timer } from "../../base/time.ts";
import { CELERY_VERSION } from "../version.ts";
import type { EventDispatcher, EventFields } from "./events.ts";
import type { HeldRequests } from "./held_requests.ts";

/** What a node says of its program. */
export const SOFTWARE = {
  sw_ident: "js-celery",
  sw_ver: CELERY_VERSION,
  sw_sys: process.platform === "linux" ? "Linux" : process.platform === "darwin" ? "Darwin" : process.platform,
} as const;

/**
 * Tells monitors that the worker lives: `worker-online` at first, `worker-heartbeat` every `intervalMs`, `worker-offline` at
 * last. It beats in the supervisor, which runs no task: none can keep it from beating.
 *
 * Source: celery 5.6 celery/worker/heartbeat.py
 *
 * Owns: one timer. `stop` cancels it.
 */
export class Heart {
  readonly #events: EventDispatcher;
  readonly #held: HeldRequests;
  readonly #intervalMs: number;
  readonly #clock: Clock;
  readonly #onBeat: (() => void) | undefined;
  #timer: Timer | undefined;

  /** @param options.onBeat called before each beat */
  constructor(
    events: EventDispatcher,
    held: HeldRequests,
    options: { intervalMs?: number; clock?: Clock; onBeat?: () => void } = {},
  ) {
    this.#events = events;
    this.#held = held;
    this.#intervalMs = options.intervalMs ?? 2000;
    this.#clock = options.clock ?? systemClock;
    this.#onBeat = options.onBeat;
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#beat("worker-online");
    this.#arm();
  }

  stop(): void {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = undefined;
    this.#beat("worker-offline");
  }

  #arm(): void {
    this.#timer = this.#clock.after(this.#intervalMs, () => {
      this.#beat("worker-heartbeat");
      this.#arm();
    });
  }

  #beat(type: string): void {
    this.#onBeat?.();
    let active = 0;
    for (const request of this.#held) if (request.state === "running") active++;
    const fields: EventFields = {
      freq: this.#intervalMs / 1000,
      active,
      processed: this.#held.begun,
      loadavg: loadavg().map((value) => Math.round(value * 100) / 100),
      ...SOFTWARE,
    };
    this.#events.send(type, fields);
  }
}
