import { type Clock, delay, systemClock } from "../base/time.ts";

/** Tokens that may pile up while nothing is sent, in seconds of the rate: short bursts are no harm. */
const BURST_SECONDS = 0.25;

/**
 * Slows a stream down to so many bytes a second: a token bucket.
 *
 * Whoever reads or writes calls `take` for what it moved and waits for what that returns.
 */
export class RateLimit {
  readonly #bytesPerSecond: number;
  readonly #clock: Clock;
  #tokens: number;
  #at: number;

  constructor(bytesPerSecond: number, clock: Clock = systemClock) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#clock = clock;
    this.#tokens = bytesPerSecond * BURST_SECONDS;
    this.#at = clock.monotonic();
  }

  /** Resolves when `bytes` more may have passed; rejects with `signal.reason`. */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    const now = this.#clock.monotonic();
    const gained = ((now - this.#at) / 1000) * this.#bytesPerSecond;
    this.#tokens = Math.min(this.#bytesPerSecond * BURST_SECONDS, this.#tokens + gained) - bytes;
    this.#at = now;
    if (this.#tokens >= 0) return;
    const waitMs = (-this.#tokens / this.#bytesPerSecond) * 1000;
    await delay(waitMs, { clock: this.#clock, ...(signal === undefined ? {} : { signal }) });
  }
}
