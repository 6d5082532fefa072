import type { Buffer } from "node:buffer";
import { UsageError } from "../base/errors.ts";
import { type Logger, silentLogger } from "../base/log.ts";
import { type Clock, delay, systemClock, type Timer } from "../base/time.ts";
import { Child, type OutputStream } from "./child.ts";
import type { ChildExit } from "./child_exit.ts";
import { Rendezvous } from "./rendezvous.ts";
import { Undertaker } from "./undertaker.ts";

export interface ChildPoolOptions {
  /** The module each child runs; it has to call `meetParent`. */
  readonly module: URL;
  /** How many children to keep alive. */
  readonly size: number;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Flags of the runtime. Default: those of this process. */
  readonly execArgv?: readonly string[];
  readonly onFrame: (child: Child, payload: Buffer) => void;
  readonly onConnected?: (child: Child) => void;
  /** A child has gone; unless it was dismissed, its replacement is started after this call. */
  readonly onExit?: (child: Child, exit: ChildExit) => void;
  readonly onOutput?: (child: Child, line: string, stream: OutputStream) => void;
  /** Several children in a row ended before they connected; the pool has stopped replacing them. Default: it goes on. */
  readonly onHopeless?: (exit: ChildExit) => void;
  readonly log?: Logger;
  readonly clock?: Clock;
}

/** A child that ends before it connected was not killed by its work: wait before the next try. */
const REPLACE_DELAY_MS = 500;
/** After so many of them in a row, another try will not help either. */
const MAX_STILLBIRTHS = 4;

/**
 * Keeps a number of child processes alive.
 *
 *     running ──close──> closing ──all gone──> closed
 *
 * A child that ends is replaced at once; one that is dismissed is not, unless the pool is below its size.
 *
 * Owns: the rendezvous, the undertaker, the children; `close` ends them in reverse order.
 */
export class ChildPool {
  readonly #options: ChildPoolOptions;
  readonly #clock: Clock;
  readonly #rendezvous: Rendezvous;
  readonly #undertaker: Undertaker;
  readonly #children = new Set<Child>();
  readonly #dismissed = new Set<Child>();
  readonly #timers = new Set<Timer>();
  #size: number;
  #stillbirths = 0;
  #closing: Promise<void> | undefined;

  private constructor(rendezvous: Rendezvous, options: ChildPoolOptions) {
    this.#rendezvous = rendezvous;
    this.#undertaker = new Undertaker(rendezvous.folder);
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#size = options.size;
    this.#fill();
  }

  /** Starts the children; they connect in their own time (`onConnected`). */
  static async start(options: ChildPoolOptions): Promise<ChildPool> {
    return new ChildPool(await Rendezvous.open({ log: options.log ?? silentLogger }), options);
  }

  /** Children that run, dismissed ones included. */
  get children(): ReadonlySet<Child> {
    return this.#children;
  }

  /** How many children are wanted. */
  get size(): number {
    return this.#size;
  }

  /**
   * Changes how many children are kept. Growing starts them at once; to shrink, `dismiss` the ones that may go: the pool
   * does not know who is busy.
   */
  resize(size: number): void {
    if (!Number.isInteger(size) || size < 0) {
      throw new UsageError(`Cannot resize the pool: expected 0 or more, got ${size}`);
    }
    this.#size = size;
    this.#fill();
  }

  /** The child is leaving on purpose: somebody takes its place now, if the pool's size asks for it, not when it is gone. */
  dismiss(child: Child): void {
    if (!this.#children.has(child) || this.#dismissed.has(child)) return;
    this.#dismissed.add(child);
    this.#fill();
  }

  /**
   * Waits until all children have left, kills those who have not after `graceMs`, and those at once who have not even connected;
   * then removes the socket. Idempotent.
   */
  close(graceMs = 2000): Promise<void> {
    this.#closing ??= (async () => {
      for (const timer of this.#timers) timer.cancel();
      const gone = Promise.all([...this.#children].map((child) => child.exited));
      const stop = new AbortController();
      const kill = (isDoomed: (child: Child) => boolean) => {
        for (const child of this.#children) if (isDoomed(child)) child.kill("SIGKILL");
      };
      kill((child) => !child.isConnected);
      delay(graceMs, { signal: stop.signal, clock: this.#clock }).then(() => kill(() => true), () => {}); // aborted: they left in time
      await gone;
      stop.abort();
      this.#undertaker.close();
      await this.#rendezvous.close();
    })();
    return this.#closing;
  }

  #fill(): void {
    while (this.#closing === undefined && this.#children.size - this.#dismissed.size < this.#size) this.#spawn();
  }

  #spawn(): void {
    const child = new Child(this.#freeIndex(), this.#rendezvous, this.#options);
    this.#children.add(child);
    this.#watch();
    let connected = false;
    child.connected.then(() => {
      connected = true;
      this.#stillbirths = 0;
      this.#options.onConnected?.(child);
    }, () => {}); // told by `exited`
    child.exited.then((exit) => {
      this.#children.delete(child);
      const dismissed = this.#dismissed.delete(child);
      this.#watch();
      this.#options.onExit?.(child, exit);
      child.forgetNote();
      if (connected || dismissed) return this.#fill();
      this.#stillbirths++;
      if (this.#stillbirths >= MAX_STILLBIRTHS && this.#options.onHopeless !== undefined) {
        this.#options.onHopeless(exit);
      } else this.#fillLater();
    });
  }

  #fillLater(): void {
    const timer = this.#clock.after(REPLACE_DELAY_MS, () => {
      this.#timers.delete(timer);
      this.#fill();
    });
    this.#timers.add(timer);
  }

  /** The lowest number that no living child has, dismissed ones included. */
  #freeIndex(): number {
    const taken = new Set([...this.#children].map((child) => child.index));
    let index = 1;
    while (taken.has(index)) index++;
    return index;
  }

  #watch(): void {
    this.#undertaker.watch([...this.#children].map((child) => child.pid));
  }
}
