import { asError, ConnectionError, ProtocolError, TimeoutError } from "../../base/errors.ts";
import { Backoff } from "../../base/backoff.ts";
import { delay } from "../../base/time.ts";
import type { Celery } from "../app.ts";
import { READY_STATES, type ResultBackend, type ResultRequest } from "../backend/backend.ts";
import type { TaskRequest } from "../task_request.ts";
import type { ResultMeta } from "../wire/result_meta.ts";
import { isoAt } from "../wire/timezone.ts";

/** State and result of a task, encoded. */
export interface TaskEnd {
  readonly status: string;
  readonly result: unknown;
  readonly traceback: string | null;
}

/** Waits between attempts to store: a slot that waits takes no task, and is to do so within seconds once the backend is back. */
const STORE_BACKOFF = Object.freeze({ startMs: 500, stepMs: 0, factor: 2, maxMs: 2000, jitter: 0.5 });

/**
 * Stores results of tasks. While the backend cannot be reached it is tried again, so that no message is acknowledged whose
 * result is lost.
 */
export class TaskResults {
  readonly #app: Celery;
  readonly #node: string;
  readonly #onUnavailable: (request: Pick<TaskRequest, "id" | "task">, error: Error) => void;
  readonly #signal: AbortSignal | undefined;
  #backend: ResultBackend | undefined;

  /** @param onUnavailable told of each attempt that failed */
  constructor(
    app: Celery,
    node: string,
    onUnavailable: (request: Pick<TaskRequest, "id" | "task">, error: Error) => void,
    signal?: AbortSignal,
  ) {
    this.#app = app;
    this.#node = node;
    this.#onUnavailable = onUnavailable;
    this.#signal = signal;
  }

  /** @throws {EncodeError} for a value that cannot be stored */
  store(request: TaskRequest, end: TaskEnd): Promise<boolean> {
    const attempt = async () => {
      this.#backend ??= await this.#app.backend();
      return await this.#store(this.#backend, request, end);
    };
    if (this.#backend === undefined) return this.persist(request, attempt);
    return this.#store(this.#backend, request, end).catch((error) => this.#persistAfter(error, request, attempt));
  }

  #store(backend: ResultBackend, request: TaskRequest, end: TaskEnd): Promise<boolean> {
    return backend.store(this.#metaOf(request, end), resultRequestOf(request));
  }

  /** Does something with the backend, again and again while it cannot be reached. */
  async persist<T>(request: Pick<TaskRequest, "id" | "task">, attempt: () => Promise<T>): Promise<T> {
    try {
      return await attempt();
    } catch (error) {
      return await this.#persistAfter(error, request, attempt);
    }
  }

  async #persistAfter<T>(
    firstError: unknown,
    request: Pick<TaskRequest, "id" | "task">,
    attempt: () => Promise<T>,
  ): Promise<T> {
    const backoff = new Backoff(STORE_BACKOFF);
    for (let error = firstError;;) {
      if (!isTransient(error) || this.#signal?.aborted === true) throw error;
      this.#onUnavailable(request, asError(error));
      await delay(backoff.next(), this.#signal === undefined ? {} : { signal: this.#signal });
      try {
        return await attempt();
      } catch (next) {
        error = next;
      }
    }
  }

  #metaOf(request: TaskRequest, { status, result, traceback }: TaskEnd): ResultMeta {
    const { conf, clock } = this.#app;
    const { id, group, parentId } = request;
    const meta: { -readonly [Name in keyof ResultMeta]: ResultMeta[Name] } = {
      taskId: id,
      status,
      result,
      traceback,
      children: request.children,
      dateDone: READY_STATES.has(status) ? isoAt(clock.now(), conf.timezone ?? "UTC") : null,
    };
    if (group !== null) meta.groupId = group;
    if (parentId !== null) meta.parentId = parentId;
    if (conf.resultExtended) meta.extended = this.#extended(request);
    return meta;
  }

  #extended(request: TaskRequest): Record<string, unknown> {
    return {
      name: request.task,
      args: request.args,
      kwargs: request.kwargs,
      worker: this.#node,
      retries: request.retries,
      queue: request.deliveryInfo.routingKey,
    };
  }
}

export function resultRequestOf({ id, replyTo, correlationId, group, groupIndex }: TaskRequest): ResultRequest {
  return {
    id,
    replyTo: replyTo ?? undefined,
    correlationId: correlationId ?? undefined,
    group: group ?? undefined,
    groupIndex: groupIndex ?? undefined,
  };
}

function isTransient(error: unknown): boolean {
  return error instanceof TimeoutError || (error instanceof ConnectionError && !(error instanceof ProtocolError));
}
