import process from "node:process";
import type { Celery } from "../../app.ts";
import { callTask } from "../../call_task.ts";
import { Continuation } from "../../canvas/continue.ts";
import { Ignore, Reject, Retry } from "../../control_flow.ts";
import { backoffSeconds } from "../../retry.ts";
import { RunSignals } from "../../signals/run_signals.ts";
import type { AnyTask } from "../../task.ts";
import type { TaskHost } from "../../task_context.ts";
import type { TaskProperties } from "../../task_options.ts";
import type { TaskRequest } from "../../task_request.ts";
import type { ResultMeta } from "../../wire/result_meta.ts";
import { saferepr } from "../../wire/saferepr.ts";
import { tracebackOf } from "../../wire/traceback.ts";
import { requestOf } from "../message_request.ts";
import type { ChildSettings, Outcome, TaskOrder } from "../pool_message.ts";
import { mistake } from "../read_task.ts";
import { resultRequestOf, TaskResults } from "../task_results.ts";
import type { JobControl } from "./job_control.ts";
import type { CallResult, JobSteps } from "./job_runner.ts";
import { AlreadySucceeded, type TracedTask } from "./traced_task.ts";

export interface TracerOptions {
  /** Node name of the worker. */
  readonly node: string;
  /** One task at a time runs in this process. */
  readonly isAlone: boolean;
  readonly sendEvent: (type: string, fields: Readonly<Record<string, unknown>>) => void;
  /** Told what went wrong beside the tasks: results that could not be stored, followers that could not be sent. */
  readonly complain: (message: string) => void;
}

/**
 * The life of one task in a pool child: read its message, call its function, store what came of it, start what follows.
 *
 * Source: celery 5.6 celery/app/trace.py `build_tracer`
 */
export class TaskTracer implements JobSteps<TracedTask> {
  readonly #app: Celery;
  readonly #options: TracerOptions;
  readonly #results: TaskResults;
  readonly #continuation: Continuation;
  readonly #signals: RunSignals;
  /** Options of a task do not change while a worker runs. */
  readonly #properties = new Map<string, TaskProperties>();
  #showsResults = false;

