import { type Logger, silentLogger } from "../../base/log.ts";
import { checkNumber } from "../../base/options.ts";
import { type Clock, systemClock, type Timer } from "../../base/time.ts";
import { parseRate } from "../worker/rate_limit.ts";
import type { State } from "./state.ts";

/** Takes pictures of a cluster: stores them, say. */
export interface Camera {
  /** Called at each shutter. Until it is done the state stands still; events that come meanwhile are taken in afterwards. */
  onShutter(state: State): void | Promise<void>;
  /** Called every hour: to drop old pictures, say. */
  onCleanup?(): void | Promise<void>;
  /** Forget workers, tasks that are ready, and counts after each picture, so that the next has only what is new. Default false. */
  readonly clearAfter?: boolean;
}

export interface SnapshotOptions {
  /** Seconds from one picture to the next. Default 1. */
  readonly frequencyS?: number;
  /** Pictures at most, as a rate limit of tasks: `10/m`. Those beyond are left out, and nothing is forgotten for them. Default no limit. */
  readonly maxRate?: string | number | null;
  /** Seconds from one cleanup to the next. Default an hour. */
  readonly cleanupS?: number;
  /** Told of a camera that has failed: it is called again at the next shutter. Default: silent. */
  readonly log?: Logger;
  readonly clock?: Clock;
}

/**
 * Has a camera take pictures of a state, again and again.
 *
 * Source: celery 5.6 celery/events/snapshot.py `Polaroid`
 *
 * Owns: two timers. `stop` cancels them and takes a last picture.
 *
 * @example
 * ```ts
 * import { Snapshots } from "./lib/celery/events/mod.ts";
 *
 * const state = await app.events.State();
 * const receiver = await app.events.receive((event) => state.event(event));
 * const snapshots = new Snapshots(state, { onShutter: ({ tasks }) => console.log(tasks.size, "tasks") });
 * snapshots.start();
 * ```
 */
export class Snapshots {
  readonly #state: State;
  readonly #camera: Camera;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #cleanupMs: number;
  /** Pictures a second; 0 for no limit. */
  readonly #rate: number;
  /** When the next picture may be taken, monotonic. */
  #freeAt = -Infinity;
  #shutter: Timer | undefined;
  #cleanup: Timer | undefined;
  #taking: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | undefined;

  /** @throws {UsageError} for a time or a rate that cannot be */
  constructor(state: State, camera: Camera, options: SnapshotOptions = {}) {
    const { frequencyS = 1, maxRate, cleanupS = 3600, log = silentLogger, clock = systemClock } = options;
    this.#state = state;
    this.#camera = camera;
    this.#log = log;
    this.#clock = clock;
    this.#everyMs = checkNumber("frequencyS", frequencyS, { min: 0.001 }) * 1000;
    this.#cleanupMs = checkNumber("cleanupS", cleanupS, { min: 0.001 }) * 1000;
    this.#rate = parseRate(maxRate);
  }

  /** The first picture is taken after `frequencyS`. */
  start(): void {
    if (this.#stopping !== undefined || this.#shutter !== undefined) return;
    this.#armShutter(this.#everyMs);
    this.#armCleanup();
  }

  /** Takes a last picture and stops. Idempotent. */
  stop(): Promise<void> {
    return this.#stopping ??= this.#stop();
  }

  async #stop(): Promise<void> {
    this.#shutter?.cancel();
    this.#cleanup?.cancel();
    await this.#taking;
    await this.#take(); // whatever the rate: what has happened since the last would be lost
  }

  #armShutter(afterMs: number): void {
    this.#shutter = this.#clock.after(afterMs, () => {
      const began = this.#clock.monotonic();
      this.#taking = (this.#mayTake() ? this.#take() : Promise.resolve()).then(() => {
        if (this.#stopping !== undefined) return;
        this.#armShutter(Math.max(0, this.#everyMs - (this.#clock.monotonic() - began)));
      });
    });
  }

  #armCleanup(): void {
    this.#cleanup = this.#clock.after(this.#cleanupMs, () => {
      this.#log.debug("Cleanup: Running...");
      this.#try("onCleanup", () => this.#camera.onCleanup?.()).then(() => {
        if (this.#stopping === undefined) this.#armCleanup();
      });
    });
  }

  async #take(): Promise<void> {
    const { eventCount: events, taskCount: tasks } = this.#state;
    this.#log.debug("Shutter", { events, tasks });
    const options = { clearAfter: this.#camera.clearAfter ?? false };
    await this.#try("onShutter", () => this.#state.freezeWhile(() => this.#camera.onShutter(this.#state), options));
  }

  #mayTake(): boolean {
    if (this.#rate === 0) return true;
    const now = this.#clock.monotonic();
    if (now < this.#freeAt) return false;
    this.#freeAt = now + 1000 / this.#rate;
    return true;
  }

  /** Never rejects: pictures go on. */
  async #try(what: string, call: () => void | Promise<void>): Promise<void> {
    try {
      await call();
    } catch (error) {
      this.#log.error("The camera has failed", { what, error });
    }
  }
}
