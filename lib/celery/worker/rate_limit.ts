import { UsageError } from "../../base/errors.ts";
import { type Clock, systemClock, type Timer } from "../../base/time.ts";

const SECONDS_PER_UNIT: ReadonlyMap<string, number> = new Map([["s", 1], ["m", 60], ["h", 3600]]);

/**
 * Tasks per second of a rate limit: `10`, `"10/s"`, `"10/m"`, `"10/h"`; 0, `""` and `null` mean no limit, which is 0.
 *
 * Source: celery 5.6 celery/utils/time.py `rate`
 *
 * @throws {UsageError} with Python's words, which `rate_limit` replies.
 */
export function parseRate(limit: string | number | null | undefined): number {
  if (limit === null || limit === undefined || limit === "") return 0;
  if (typeof limit === "number") return limit;
  const [count = "", unit = "s"] = limit.split("/");
  const perSecond = SECONDS_PER_UNIT.get(unit === "" ? "s" : unit);
  if (perSecond === undefined) throw new UsageError(unit);
  if (count.trim() === "" || !Number.isFinite(Number(count))) {
    throw new UsageError(`could not convert string to float: '${count}'`);
  }
  return Number(count) / perSecond;
}

/**
 * A token bucket with room for one token, and the queue of those who wait for one.
 *
 * Source: kombu 5.6 kombu/utils/limits.py · celery/worker/consumer/consumer.py `_schedule_bucket_request`
 *
 * Owns: one timer while somebody waits; `clear` cancels it.
 */
export class RateLimit<T> {
  readonly #perSecond: number;
  readonly #clock: Clock;
  readonly #release: (item: T) => void;
  #tokens = 1;
  #filledAt: number;
  #waiting: T[] = [];
  #timer: Timer | undefined;

  /** @param release called, in order, for each item as soon as there is a token for it */
  constructor(perSecond: number, release: (item: T) => void, clock: Clock = systemClock) {
    this.#perSecond = perSecond;
    this.#release = release;
    this.#clock = clock;
    this.#filledAt = clock.monotonic();
  }

  get waiting(): readonly T[] {
    return this.#waiting;
  }

  add(item: T): void {
    this.#waiting.push(item);
    if (this.#timer === undefined) this.#serve();
  }

  /** Takes everybody out of the queue. */
  clear(): T[] {
    this.#timer?.cancel();
    this.#timer = undefined;
    return this.#waiting.splice(0);
  }

  #serve(): void {
    this.#timer = undefined;
    while (this.#waiting.length > 0) {
      const now = this.#clock.monotonic();
      this.#tokens = Math.min(1, this.#tokens + (now - this.#filledAt) / 1000 * this.#perSecond);
      this.#filledAt = now;
      if (this.#tokens < 1) {
        const waitMs = Math.ceil((1 - this.#tokens) / this.#perSecond * 1000);
        this.#timer = this.#clock.after(waitMs, () => this.#serve());
        return;
      }
      this.#tokens -= 1;
      const [item] = this.#waiting.splice(0, 1);
      if (item !== undefined) this.#release(item);
    }
  }
}
