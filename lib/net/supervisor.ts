import { asError, ConnectionError, UsageError } from "../base/errors.ts";
import { linkSignals } from "../base/abort.ts";
import { Backoff, type BackoffOptions } from "../base/backoff.ts";
import { Deferred } from "../base/deferred.ts";
import { type Clock, delay, systemClock, withDeadline } from "../base/time.ts";

/** What a supervisor keeps alive: anything that ends at some time and says so. */
export interface Supervised {
  /** Settles when it has ended, with the reason. Never rejects. */
  readonly closed: Promise<Error | undefined>;
  /** Ends it at once. */
  abort(reason?: Error): void;
  /** Ends it in order. */
  close(): Promise<void>;
}

export type SupervisorState =
  | { readonly kind: "idle" }
  | { readonly kind: "connecting"; readonly attempt: number }
  | { readonly kind: "ready"; readonly generation: number }
  | { readonly kind: "waiting"; readonly attempt: number; readonly waitMs: number; readonly reason: Error }
  | { readonly kind: "closing" }
  | { readonly kind: "closed"; readonly reason: Error | undefined };

export interface SupervisorOptions<T extends Supervised> {
  /** Completes the sentence "Cannot …", e.g. "reach the broker at 127.0.0.1:6379". */
  readonly what: string;
  /** Connects *and* prepares: logs in, declares, subscribes. Ready means: everything that was going on goes on again. */
  readonly connect: (generation: number, signal: AbortSignal) => Promise<T>;
  readonly backoff?: BackoffOptions;
  /** Failed attempts in a row before giving up; 0 = never. Default 0. */
  readonly maxAttempts?: number;
  /** True for errors that no retry will mend (wrong password): they end the supervisor. Default: none. */
  readonly isFatal?: (error: Error) => boolean;
  /**
   * Resolves when the peer seems to be back, and so ends a wait early; it is called once for each wait. What it throws is
   * ignored. Default: the wait takes its time.
   */
  readonly probe?: (reason: Error, signal: AbortSignal) => Promise<void>;
  /** Told of every change of state, after it was made. What it throws ends the supervisor. */
  readonly onState?: (state: SupervisorState) => void;
  /**
   * Longest time between two `alive()` calls while ready; past it the connection is taken for dead and rebuilt, however
   * open its socket looks. Undefined: no watchdog.
   */
  readonly livenessMs?: number;
  readonly clock?: Clock;
}

/**
 * Keeps one connection alive: one state machine for connecting, losing, waiting and giving up.
 *
 *     idle ──start──> connecting ──ok──> ready ──lost, watchdog──> waiting ──> connecting …
 *                        │ failed ─────────────────────────────────^  │
 *                        └ fatal, too many attempts ──> closed <──────┘ close()
 *
 * Each success has a generation number; whatever was handed out under an older one (delivery tags, subscriptions) is void.
 *
 * Owns: the current connection; `close` ends it and the wait between attempts.
 */
export class Supervisor<T extends Supervised> {
  readonly #options: SupervisorOptions<T>;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #stop = new AbortController();
  #state: SupervisorState = { kind: "idle" };
  #current: T | undefined;
  #generation = 0;
  #ready = new Deferred<T>();
  #loop: Promise<void> | undefined;
  #lastAlive = 0;

  constructor(options: SupervisorOptions<T>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#backoff = new Backoff(options.backoff);
    this.#ready.promise.catch(() => {}); // as in #renewReady
  }

  get state(): SupervisorState {
    return this.#state;
  }

  /** The connection, while it is ready. */
  get current(): T | undefined {
    return this.#state.kind === "ready" ? this.#current : undefined;
  }

  /** Counts successful connections; 0 before the first. */
  get generation(): number {
    return this.#generation;
  }

