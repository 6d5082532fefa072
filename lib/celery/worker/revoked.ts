import { type Clock, systemClock } from "../../base/time.ts";

export interface RevokedOptions {
  /** Ids kept at most; the oldest go first. Default 50000 (Celery's REVOKES_MAX). */
  readonly maxIds?: number;
  /** How long an id is kept, milliseconds. Default 10800000, three hours (REVOKE_EXPIRES). */
  readonly keepMs?: number;
  readonly clock?: Clock;
}

/**
 * The ids of tasks that must not run, each with the time it was revoked. Bounded in number and in age.
 *
 * Source: celery 5.6 celery/worker/state.py `revoked` · celery/utils/collections.py `LimitedSet`
 */
export class Revoked {
  readonly #maxIds: number;
  readonly #keepMs: number;
  readonly #clock: Clock;
  /** In order of insertion, which is the order of time but for what neighbours told; such an id may stay a little longer. */
  readonly #since = new Map<string, number>();

  constructor(options: RevokedOptions = {}) {
    this.#maxIds = options.maxIds ?? 50_000;
    this.#keepMs = options.keepMs ?? 3 * 3600 * 1000;
    this.#clock = options.clock ?? systemClock;
  }

  get size(): number {
    return this.#since.size;
  }

  /** True for an id that was revoked and has not been forgotten since. */
  has(id: string): boolean {
    return this.#since.size > 0 && this.#since.has(id);
  }

  /** Adds an id, or starts its time anew. */
  add(id: string, sinceMs = this.#clock.monotonic()): void {
    this.#since.delete(id);
    this.#since.set(id, sinceMs);
    this.purge();
  }

  /** The ids, oldest first. */
  ids(): string[] {
    this.purge();
    return [...this.#since.keys()];
  }

  /** Drops what is too old or too many. */
  purge(): void {
    const oldest = this.#clock.monotonic() - this.#keepMs;
    for (const [id, since] of this.#since) {
      if (since >= oldest && this.#since.size <= this.#maxIds) break;
      this.#since.delete(id);
    }
  }

  /** What `hello` tells a neighbour: `{id: [seconds on the monotonic clock, id]}`. */
  toWire(): Record<string, [number, string]> {
    this.purge();
    const out: Record<string, [number, string]> = Object.create(null);
    for (const [id, since] of this.#since) out[id] = [since / 1000, id];
    return out;
  }

  /**
   * Takes over what a neighbour told. Its clock may run ahead of ours: no id is kept longer than one revoked now.
   * Anything of another shape is ignored.
   */
  mergeWire(told: unknown): void {
    if (typeof told !== "object" || told === null) return;
    const now = this.#clock.monotonic();
    for (const [id, value] of Object.entries(told)) {
      const seconds: unknown = Array.isArray(value) ? value[0] : value;
      if (typeof seconds !== "number" || this.#since.has(id)) continue;
      this.add(id, Math.min(now, seconds * 1000));
    }
  }
}
