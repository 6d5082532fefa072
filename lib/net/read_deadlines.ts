import { TimeoutError } from "../base/errors.ts";
import { type Clock, systemClock, type Timer } from "../base/time.ts";
import type { Pending } from "./wire/codec.ts";

export interface DeadlineOptions {
  /** Silence allowed between two messages while one is waited for. Default 0: any; TCP's keep-alive finds dead peers. */
  readonly idleTimeoutMs?: number;
  /** Time for a header once its first byte is there. Default 10000; 0 = any. */
  readonly headerTimeoutMs?: number;
  /** Time for a whole message once its first byte is there. Default 60000; 0 = any. */
  readonly frameTimeoutMs?: number;
  readonly clock?: Clock;
}

/**
 * The three deadlines of a reader, on one timer that is armed again only when it fires: a message costs no timer.
 *
 * Owns: that timer; `stop` cancels it.
 */
export class ReadDeadlines {
  readonly #expire: (error: TimeoutError) => void;
  readonly #peer: string;
  readonly #clock: Clock;
  readonly #limits: { readonly idle: number; readonly header: number; readonly frame: number };
  #began: number | undefined; // when the unfinished message was first waited for
  #due = Infinity;
  #why: "idle" | "header" | "frame" = "idle";
  #timer: Timer | undefined;
  #timerAt = Infinity;
  #isStopped = false;

  /** @param expire called once a deadline has passed */
  constructor(expire: (error: TimeoutError) => void, peer: string, options: DeadlineOptions) {
    const { idleTimeoutMs = 0, headerTimeoutMs = 10_000, frameTimeoutMs = 60_000 } = options;
    this.#expire = expire;
    this.#peer = peer;
    this.#clock = options.clock ?? systemClock;
    this.#limits = { idle: idleTimeoutMs, header: headerTimeoutMs, frame: frameTimeoutMs };
  }

  /** The peer is waited for. @param pending what its last bytes are part of */
  wait(pending: Pending): void {
    const now = this.#clock.monotonic();
    this.#due = Infinity;
    if (pending === "nothing") this.#consider("idle", now);
    else {
      this.#began ??= now;
      this.#consider("frame", this.#began);
      if (pending === "header") this.#consider("header", this.#began);
    }
    if (this.#due < this.#timerAt) this.#arm(now);
  }

  /** The peer is not waited for: the consumer works. */
  rest(): void {
    this.#due = Infinity;
  }

  /** A message is complete; what follows is another. */
  completed(): void {
    this.#began = undefined;
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #consider(why: "idle" | "header" | "frame", since: number): void {
    const limit = this.#limits[why];
    if (limit === 0 || since + limit >= this.#due) return;
    this.#due = since + limit;
    this.#why = why;
  }

  #arm(now: number): void {
    this.#timer?.cancel();
    if (this.#isStopped) return;
    this.#timerAt = this.#due;
    this.#timer = this.#clock.after(this.#due - now, () => {
      this.#timerAt = Infinity;
      const at = this.#clock.monotonic();
      if (at < this.#due) {
        if (this.#due < Infinity) this.#arm(at);
      } else this.#expire(this.#error());
    });
  }

  #error(): TimeoutError {
    const ms = this.#limits[this.#why];
    const what = {
      idle: `it sent nothing for ${ms} ms (idleTimeoutMs)`,
      header: `a header was not complete within ${ms} ms (headerTimeoutMs)`,
      frame: `a message was not complete within ${ms} ms (frameTimeoutMs)`,
    }[this.#why];
    return new TimeoutError(`Cannot read from ${this.#peer}: ${what}`, ms);
  }
}