  /** Starts connecting; later calls change nothing. */
  start(): void {
    this.#loop ??= this.#run().catch((error) => { // a callback of the owner threw: nothing may wait for ever because of it
      this.#current?.abort(asError(error));
      this.#settle(asError(error));
    });
  }

  /**
   * Starts if need be and resolves with a ready connection.
   * @throws the reason once the supervisor has given up or was closed; {TimeoutError}; `signal.reason`.
   */
  ready(options: { signal?: AbortSignal | undefined; timeoutMs?: number | undefined } = {}): Promise<T> {
    this.start();
    return withDeadline(this.#ready.promise, { ...options, clock: this.#clock, what: this.#options.what });
  }

  /** Tells the watchdog that the connection did its work just now. */
  alive(): void {
    this.#lastAlive = this.#clock.monotonic();
  }

  /** Ends the connection and all waiting. Idempotent. */
  async close(reason?: Error): Promise<void> {
    if (this.#state.kind !== "closed" && this.#state.kind !== "closing") this.#enter({ kind: "closing" });
    this.#stop.abort(reason ?? new ConnectionError(`Cannot ${this.#options.what}: it was closed`));
    const current = this.#current;
    await current?.close().catch((error) => current.abort(asError(error)));
    this.start(); // a supervisor closed before its start still ends as closed
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { maxAttempts = 0, isFatal = () => false } = this.#options;
    const signal = this.#stop.signal;
    while (!signal.aborted) {
      this.#enter({ kind: "connecting", attempt: this.#backoff.failures + 1 });
      let connection: T | undefined;
      let reason: Error | undefined;
      try {
        connection = await this.#options.connect(this.#generation + 1, signal);
      } catch (error) {
        reason = asError(error);
      }
      if (signal.aborted) {
        connection?.abort(asError(signal.reason));
        break;
      }
      if (connection !== undefined) reason = await this.#hold(connection, signal);
      else if (reason && (isFatal(reason) || (maxAttempts > 0 && this.#backoff.failures + 1 >= maxAttempts))) {
        return this.#finish(reason);
      }
      if (signal.aborted) break;
      reason ??= new ConnectionError(`Cannot ${this.#options.what}: the peer closed the connection`);
      const waitMs = this.#backoff.next();
      this.#enter({ kind: "waiting", attempt: this.#backoff.failures, waitMs, reason });
      await this.#wait(waitMs, reason, signal);
    }
    this.#finish(asError(signal.reason));
  }

  /** Announces a connection, waits until it ends, and returns why. */
  async #hold(connection: T, signal: AbortSignal): Promise<Error | undefined> {
    this.#generation++;
    this.#current = connection;
    this.#backoff.reset();
    this.alive();
    this.#enter({ kind: "ready", generation: this.#generation });
    this.#ready.resolve(connection);
    const watchdog = this.#watch(connection);
    const reason = await connection.closed;
    watchdog.cancel();
    this.#current = undefined;
    if (!signal.aborted) this.#renewReady();
    return reason;
  }

  /** Until the time is over, the probe says so, or `signal` ends everything. */
  async #wait(waitMs: number, reason: Error, signal: AbortSignal): Promise<void> {
    const early = new AbortController();
    const { signal: over, unlink } = linkSignals(signal, early.signal);
    this.#options.probe?.(reason, over).then(() => early.abort(), () => {}); // a failed probe knows nothing
    await delay(waitMs, { signal: over, clock: this.#clock }).catch(() => {}); // ended early, whoever did it
    early.abort();
    unlink();
  }

  #watch(connection: T): { cancel(): void } {
    const { livenessMs } = this.#options;
    if (livenessMs === undefined) return { cancel() {} };
    let timer: { cancel(): void };
    const check = () => {
      const silentMs = this.#clock.monotonic() - this.#lastAlive;
      if (silentMs >= livenessMs) {
        connection.abort(
          new ConnectionError(`Cannot ${this.#options.what}: nothing was heard for ${Math.round(silentMs)} ms`),
        );
      } else timer = this.#clock.after(livenessMs - silentMs, check);
    };
    timer = this.#clock.after(livenessMs, check);
    return { cancel: () => timer.cancel() };
  }

  #finish(reason: Error): void {
    this.#settle(reason);
    this.#options.onState?.(this.#state);
  }

  #settle(reason: Error): void {
    this.#state = { kind: "closed", reason };
    if (this.#ready.settled) this.#renewReady();
    this.#ready.reject(reason);
  }

  #renewReady(): void {
    this.#ready = new Deferred<T>();
    this.#ready.promise.catch(() => {}); // told to whoever asks for a connection; nobody may be asking
  }

  #enter(state: SupervisorState): void {
    if (this.#state.kind === "closed") {
      throw new UsageError(`Cannot enter ${state.kind}: the supervisor is closed`, { code: "ERR_STATE" });
    }
    this.#state = state;
    this.#options.onState?.(state);
  }
}