  constructor(app: Celery, options: TracerOptions) {
    this.#app = app;
    this.#options = options;
    this.#signals = new RunSignals(app);
    this.#results = new TaskResults(app, options.node, ({ id, task }, error) => {
      options.complain(`Cannot store the result of ${task}[${id}]: ${error.message}`);
    });
    this.#continuation = new Continuation(app, options.complain);
  }

  configure(settings: ChildSettings): void {
    this.#showsResults = settings.showResults;
  }

  prepare(order: TaskOrder): { readonly prepared: TracedTask } | { readonly outcome: Outcome } {
    try {
      const request = requestOf(this.#app, order, this.#options.node);
      const task = this.#app.tasks.get(request.task);
      if (task === undefined) {
        return { outcome: { kind: "invalid", reason: `'${request.task}' is not registered here` } };
      }
      const properties = this.#propertiesOf(task);
      const ignoresResult = request.ignoreResult ?? properties.ignoreResult;
      const storesErrors = !ignoresResult || properties.storeErrorsEvenIfIgnored;
      return { prepared: { task, properties, request, ignoresResult, storesErrors } };
    } catch (error) {
      return { outcome: mistake(error) };
    }
  }

  call(traced: TracedTask, control: JobControl): unknown {
    const { request } = traced;
    const host = this.#hostOf(control);
    const body = () => this.#mayHaveSucceeded(traced) ? this.#beginUnlessDone(traced, host) : this.#begin(traced, host);
    const { currentTask } = this.#app;
    return this.#options.isAlone ? currentTask.runAlone(request, body) : currentTask.run(request, body);
  }

  conclude(traced: TracedTask, result: CallResult, runMs: number, control: JobControl): Promise<Outcome> {
    const { currentTask } = this.#app;
    const { request } = traced;
    currentTask.ended(request);
    const end = () =>
      result.kind === "threw"
        ? this.#threw(traced, result.error, control)
        : this.#returned(traced, result.value, runMs, control);
    if (this.#signals.follow && !isRepetition(result)) {
      const returned = result.kind === "returned" ? result.value : undefined;
      return currentTask.run(request, () => this.#signals.ended(traced, returned, end()));
    }
    return result.kind === "returned" && isSimple(traced) ? end() : currentTask.run(request, end);
  }

  hasHooks({ task }: TracedTask): boolean {
    if (this.#signals.follow) return true;
    const { onSuccess, onFailure, onRetry, afterReturn } = task.options;
    return (onSuccess ?? onFailure ?? onRetry ?? afterReturn) !== undefined;
  }

  #begin(traced: TracedTask, host: TaskHost): unknown {
    const told = this.#signals.prerun(traced);
    return told === undefined ? this.#start(traced, host) : told.then(() => this.#start(traced, host));
  }

  #start({ task, properties, request, ignoresResult }: TracedTask, host: TaskHost): unknown {
    if (properties.trackStarted && !ignoresResult) this.#storeStarted(request);
    return callTask(task, request, host);
  }

  /** Order: callbacks and chain, result, chord, event. */
  async #returned(traced: TracedTask, value: unknown, runMs: number, control: JobControl): Promise<Outcome> {
    const { task, request, ignoresResult } = traced;
    try {
      if (request.callbacks !== null || request.chain !== null) {
        await this.#results.persist(request, () => this.#continuation.sendFollowers(request, value));
      }
      if (!ignoresResult) await this.#results.store(request, { status: "SUCCESS", result: value, traceback: null });
      if (request.chord !== null) {
        await this.#results.persist(request, () => this.#continuation.reportToChord(request, "SUCCESS", value));
      }
    } catch (error) {
      // E.g. a value that JSON cannot carry. What follows a failure is a part of the task, whatever follows its return.
      return await this.#app.currentTask.run(request, () => this.#failed(traced, error, control));
    }
    const { onSuccess, afterReturn } = task.options;
    await onSuccess?.(task.context(request, this.#hostOf(control)), value);
    if (this.#signals.follow) await this.#signals.success(traced, value);
    await afterReturn?.(task.context(request, this.#hostOf(control)), "SUCCESS", value);
    return { kind: "success", seconds: runMs / 1000, result: this.#showsResults ? saferepr(value) : "" };
  }

  async #threw(traced: TracedTask, thrown: unknown, control: JobControl): Promise<Outcome> {
    if (thrown instanceof AlreadySucceeded) return await this.#repeated(traced.request, thrown.meta);
    const error = this.#autoretried(traced, thrown, control);
    traced.thrown = { error };
    if (error instanceof Retry) return await this.#retried(traced, error, control);
    if (error instanceof Ignore) {
      await error.published;
      return { kind: "ignored" };
    }
    if (error instanceof Reject) {
      return { kind: "rejected", requeue: error.requeue, exception: this.#rejection(error) };
    }
    return await this.#failed(traced, error, control);
  }

  /**
   * What follows may be missing, for the worker that stored the result may have died then: followers are sent unless the result
   * has children, and the chord, which counts a part once, is told again.
   */
  async #repeated(request: TaskRequest, { result, children }: ResultMeta): Promise<Outcome> {
    try {
      await this.#results.persist(request, async () => {
        if ((children ?? []).length === 0) await this.#continuation.sendFollowers(request, result);
        await this.#continuation.reportToChord(request, "SUCCESS", result);
      });
    } catch (error) {
      return { kind: "rejected", requeue: true, exception: this.#app.exceptions.repr(error) };
    }
    return { kind: "ignored", description: "Task already completed successfully." };
  }

  /** What a task throws that retries by itself after such errors; else what it has thrown. */
  #autoretried({ task, properties, request }: TracedTask, thrown: unknown, control: JobControl): unknown {
    const { autoretryFor, dontAutoretryFor, retryKwargs } = properties;
    const isOf = (classes: TaskProperties["throws"]) => classes.some((errorClass) => thrown instanceof errorClass);
    if (!isOf(autoretryFor) || isOf(dontAutoretryFor)) return thrown;
    if (thrown instanceof Retry || thrown instanceof Ignore || thrown instanceof Reject) return thrown;
    const countdown = backoffSeconds(properties, request.retries) ?? retryKwargs.countdown;
    const { maxRetries } = retryKwargs;
    try {
      return task.context(request, this.#hostOf(control)).retry({
        exc: thrown,
        ...(countdown === undefined ? {} : { countdown }),
        ...(maxRetries === undefined ? {} : { maxRetries }),
      });
    } catch (error) {
      return error;
    }
  }

  async #retried(traced: TracedTask, retry: Retry, control: JobControl): Promise<Outcome> {
    const { task, request, ignoresResult } = traced;
    try {
      await retry.published;
    } catch (error) {
      return { kind: "rejected", requeue: false, exception: this.#app.exceptions.repr(error) };
    }
    const stored = retry.reason === undefined ? null : this.#app.exceptions.encode(retry.reason);
    const shown = retry.reason === undefined ? "None" : this.#app.exceptions.repr(retry.reason);
    const traceback = tracebackOf(retry.reason ?? retry, stored ?? this.#app.exceptions.encode(retry));
    if (!ignoresResult) await this.#results.store(request, { status: "RETRY", result: stored, traceback });
    await task.options.onRetry?.(task.context(request, this.#hostOf(control)), retry.reason);
    if (this.#signals.follow) await this.#signals.retry(traced, retry, traceback);
    const reason = retry.reason === undefined ? retry.message : `${retry.message}: ${shown}`;
    return { kind: "retry", reason, exception: shown, traceback };
  }

  /** Order: result, the rest of the chain, chord, errbacks, event. */
  async #failed(traced: TracedTask, error: unknown, control: JobControl): Promise<Outcome> {
    const { task, properties, request, storesErrors } = traced;
    traced.thrown = { error };
    const stored = this.#app.exceptions.encode(error);
    const traceback = tracebackOf(error, stored);
    if (storesErrors) await this.#results.store(request, { status: "FAILURE", result: stored, traceback });
    if (request.errbacks !== null || request.chain !== null || request.chord !== null) {
      const failure = { error, traceback, status: "FAILURE", storesResults: storesErrors } as const;
      await this.#results.persist(request, () => this.#continuation.afterFailure(request, failure));
    }
    const { onFailure, afterReturn } = task.options;
    await onFailure?.(task.context(request, this.#hostOf(control)), error);
    if (this.#signals.follow) await this.#signals.failure(traced, error, traceback);
    await afterReturn?.(task.context(request, this.#hostOf(control)), "FAILURE", error);
    const expected = properties.throws.some((errorClass) => error instanceof errorClass);
    return { kind: "failure", exception: this.#app.exceptions.repr(error), traceback, expected };
  }

  #rejection(reject: Reject): string {
    const reason = reject.reason === undefined || reject.reason === null
      ? "None"
      : this.#app.exceptions.repr(reject.reason);
    return `Reject(${reason}, requeue=${reject.requeue ? "True" : "False"})`;
  }

  #storeStarted(request: TaskRequest): void {
    const result = { pid: process.pid, hostname: this.#options.node };
    this.#results.store(request, { status: "STARTED", result, traceback: null })
      .catch((error) =>
        this.#options.complain(`Cannot store that ${request.task}[${request.id}] has started: ${error}`)
      );
  }

  /** A message that was delivered before may be of a task that is done. */
  #mayHaveSucceeded({ properties, request }: TracedTask): boolean {
    return request.deliveryInfo.redelivered && properties.acksLate && this.#app.conf.workerDeduplicateSuccessfulTasks;
  }

  async #beginUnlessDone(traced: TracedTask, host: TaskHost): Promise<unknown> {
    const meta = await this.#storedBefore(traced.request);
    if (meta?.status === "SUCCESS") throw new AlreadySucceeded(meta);
    return await this.#begin(traced, host);
  }

  /** What became of the task when it was delivered before; undefined where that cannot be told. */
  async #storedBefore(request: TaskRequest): Promise<ResultMeta | undefined> {
    try {
      return await this.#results.persist(request, async () => {
        const backend = await this.#app.backend();
        return KEEPS_NO_RESULTS.has(backend.name) ? undefined : await backend.get(request.id);
      });
    } catch (error) {
      const { task, id } = request;
      this.#options.complain(`Cannot tell whether ${task}[${id}] has succeeded before, it is run again: ${error}`);
      return undefined;
    }
  }

  #hostOf(control: JobControl): TaskHost {
    return new ChildHost(this.#app, control, this.#options.sendEvent);
  }

  #propertiesOf(task: AnyTask): TaskProperties {
    let properties = this.#properties.get(task.name);
    if (properties === undefined) {
      properties = task.properties;
      this.#properties.set(task.name, properties);
    }
    return properties;
  }
}

/** What a pool child does for a task that runs in it. */
class ChildHost implements TaskHost {
  readonly #app: Celery;
  readonly #control: JobControl;
  readonly sendEvent: TaskHost["sendEvent"];

  constructor(app: Celery, control: JobControl, sendEvent: TaskHost["sendEvent"]) {
    this.#app = app;
    this.#control = control;
    this.sendEvent = sendEvent;
  }

  get signal(): AbortSignal {
    return this.#control.signal;
  }

  async store(meta: ResultMeta, request: TaskRequest): Promise<void> {
    await (await this.#app.backend()).store(meta, resultRequestOf(request));
  }
}

/** Of these nobody else reads a result. */
const KEEPS_NO_RESULTS: ReadonlySet<string> = new Set(["rpc", "disabled"]);

/** The function was not called at all. */
function isRepetition(result: CallResult): boolean {
  return result.kind === "threw" && result.error instanceof AlreadySucceeded;
}

/** Nothing comes after its return but that its result is stored. */
function isSimple({ task, request }: TracedTask): boolean {
  const { onSuccess, afterReturn } = task.options;
  return request.callbacks === null && request.chain === null && request.chord === null && onSuccess === undefined &&
    afterReturn === undefined;
}
