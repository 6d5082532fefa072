import { isDeepStrictEqual } from "node:util";
import { UsageError } from "../base/errors.ts";
import { onAbort } from "../base/abort.ts";
import { Deferred } from "../base/deferred.ts";
import { withDeadline } from "../base/time.ts";
import type { Celery } from "./app.ts";
import { EXCEPTION_STATES, PROPAGATE_STATES, READY_STATES } from "./backend/backend.ts";
import type { GroupResult } from "./group_result.ts";
import { resultFromTuple } from "./result_tuple.ts";
import type { ResultMeta, ResultTuple, TaskState } from "./wire/result_meta.ts";

export interface GetOptions {
  /** Seconds to wait, as in Python. Default: for ever. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** False: a failure is returned instead of thrown. Default true. */
  readonly propagate?: boolean | undefined;
  /** False: failures of the tasks before it in a chain are not looked at. Default true. */
  readonly followParents?: boolean | undefined;
  /** Called with every state on the way, STARTED and custom ones among them. */
  readonly onMessage?: ((meta: ResultMeta) => void) | undefined;
  /**
   * False: may be called inside a task. Default true, because a task that waits for another may hold the very process that the
   * other needs.
   */
  readonly disableSyncSubtasks?: boolean | undefined;
}

export interface RevokeOptions {
  /** Also end it if it runs already. Default false. */
  readonly terminate?: boolean;
  /** Signal to end it with. Default SIGTERM. */
  readonly signal?: string;
}

export interface AsyncResultOptions {
  readonly published?: Promise<void>;
  readonly ignored?: boolean;
  readonly settled?: Promise<ResultMeta>;
}

const WOULD_BLOCK = "Never call result.get() within a task! See " +
  "https://docs.celeryq.dev/en/latest/userguide/tasks.html#avoid-launching-synchronous-subtasks";

/**
 * A task that was sent, by its id: its state, and the result once it is there.
 *
 * Nothing is asked of the backend before you ask: a thousand results that nobody waits for cost nothing.
 *
 * Spec: celery 5.6 celery/result.py `AsyncResult`
 */
export class AsyncResult<R = unknown> {
  readonly id: string;
  /** The task before it in a chain, or the group before it in a chord. */
  parent: AsyncResult | GroupResult | null = null;
  /**
   * Resolves when the broker has confirmed the message, at once for a result that was looked up by id. Rejects when the broker
   * could not be reached; `get` throws that error too, and nobody has to await this one.
   */
  published: Promise<void>;
  /** Sent with `ignoreResult`: there will be no result to get. */
  readonly ignored: boolean;
  readonly #app: Celery;
  /** The outcome of a task that runs here, without a backend. */
  readonly #settled: Promise<ResultMeta> | undefined;
  #meta: ResultMeta | undefined;

  constructor(id: string, app: Celery, options: AsyncResultOptions = {}) {
    this.id = id;
    this.#app = app;
    this.published = options.published ?? PUBLISHED;
    this.ignored = options.ignored ?? false;
    this.#settled = options.settled;
  }

