import type { Celery } from "../../app.ts";
import { Ignore, Reject, Retry } from "../../control_flow.ts";
import type { Signals } from "../../signals/signals.ts";
import type { TaskInternalError, TaskPrerun } from "../../signals/task_events.ts";
import { tracebackOf } from "../../wire/traceback.ts";
import type { Outcome } from "../pool_message.ts";
import type { CallResult } from "./job_runner.ts";
import { AlreadySucceeded, type TracedTask } from "./traced_task.ts";

/**
 * The signals of a run, in the order in which Python's tracer sends them:
 *
 *     prerun ── the function ──┬─ returned: success ─┐
 *                              ├─ threw: failure ────┼── postrun ── a hook threw: internal error, failure
 *                              ├─ retries: retry ────┤
 *                              └─ Ignore, Reject ────┘
 *
 * Each promise settles when every receiver is done, and none rejects but for what `ended` was given.
 *
 * Source: celery 5.2 celery/app/trace.py `build_tracer`
 */
export class RunSignals {
  readonly #app: Celery;
  readonly #signals: Signals;

  constructor(app: Celery) {
    this.#app = app;
    this.#signals = app.signals;
  }

  /** Somebody wants to know how runs end. */
  get follow(): boolean {
    return this.#signals.followRuns;
  }

  /** @returns a promise if there is something to wait for */
  prerun(traced: TracedTask): Promise<unknown> | undefined {
    const { taskPrerun } = this.#signals;
    return taskPrerun.isConnected ? taskPrerun.send(runOf(traced)) : undefined;
  }

  async success({ task, request }: TracedTask, result: unknown): Promise<void> {
    await this.#signals.taskSuccess.send({ sender: task, request, result });
  }

  async retry({ task, request }: TracedTask, reason: Retry, traceback: string): Promise<void> {
    await this.#signals.taskRetry.send({ sender: task, request, reason, einfo: { exception: reason, traceback } });
  }

  async failure(traced: TracedTask, error: unknown, traceback: string): Promise<void> {
    await this.#signals.taskFailure.send(failureOf(traced, error, traceback));
  }

  /** Says last of all that the task has run, and then what was wrong with its hooks. @returns what `ending` does */
  async ended(traced: TracedTask, result: CallResult, ending: Promise<Outcome>): Promise<Outcome> {
    const { taskPostrun } = this.#signals;
    let hookFailed: { readonly error: unknown } | undefined;
    const outcome = await ending.catch((error: unknown) => void (hookFailed = { error }));
    const { thrown } = traced;
    if (taskPostrun.isConnected && !(thrown?.error instanceof AlreadySucceeded)) {
      const state = thrown === undefined ? "SUCCESS" : stateOf(thrown.error);
      const retval = thrown === undefined && result.kind === "returned" ? result.value : thrown?.error;
      await taskPostrun.send({ ...runOf(traced), state, retval });
    }
    if (outcome !== undefined) return outcome;
    await this.#internalError(traced, hookFailed?.error);
    throw hookFailed?.error;
  }

  async #internalError(traced: TracedTask, error: unknown): Promise<void> {
    const event = failureOf(traced, error, tracebackOf(error, this.#app.exceptions.encode(error)));
    await this.#signals.taskInternalError.send(event);
    await this.#signals.taskFailure.send(event);
  }
}

function runOf({ task, request }: TracedTask): TaskPrerun {
  return { sender: task, taskId: request.id, task, args: request.args, kwargs: request.kwargs, request };
}

function failureOf({ task, request }: TracedTask, exception: unknown, traceback: string): TaskInternalError {
  const { id: taskId, args, kwargs } = request;
  return { sender: task, request, taskId, exception, args, kwargs, traceback, einfo: { exception, traceback } };
}

/** State of a task that was ended by this error. */
function stateOf(error: unknown): string {
  if (error instanceof Retry) return "RETRY";
  if (error instanceof Ignore) return "IGNORED";
  return error instanceof Reject ? "REJECTED" : "FAILURE";
}
