import { UsageError } from "../base/errors.ts";
import { pyRepr } from "../base/pyrepr.ts";
import { Tuple } from "../base/pyvalue.ts";
import type { ApplyOptions, When } from "./apply_options.ts";
import { toWireOptions } from "./apply_options.ts";
import type { Celery } from "./app.ts";
import type { AsyncResult } from "./async_result.ts";
import { addToChord, replaceTask } from "./canvas/replace.ts";
import type { AnySignature, Signature } from "./canvas/signature.ts";
import { Retry } from "./control_flow.ts";
import { retryOptions } from "./retry.ts";
import type { TaskProperties } from "./task_options.ts";
import type { TaskRequest } from "./task_request.ts";
import type { ResultMeta } from "./wire/result_meta.ts";
import { MaxRetriesExceededError } from "./wire/task_errors.ts";

export interface RetryOptions extends Omit<ApplyOptions, "eta" | "countdown"> {
  /** Why; stored as the reason, and thrown in its place once there are no retries left. */
  readonly exc?: unknown;
  /** Seconds until then. Default: the task's `defaultRetryDelay`. */
  readonly countdown?: number;
  readonly eta?: When;
  /** For this run; null: for ever. Default: the task's. */
  readonly maxRetries?: number | null;
  /** Other arguments than this run had. */
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  /** False: returns the {@link Retry} instead of throwing it. Default true. */
  readonly throw?: boolean;
}

/** What the place where a task runs does for it. */
export interface TaskHost {
  /** Aborted when the task is to stop: revoked, past a soft limit, shut down. */
  readonly signal: AbortSignal;
  /** Stores a state on the way. */
  store(meta: ResultMeta, request: TaskRequest): Promise<void>;
  /** Sends a monitoring event of the task's own. */
  sendEvent(type: string, fields: Readonly<Record<string, unknown>>): void;
}

/**
 * `self` of a bound task: what it can know and do about its own run.
 *
 * @example
 * ```ts
 * const fetchPage = app.task("fetchPage", { bind: true, maxRetries: 5 }, async (self, url: string) => {
 *   try {
 *     return await download(url, { signal: self.signal });
 *   } catch (error) {
 *     throw self.retry({ exc: error, countdown: 2 ** self.request.retries });
 *   }
 * });
 * ```
 */
export class TaskContext {
  readonly app: Celery;
  /** Registered name of the task. */
  readonly name: string;
  readonly request: TaskRequest;
  readonly properties: TaskProperties;
  readonly #host: TaskHost;

  constructor(app: Celery, request: TaskRequest, properties: TaskProperties, host: TaskHost) {
    this.app = app;
    this.name = request.task;
    this.request = request;
    this.properties = properties;
    this.#host = host;
  }

  /** Aborted, with the error to throw, when the task is to stop. */
  get signal(): AbortSignal {
    return this.#host.signal;
  }

  /**
   * Sends the task again and ends this run: `throw self.retry({ exc: error })`.
   *
   * @throws {Retry} always, unless told otherwise; once there are no retries left `exc`, or {MaxRetriesExceededError}
   */
  retry(options: RetryOptions & { readonly throw: false }): Retry;
  retry(options?: RetryOptions): never;
  retry(options: RetryOptions = {}): Retry {
    const { exc, countdown, eta, maxRetries = this.properties.maxRetries, args, kwargs, throw: isThrown, ...rest } =
      options;
    const { request } = this;
    if (request.calledDirectly) throw exc ?? new Retry(undefined, undefined);
    const nextArgs = args ?? request.args;
    const nextKwargs = kwargs ?? request.kwargs;
    if (maxRetries !== null && request.retries + 1 > maxRetries) {
      throw exc ?? this.#tooManyRetries(nextArgs, nextKwargs);
    }
    const wait = eta === undefined ? countdown ?? this.properties.defaultRetryDelay : undefined;
    const next = {
      ...retryOptions(request),
      ...(wait === undefined ? { eta: eta ?? null } : { countdown: wait }),
      ...toWireOptions(rest),
    };
    const published = request.isEager
      ? Promise.resolve()
      : this.app.sendKnown(this.name, nextArgs, nextKwargs, next).published;
    const retry = new Retry(exc, wait ?? String(eta), published);
    if (isThrown === false) return retry;
    throw retry;
  }

  /** Stores a state of your own, to be seen by `result.state` and `result.info`: `self.updateState({ state: "PROGRESS", meta: { done: 3 } })`. */
  updateState(options: { readonly state: string; readonly meta?: unknown; readonly taskId?: string }): Promise<void> {
    const { state, meta = null, taskId = this.request.id } = options;
    if (taskId === "") {
      throw new UsageError("Cannot update the state: the task was called as a function", { code: "ERR_STATE" });
    }
    const { group, parentId, children } = this.request;
    const stored: ResultMeta = {
      taskId,
      status: state,
      result: meta instanceof Error ? this.app.exceptions.encode(meta) : meta,
      traceback: null,
      children: [...children],
      dateDone: null,
      ...(group === null ? {} : { groupId: group }),
      ...(parentId === null ? {} : { parentId }),
    };
    return this.#host.store(stored, this.request);
  }

  /**
   * Lets another signature take this task's place: its id, its followers, its part in a chord. `return self.replace(sig)`.
   *
   * @throws {Ignore} always: this run has no result of its own
   */
  replace(signature: AnySignature): never {
    return replaceTask(this.app, this.request, signature);
  }

  /** Adds a part to the chord that this task is a part of, and sends it unless `lazy`. */
  addToChord(signature: Signature, options: { readonly lazy?: boolean } = {}): Promise<AsyncResult | Signature> {
    return addToChord(this.app, this.request, signature, options.lazy ?? false);
  }

  /** Sends an event for monitors: `self.sendEvent("task-progress", { done: 3 })`. */
  sendEvent(type: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#host.sendEvent(type, { uuid: this.request.id, ...fields });
  }

  #tooManyRetries(args: readonly unknown[], kwargs: unknown): MaxRetriesExceededError {
    const call = `args:${pyRepr(Tuple.fromItems(args))} kwargs:${pyRepr(kwargs)}`;
    return new MaxRetriesExceededError([`Can't retry ${this.name}[${this.request.id}] ${call}`]);
  }
}