  /**
   * Waits for the result and returns it.
   *
   * @throws what the task threw: a registered class, else a {@link TaskError}; {TimeoutError}; `signal.reason`; the error of the
   * publish; {UsageError} inside a task, and for a result that is ignored
   */
  async get(options: GetOptions = {}): Promise<R> {
    const { timeout, signal, propagate = true } = options;
    this.#checkMayWait(options);
    const stop = new AbortController();
    try {
      const meta = await withDeadline(this.#app.hold.while(this.#readyMeta(options, stop.signal)), {
        timeoutMs: timeout === undefined ? undefined : timeout * 1000,
        signal,
        what: `get the result of ${this.id}`,
      });
      const value = this.#valueOf(meta);
      if (propagate && PROPAGATE_STATES.has(meta.status)) throw value;
      return value as R;
    } finally {
      stop.abort(); // nobody waits any more, whichever way it ended
    }
  }

  /** PENDING, STARTED, RETRY, FAILURE, SUCCESS … An unknown id is PENDING. */
  get state(): Promise<TaskState> {
    return this.#look().then((meta) => meta?.status ?? "PENDING");
  }

  /** The result; of a failed task its error; else what the state carries. Null while there is nothing. */
  get result(): Promise<unknown> {
    return this.#look().then((meta) => meta === undefined ? null : this.#valueOf(meta));
  }

  /** The same as `result`: it reads better where a task reports its progress. */
  get info(): Promise<unknown> {
    return this.result;
  }

  get traceback(): Promise<string | null> {
    return this.#look().then((meta) => meta?.traceback ?? null);
  }

  /** What the task sent while it ran; null while that is not known. */
  get children(): Promise<(AsyncResult | GroupResult)[] | null> {
    return this.#look().then((meta) => meta?.children?.map((child) => resultFromTuple(child, this.#app)) ?? null);
  }

  /** When it ended; null before. */
  get dateDone(): Promise<Date | null> {
    return this.#look().then((meta) => typeof meta?.dateDone === "string" ? new Date(meta.dateDone) : null);
  }

  /** All that is stored; undefined for an unknown id. With `result_extended` also name, arguments, worker, retries, queue. */
  get meta(): Promise<ResultMeta | undefined> {
    return this.#look();
  }

  /** True once nothing more will come: SUCCESS, FAILURE, REVOKED. */
  async ready(): Promise<boolean> {
    return READY_STATES.has(await this.state);
  }

  async successful(): Promise<boolean> {
    return await this.state === "SUCCESS";
  }

  async failed(): Promise<boolean> {
    return await this.state === "FAILURE";
  }

  /** Removes the result, and those of the tasks before it. */
  async forget(): Promise<void> {
    this.#meta = undefined;
    await this.parent?.forget();
    if (this.#settled === undefined) await (await this.#app.backend()).forget(this.id);
  }

  /** Tells all workers not to run it. Resolves when they were told. */
  async revoke(options: RevokeOptions = {}): Promise<void> {
    await this.#app.revoke([this.id], options);
  }

  asTuple(): ResultTuple {
    return [[this.id, this.parent?.asTuple() ?? null], null];
  }

  /** A result that is returned by a task is stored as its tuple. */
  toJSON(): ResultTuple {
    return this.asTuple();
  }

  toString(): string {
    return this.id;
  }

  #checkMayWait({ disableSyncSubtasks = true }: GetOptions): void {
    if (this.ignored) {
      throw new UsageError(`Cannot get the result of ${this.id}: it was sent with ignoreResult`, { code: "ERR_STATE" });
    }
    const request = this.#app.currentTask.request;
    if (disableSyncSubtasks && request !== undefined && !request.isEager) {
      throw new UsageError(WOULD_BLOCK, { code: "ERR_STATE" });
    }
  }

  /** Listens while the message is still on its way to the broker: one round trip less until the result can be heard. */
  async #readyMeta(options: GetOptions, signal: AbortSignal): Promise<ResultMeta> {
    if (this.#settled !== undefined || this.#meta !== undefined) await this.published;
    if (this.#settled !== undefined) return await this.#settled;
    if (this.#meta !== undefined) return this.#meta;
    const backend = await this.#app.backend();
    const found = new Deferred<ResultMeta>();
    this.published.catch((reason) => found.reject(reason));
    const watch = (id: string, onMeta: (meta: ResultMeta) => void) => {
      const watcher = backend.watch(id, onMeta);
      watcher.failed.catch((reason) => found.reject(reason));
      return watcher;
    };
    let last: ResultMeta | undefined;
    const watchers = [watch(this.id, (meta) => {
      if (!isDeepStrictEqual(meta, last)) options.onMessage?.(meta); // what was read may come as a message too
      last = meta;
      if (READY_STATES.has(meta.status)) found.resolve(meta);
    })];
    if (options.followParents !== false && options.propagate !== false) {
      for (const parent of this.#parents()) {
        watchers.push(watch(parent.id, (meta) => {
          if (PROPAGATE_STATES.has(meta.status)) found.reject(this.#valueOf(meta));
        }));
      }
    }
    const unlisten = onAbort(signal, (reason) => found.reject(reason));
    try {
      return this.#meta = await found.promise;
    } finally {
      unlisten();
      for (const watcher of watchers) watcher.close();
    }
  }

  /** The tasks before it; of a chord the parts report their failures through the body. */
  *#parents(): Generator<AsyncResult> {
    for (let node = this.parent; node instanceof AsyncResult; node = node.parent) yield node;
  }

  async #look(): Promise<ResultMeta | undefined> {
    await this.published;
    if (this.#settled !== undefined) return await this.#settled;
    if (this.#meta !== undefined) return this.#meta;
    const meta = await this.#app.hold.while((await this.#app.backend()).get(this.id));
    if (meta !== undefined && READY_STATES.has(meta.status)) this.#meta = meta;
    return meta;
  }

  #valueOf({ status, result, traceback }: ResultMeta): unknown {
    return EXCEPTION_STATES.has(status) ? this.#app.exceptions.decode(result, traceback) : result;
  }
}

const PUBLISHED = Promise.resolve();
