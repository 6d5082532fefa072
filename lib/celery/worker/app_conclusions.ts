import { asError } from "../../base/errors.ts";
import type { Celery } from "../app.ts";
import { Continuation } from "../canvas/continue.ts";
import { directRequest, type TaskRequest } from "../task_request.ts";
import type { Delivery } from "../transport/transport.ts";
import { NotRegistered, TaskError, TaskRevokedError } from "../wire/task_errors.ts";
import type { TaskHeaders } from "../wire/task_message.ts";
import type { Conclusions } from "./conclusions.ts";
import type { WorkerLog } from "./log.ts";
import * as lines from "./log_lines.ts";
import { requestOf } from "./message_request.ts";
import type { Request } from "./request.ts";
import { TaskResults } from "./task_results.ts";

/** Ends of tasks that no child can store, stored over the app's own backend. */
export class AppConclusions implements Conclusions {
  readonly #app: Celery;
  readonly #log: WorkerLog;
  readonly #node: string;
  readonly #results: TaskResults;
  readonly #continuation: Continuation;
  readonly #stop = new AbortController();

  constructor(app: Celery, log: WorkerLog, node: string) {
    this.#app = app;
    this.#log = log;
    this.#node = node;
    this.#results = new TaskResults(
      app,
      node,
      ({ id, task }, error) => log.write(lines.backendUnavailable({ id, name: task }, error.message)),
      this.#stop.signal,
    );
    this.#continuation = new Continuation(app, (message) => log.write(lines.chordFailed(message)));
  }

  failed(request: Request, error: TaskError): Promise<void> {
    return this.#conclude(request, "FAILURE", error);
  }

  revoked(request: Request, reason: "revoked" | "expired" | "terminated"): Promise<void> {
    return this.#conclude(request, "REVOKED", new TaskRevokedError([reason]));
  }

  cancelled(of: Request): Promise<void> {
    return this.#guarded(of, async () => {
      const request = requestOf(this.#app, of.delivery, this.#node);
      if (request.ignoreResult ?? of.task.ignoreResult) return;
      const retry = new TaskError("Retry", ["cancelled by Celery", null, null], { module: "celery.exceptions" });
      const result = this.#app.exceptions.encode(retry);
      await this.#results.store(request, { status: "RETRY", result, traceback: null });
    });
  }

  async unregistered(headers: TaskHeaders, delivery: Delivery): Promise<void> {
    const { replyTo, correlationId } = delivery.message.properties;
    const request: TaskRequest = {
      ...directRequest(headers.task, []),
      id: headers.id,
      rootId: headers.rootId,
      parentId: headers.parentId,
      group: headers.group,
      replyTo: replyTo ?? null,
      correlationId: correlationId ?? null,
    };
    const result = this.#app.exceptions.encode(new NotRegistered([headers.task]));
    await this.#guarded(
      { id: headers.id, name: headers.task },
      () => this.#results.store(request, { status: "FAILURE", result, traceback: null }),
    );
  }

  /** Ends all waiting for the backend. */
  stop(): void {
    this.#stop.abort(new Error("the worker has stopped"));
  }

  #conclude(of: Request, status: "FAILURE" | "REVOKED", error: TaskError): Promise<void> {
    return this.#guarded(of, async () => {
      const request = requestOf(this.#app, of.delivery, this.#node);
      const isIgnored = request.ignoreResult ?? of.task.ignoreResult;
      const storesResults = !isIgnored || of.task.storeErrorsEvenIfIgnored;
      if (storesResults) {
        const result = this.#app.exceptions.encode(error);
        await this.#results.store(request, { status, result, traceback: null });
      }
      await this.#continuation.afterFailure(request, { error, status, traceback: null, storesResults });
    });
  }

  async #guarded(task: lines.NamedTask, attempt: () => Promise<unknown>): Promise<void> {
    try {
      await attempt();
    } catch (error) {
      this.#log.write(lines.backendUnavailable(task, asError(error).message));
    }
  }
}
