/**
 * Time as a dependency: whatever decides by the clock takes a `Clock`, so that a test can move it.
 * @module
 */
import { TimeoutError } from "./errors.ts";

/** An armed timer; `cancel` is idempotent. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall time in milliseconds since the Unix epoch: for timestamps that leave the process. */
  now(): number;
  /** Milliseconds on a clock that never jumps: for every duration and deadline. */
  monotonic(): number;
  /** Calls `callback` once after `ms` milliseconds. The timer keeps the process alive until it fires or is cancelled. */
  after(ms: number, callback: () => void): Timer;
}

/** setTimeout overflows past 2^31 - 1 ms (24.8 days) and then fires at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

function realClock(keepsProcessAlive: boolean): Clock {
  return Object.freeze({
    now: () => Date.now(),
    monotonic: () => performance.now(),
    after(ms: number, callback: () => void): Timer {
      let handle: ReturnType<typeof setTimeout>;
      const arm = (left: number) => {
        const step = Math.min(left, LONGEST_TIMEOUT_MS);
        handle = setTimeout(() => (left > step ? arm(left - step) : callback()), step);
        if (!keepsProcessAlive) handle.unref();
      };
      arm(Math.max(0, ms));
      return { cancel: () => clearTimeout(handle) };
    },
  });
}

export const systemClock: Clock = realClock(true);

/**
 * A clock whose timers do not keep the process alive: for the heartbeats and retries of connections that are kept in the
 * background (`ConnectOptions.background`).
 */
export const backgroundClock: Clock = realClock(false);

/** Resolves after `ms`; rejects with `signal.reason` if aborted first. Leaves no timer and no listener behind. */
export function delay(ms: number, options: { signal?: AbortSignal; clock?: Clock } = {}): Promise<void> {
  const { signal, clock = systemClock } = options;
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.after(ms, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

export interface DeadlineOptions {
  /** Undefined waits for ever (the signal still ends it). */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock;
  /** Completes the sentence "Cannot …: nothing came within N ms". */
  readonly what: string;
}

/**
 * Waits for `promise` no longer than the deadline. The promise itself goes on: cancel its work through a signal of its
 * own where that matters.
 *
 * @throws {TimeoutError} when `timeoutMs` ran out; `signal.reason` when aborted.
 */
export function withDeadline<T>(promise: Promise<T>, options: DeadlineOptions): Promise<T> {
  const { timeoutMs, signal, clock = systemClock, what } = options;
  if (timeoutMs === undefined && signal === undefined) return promise;
  if (signal?.aborted) {
    promise.catch(() => {}); // the caller was told why already
    return Promise.reject(signal.reason);
  }
  return new Promise((resolve, reject) => {
    const finish = () => {
      timer?.cancel();
      signal?.removeEventListener("abort", onAbort);
    };
    const onAbort = () => {
      finish();
      reject(signal?.reason);
    };
    const timer = timeoutMs === undefined ? undefined : clock.after(timeoutMs, () => {
      finish();
      reject(new TimeoutError(`Cannot ${what}: nothing came within ${timeoutMs} ms`, timeoutMs));
    });
    signal?.addEventListener("abort", onAbort, { once: true });
    promise.then((value) => {
      finish();
      resolve(value);
    }, (error) => {
      finish();
      reject(error);
    });
  });
}
