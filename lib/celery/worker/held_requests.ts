import type { Request } from "./request.ts";

/**
 * The requests that this worker holds, and how many it has begun: what `inspect`, heartbeats and shutdown ask for.
 *
 * Source: celery 5.6 celery/worker/state.py
 */
export class HeldRequests {
  /** By task id. A task that retries itself may be delivered again before its first delivery is done with. */
  readonly #byId = new Map<string, Request[]>();
  readonly #totals = new Map<string, number>();
  #begun = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Tasks begun since the start. */
  get begun(): number {
    return this.#begun;
  }

  /** Tasks begun, by name. */
  get totals(): ReadonlyMap<string, number> {
    return this.#totals;
  }

  add(request: Request): void {
    const same = this.#byId.get(request.id);
    if (same === undefined) this.#byId.set(request.id, [request]);
    else same.push(request);
    this.#size++;
  }

  countBegun(request: Request): void {
    this.#begun++;
    this.#totals.set(request.name, (this.#totals.get(request.name) ?? 0) + 1);
  }

  remove(request: Request): void {
    const same = this.#byId.get(request.id);
    if (same === undefined || !same.includes(request)) return;
    this.#size--;
    if (same.length === 1) this.#byId.delete(request.id);
    else this.#byId.set(request.id, same.filter((other) => other !== request));
  }

  withId(id: string): readonly Request[] {
    return this.#byId.get(id) ?? [];
  }

  *[Symbol.iterator](): Generator<Request> {
    for (const same of this.#byId.values()) yield* same;
  }
}
