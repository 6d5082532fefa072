import type { Celery } from "../app.ts";
import { Ignore, Reject, Retry } from "../control_flow.ts";
import type { AnyTask } from "../task.ts";
import type { TaskRequest } from "../task_request.ts";
import { tracebackOf } from "../wire/traceback.ts";
import type { Signals } from "./signals.ts";
import type { TaskInternalError, TaskPrerun } from "./task_events.ts";

/** A task that runs, or has run. */
export interface Run {
  readonly task: AnyTask;
  readonly request: TaskRequest;
  /** What it was ended by, if by an error: as it was thrown, or what became of it on the way. */
  thrown?: { readonly error: unknown };
}

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
  prerun(run: Run): Promise<unknown> | undefined {
    const { taskPrerun } = this.#signals;
    return taskPrerun.isConnected ? taskPrerun.send(runOf(run)) : undefined;
  }

  async success({ task, request }: Run, result: unknown): Promise<void> {
    await this.#signals.taskSuccess.send({ sender: task, request, result });
  }

  async retry({ task, request }: Run, reason: Retry, traceback: string): Promise<void> {
    await this.#signals.taskRetry.send({ sender: task, request, reason, einfo: { exception: reason, traceback } });
  }

  async failure(run: Run, error: unknown, traceback: string): Promise<void> {
    await this.#signals.taskFailure.send(failureOf(run, error, traceback));
  }

  /**
   * Says last of all that the task has run, and then what was wrong with its hooks.
   *
   * @param returned by the function, unless it was ended by an error
   * @returns what `ending` does
   */
  async ended<T>(run: Run, returned: unknown, ending: Promise<T>): Promise<T> {
    try {
      const outcome = await ending;
      await this.postrun(run, returned);
      return outcome;
    } catch (error) {
      await this.postrun(run, returned);
      await this.#internalError(run, error);
      throw error;
    }
  }

  async postrun(run: Run, returned: unknown): Promise<void> {
    const { taskPostrun } = this.#signals;
    if (!taskPostrun.isConnected) return;
    const { thrown } = run;
    const end = thrown === undefined
      ? { state: "SUCCESS", retval: returned }
      : { state: stateOf(thrown.error), retval: thrown.error };
    await taskPostrun.send({ ...runOf(run), ...end });
  }

  async #internalError(run: Run, error: unknown): Promise<void> {
    const event = failureOf(run, error, tracebackOf(error, this.#app.exceptions.encode(error)));
    await this.#signals.taskInternalError.send(event);
    await this.#signals.taskFailure.send(event);
  }
}

function runOf({ task, request }: Run): TaskPrerun {
  return { sender: task, taskId: request.id, task, args: request.args, kwargs: request.kwargs, request };
}

function failureOf({ task, request }: Run, exception: unknown, traceback: string): TaskInternalError {
  const { id: taskId, args, kwargs } = request;
  return { sender: task, request, taskId, exception, args, kwargs, traceback, einfo: { exception, traceback } };
}

/** State of a task that was ended by this error. */
function stateOf(error: unknown): string {
  if (error instanceof Retry) return "RETRY";
  if (error instanceof Ignore) return "IGNORED";
  return error instanceof Reject ? "REJECTED" : "FAILURE";
}
