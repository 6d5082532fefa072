/**
 * Which keys expire when: one set of keys for every second.
 *
 * Noting, moving and striking out a key are O(1), nothing stale is ever kept, and while no key has an end there is nothing
 * to look at: a broker at rest sleeps. Within its second a key is found expired by whoever asks for it.
 */
export class ExpiryCalendar {
  readonly #seconds = new Map<number, Set<string>>();
  #earliest = Infinity; // no second before this one has keys

  /** True if no key ever expires. */
  get isEmpty(): boolean {
    return this.#seconds.size === 0;
  }

  /** @param expiresAt wall time in milliseconds */
  add(key: string, expiresAt: number): void {
    const second = secondOf(expiresAt);
    const keys = this.#seconds.get(second);
    if (keys === undefined) this.#seconds.set(second, new Set([key]));
    else keys.add(key);
    this.#earliest = Math.min(this.#earliest, second);
  }

  /** @param expiresAt what the key was added with */
  remove(key: string, expiresAt: number): void {
    const second = secondOf(expiresAt);
    const keys = this.#seconds.get(second);
    if (keys?.delete(key) && keys.size === 0) this.#seconds.delete(second);
  }

  /** Up to `limit` keys of seconds that are over; the caller removes each. */
  due(now: number, limit: number): string[] {
    const current = secondOf(now);
    const out: string[] = [];
    if (this.#earliest >= current) return out;
    let later = Infinity;
    for (const [second, keys] of this.#seconds) {
      if (second >= current) {
        later = Math.min(later, second);
        continue;
      }
      for (const key of keys) {
        if (out.length === limit) return out;
        out.push(key);
      }
    }
    this.#earliest = later;
    return out;
  }

  clear(): void {
    this.#seconds.clear();
    this.#earliest = Infinity;
  }
}

function secondOf(time: number): number {
  return Math.floor(time / 1000);
}
