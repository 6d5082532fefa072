import type { Headers, HeaderValue } from "../wire/message.ts";

/** Stamped values kept per header at most; the oldest go first. */
const MAX_VALUES = 50_000;

/**
 * Stamps whose tasks must not run: `revoke_by_stamped_headers`.
 *
 * Source: celery 5.6 celery/worker/state.py `revoked_stamps` · celery/worker/request.py `revoked`
 */
export class RevokedStamps {
  readonly #values = new Map<string, Set<string>>();

  get isEmpty(): boolean {
    return this.#values.size === 0;
  }

  add(header: string, values: readonly string[]): void {
    const known = this.#values.get(header) ?? new Set();
    for (const value of values) known.add(value);
    for (const oldest of known) {
      if (known.size <= MAX_VALUES) break;
      known.delete(oldest);
    }
    this.#values.set(header, known);
  }

  /** The first stamp of a message that was revoked: its header and the values that match. */
  match(headers: Headers): { header: string; values: string[] } | undefined {
    const names = headers.stamped_headers;
    const stamps = headers.stamps;
    if (this.isEmpty || !Array.isArray(names) || typeof stamps !== "object" || stamps === null) return undefined;
    const lookup = new Map<string, HeaderValue>(Object.entries(stamps));
    for (const header of names) {
      const revoked = this.#values.get(String(header));
      const stamped = lookup.get(String(header));
      if (revoked === undefined || stamped === undefined) continue;
      const values = (Array.isArray(stamped) ? stamped : [stamped]).map(String).filter((value) => revoked.has(value));
      if (values.length > 0) return { header: String(header), values };
    }
    return undefined;
  }
}
