import type { Clock, Timer } from "../base/time.ts";

export interface HeartbeatOptions {
  /** As agreed on in the handshake. */
  readonly intervalMs: number;
  readonly clock: Clock;
  /** Counters of the socket: any traffic counts as a heartbeat, and the busy path does not have to tell us. */
  readonly bytesRead: () => number;
  readonly bytesWritten: () => number;
  /** Sends a heartbeat frame. */
  readonly beat: () => void;
  /** Nothing was heard for two intervals. */
  readonly onSilence: (silentMs: number) => void;
}

/** A timer this late says that this process was busy, not that the peer is silent. */
const LATE_SHARE = 0.5;

/**
 * Heartbeats in both directions: looks at the socket's counters twice an interval, sends when nothing else was sent, and
 * gives the peer up when nothing came for two intervals.
 *
 * Owns: one timer, which `stop` cancels.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #periodMs: number;
  #timer: Timer;
  #due: number;
  #read: number;
  #written: number;
  #heardAt: number;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#periodMs = options.intervalMs / 2;
    this.#heardAt = options.clock.monotonic();
    this.#read = options.bytesRead();
    this.#written = options.bytesWritten();
    this.#due = this.#heardAt + this.#periodMs;
    this.#timer = options.clock.after(this.#periodMs, this.#check);
  }

  stop(): void {
    this.#timer.cancel();
  }

  readonly #check = (): void => {
    const { intervalMs, clock, bytesRead, bytesWritten, beat, onSilence } = this.#options;
    const now = clock.monotonic();
    const isLate = now - this.#due > this.#periodMs * LATE_SHARE;
    this.#due = now + this.#periodMs;
    this.#timer = clock.after(this.#periodMs, this.#check);
    if (bytesRead() !== this.#read) {
      this.#read = bytesRead();
      this.#heardAt = now;
    }
    const silentMs = now - this.#heardAt;
    if (silentMs >= 2 * intervalMs && !isLate) return onSilence(silentMs); // a late look comes before what waits in the socket
    if (bytesWritten() === this.#written) beat();
    this.#written = bytesWritten();
  };
}
