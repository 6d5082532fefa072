import { setMaxListeners } from "node:events";
import { withDeadline } from "../base/time.ts";
import { linkSignals } from "../base/abort.ts";
import type { Celery } from "./app.ts";
import type { AsyncResult, GetOptions, RevokeOptions } from "./async_result.ts";
import type { ResultTuple } from "./wire/result_meta.ts";

/** Of every part one result: `[number, string]` for results of a number and a string. */
export type GroupValues<Parts extends readonly unknown[]> = { -readonly [Index in keyof Parts]: Parts[Index] };

/**
 * The results of tasks that were sent together.
 *
 * Spec: celery 5.6 celery/result.py `ResultSet`, `GroupResult`
 */
export class GroupResult<Values extends readonly unknown[] = readonly unknown[]> {
  readonly id: string;
  readonly results: readonly (AsyncResult | GroupResult)[];
  parent: AsyncResult | GroupResult | null = null;
  readonly #app: Celery;

  constructor(id: string, results: readonly (AsyncResult | GroupResult)[], app: Celery) {
    this.id = id;
    this.results = results;
    this.#app = app;
  }

  /** Resolves when all messages are confirmed; rejects with the first that could not be. */
  get published(): Promise<void> {
    const all = Promise.all(this.results.map((result) => result.published)).then(() => {});
    all.catch(() => {}); // as for a single result, nobody has to await it
    return all;
  }

  /**
   * Waits for all results, in order.
   *
   * @throws the first failure that comes in, unless `propagate` is false; as {@link AsyncResult.get} does
   */
  async get(options: GetOptions = {}): Promise<GroupValues<Values>> {
    const { timeout, signal, ...rest } = options;
    const stop = new AbortController();
    const linked = linkSignals(signal, stop.signal);
    setMaxListeners(0, linked.signal); // one a result, and they are removed: no leak to warn of
    const all = Promise.all(this.results.map((result) => result.get({ ...rest, signal: linked.signal })));
    try {
      return await withDeadline(all, {
        timeoutMs: timeout === undefined ? undefined : timeout * 1000,
        signal,
        what: `get the results of the group ${this.id}`,
      }) as GroupValues<Values>;
    } finally {
      stop.abort(); // one failed, or time is over: nobody waits for the others
      linked.unlink();
    }
  }

  /** The same as `get`, under Python's other name. */
  join(options: GetOptions = {}): Promise<GroupValues<Values>> {
    return this.get(options);
  }

  /** True once all have ended. */
  async ready(): Promise<boolean> {
    return (await this.#each((result) => result.ready())).every(Boolean);
  }

  async waiting(): Promise<boolean> {
    return !await this.ready();
  }

  async successful(): Promise<boolean> {
    return (await this.#each((result) => result.successful())).every(Boolean);
  }

  /** True if one has failed. */
  async failed(): Promise<boolean> {
    return (await this.#each((result) => result.failed())).some(Boolean);
  }

  /** How many have succeeded. */
  async completedCount(): Promise<number> {
    return (await this.#each((result) => result.successful())).filter(Boolean).length;
  }

  async forget(): Promise<void> {
    await this.#each((result) => result.forget());
  }

  async revoke(options: RevokeOptions = {}): Promise<void> {
    await this.#app.revoke(this.#ids(), options);
  }

  /** Remembers which tasks belong to the group, for `app.GroupResult.restore` in any process. */
  async save(): Promise<void> {
    await (await this.#app.backend()).saveGroup(this.id, this.asTuple());
  }

  /** Forgets what `save` stored. */
  async delete(): Promise<void> {
    await (await this.#app.backend()).deleteGroup(this.id);
  }

  asTuple(): ResultTuple {
    return [[this.id, this.parent?.asTuple() ?? null], this.results.map((result) => result.asTuple())];
  }

  toJSON(): ResultTuple {
    return this.asTuple();
  }

  toString(): string {
    return this.id;
  }

  [Symbol.iterator](): Iterator<AsyncResult | GroupResult> {
    return this.results[Symbol.iterator]();
  }

  #ids(): string[] {
    return this.results.flatMap((result) => result instanceof GroupResult ? result.#ids() : [result.id]);
  }

  #each<T>(ask: (result: AsyncResult | GroupResult) => Promise<T>): Promise<T[]> {
    return Promise.all(this.results.map(ask));
  }
}
