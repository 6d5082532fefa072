import { asError } from "../../base/errors.ts";
import type { Celery } from "../app.ts";
import type { AsyncResult } from "../async_result.ts";
import type { ChordComplete, ChordPart } from "../backend/backend.ts";
import { PROPAGATE_STATES } from "../backend/backend.ts";
import { GroupResult } from "../group_result.ts";
import { resultFromTuple } from "../result_tuple.ts";
import { directRequest, type TaskRequest } from "../task_request.ts";
import type { ResultMeta } from "../wire/result_meta.ts";
import { ChordError } from "../wire/task_errors.ts";
import { isoAt } from "../wire/timezone.ts";
import { tracebackOf } from "../wire/traceback.ts";
import { errbacksOf, type Follower, followersOf, resultIdsOf, unreachedBy } from "./followers.ts";
import { fromData, kindOf, type Node, valuesOf } from "./node.ts";
import { sendNode } from "./send.ts";

/** How a task failed, as it is stored. */
export interface Failure {
  readonly error: unknown;
  readonly traceback: string | null;
  /** `FAILURE`, or `REVOKED` for a task that was not to run. */
  readonly status: "FAILURE" | "REVOKED";
  /** False: no results are stored, for the task itself and those that wait for it. */
  readonly storesResults: boolean;
}

/**
 * Does what follows a task: in the process that ran it, over that process's own connections.
 *
 * The order of a success is: `sendFollowers`, store the result, `reportToChord`. Of a failure: store the result, `afterFailure`.
 *
 * Spec: celery 5.6 celery/app/trace.py, celery/backends/base.py `mark_as_done`, `mark_as_failure`, `chord_error_from_stack`,
 * celery/backends/redis.py `on_chord_part_return`
 */
export class Continuation {
  readonly #app: Celery;
  /** Told of a chord whose body will not run; `message` is what Celery logs. */
  readonly #onChordError: (message: string, error: unknown) => void;

  constructor(app: Celery, onChordError: (message: string, error: unknown) => void = () => {}) {
    this.#app = app;
    this.#onChordError = onChordError;
  }

  /**
   * Sends callbacks and the next task of the chain; resolves when they are confirmed.
   *
   * @throws {EncodeError} if the value cannot be sent: the task has failed then
   */
  async sendFollowers(request: TaskRequest, value: unknown): Promise<void> {
    if (request.callbacks === null && request.chain === null) return;
    const inherited = this.#app.conf.taskInheritParentPriority ? request.deliveryInfo.priority ?? undefined : undefined;
    await Promise.all(followersOf(request, value, inherited).map((follower) => this.#send(follower).published));
  }

  /**
   * Counts a task that is a part of a chord; the last part starts the body.
   *
   * @param result encoded, as it is stored
   */
  async reportToChord(
    part: Pick<TaskRequest, "id" | "group" | "groupIndex" | "chord">,
    status: string,
    result: unknown,
  ): Promise<void> {
    const { id, group, groupIndex, chord } = part;
    if (chord === null || group === null) return;
    const body = fromData(chord, "chord");
    const backend = await this.#app.backend();
    const complete = await backend.addChordPart({
      taskId: id,
      groupId: group,
      groupIndex: groupIndex ?? undefined,
      status,
      result,
    });
    if (complete !== undefined) await this.#startBody(body, complete);
  }

  /** Fails those that wait for the task: the rest of its chain, its chord; then calls its errbacks. */
  async afterFailure(request: TaskRequest, failure: Failure): Promise<void> {
    const { status, error, traceback, storesResults } = failure;
    const result = this.#app.exceptions.encode(error);
    await this.reportToChord(request, status, result);
    for (const unreached of unreachedBy(request)) {
      const { taskId, groupId, groupIndex, chord } = unreached;
      if (taskId === undefined) continue;
      if (storesResults) await this.#storeFailure(taskId, status, result, traceback, groupId);
      const part = { id: taskId, group: groupId ?? null, groupIndex: groupIndex ?? null, chord: chord ?? null };
      await this.reportToChord(part, status, result);
    }
    if (status === "FAILURE") await this.callErrbacks(request, error, traceback);
  }

  /** Calls the errbacks that this process knows and that want to know everything; sends the others. */
  async callErrbacks(
    failed: Pick<TaskRequest, "id" | "rootId" | "errbacks">,
    error: unknown,
    traceback: string | null,
  ): Promise<void> {
    if (failed.errbacks === null || failed.errbacks.length === 0) return;
    const { here, sent } = errbacksOf(failed, this.#app.tasks);
    for (const { task, node } of here) {
      const request = { ...directRequest(task.name, [failed, error, traceback, ...node.args]), kwargs: node.kwargs };
      await task.run(request, NOBODY);
    }
    if (sent !== undefined) await this.#send(sent).published;
  }

  #send({ node, args, kwargs, options }: Follower): AsyncResult | GroupResult {
    return sendNode(this.#app, node, { args, kwargs, options });
  }

  async #startBody(body: Node, complete: ChordComplete): Promise<void> {
    const { groupId } = complete;
    try {
      const results = await this.#resultsOf(complete);
      try {
        await this.#send({ node: body, args: [results] }).published;
      } catch (error) {
        throw new ChordError([`Callback error: ${this.#app.exceptions.repr(error)}`], { cause: asError(error) });
      } finally {
        await (await this.#app.backend()).deleteChord(groupId);
      }
    } catch (thrown) {
      const error = thrown instanceof ChordError
        ? thrown
        : new ChordError([`Join error: ${this.#app.exceptions.repr(thrown)}`], { cause: asError(thrown) });
      this.#onChordError(`Chord '${groupId}' raised: ${this.#app.exceptions.repr(error)}`, error);
      await this.failBody(body, error);
    }
  }

  /** What the body is called with. A header with groups in it was saved, and is joined in its shape. */
  async #resultsOf({ groupId, parts }: ChordComplete): Promise<unknown> {
    const failed = parts.find((part) => PROPAGATE_STATES.has(part.status));
    if (failed !== undefined) throw this.#errorOf(failed);
    const saved = await (await this.#app.backend()).restoreGroup(groupId);
    if (saved === undefined) return parts.map((part) => part.result);
    const group = resultFromTuple(saved, this.#app);
    return await group.get({ timeout: this.#app.conf.resultChordJoinTimeout, disableSyncSubtasks: false });
  }

  #errorOf({ taskId, result }: ChordPart): ChordError {
    const cause = this.#app.exceptions.decode(result);
    return new ChordError([`Dependency ${taskId} raised ${this.#app.exceptions.repr(cause)}`], { cause });
  }

  /** A body that never ran has failed; of a group each task, with the error that was at the beginning. */
  async failBody(body: Node, error: ChordError): Promise<void> {
    const ids = resultIdsOf(body);
    const errbacks = valuesOf(body.options.link_error).map((errback) => fromData(errback, "errback"));
    const isGroup = kindOf(body) === "group";
    const shown = isGroup && error.cause instanceof Error ? error.cause : error;
    if (isGroup) await this.#app.revoke(ids);
    const told = isGroup ? ids.slice(1) : ids.slice(0, 1);
    for (const id of told) {
      try {
        await this.callErrbacks({ id, rootId: String(body.options.root_id ?? id), errbacks }, shown, null);
      } catch (errbackError) {
        this.#onChordError(
          `Chord callback for '${id}' raised: ${this.#app.exceptions.repr(errbackError)}`,
          errbackError,
        );
      }
    }
    const stored = this.#app.exceptions.encode(shown);
    const traceback = tracebackOf(shown, stored);
    for (const id of ids) await this.#storeFailure(id, "FAILURE", stored, traceback, undefined);
  }

  async #storeFailure(
    taskId: string,
    status: string,
    result: unknown,
    traceback: string | null,
    groupId: string | undefined,
  ): Promise<void> {
    const meta: ResultMeta = {
      taskId,
      status,
      result,
      traceback,
      children: null,
      dateDone: isoAt(this.#app.clock.now(), this.#app.conf.timezone ?? "UTC"),
      ...(groupId === undefined ? {} : { groupId }),
    };
    const request = { id: taskId, replyTo: undefined, correlationId: taskId, group: groupId, groupIndex: undefined };
    await (await this.#app.backend()).store(meta, request);
  }
}

/** Errbacks that are called here are no tasks: there is nothing to stop and nothing to store. */
const NOBODY = {
  signal: new AbortController().signal,
  store: async () => {},
  sendEvent: () => {},
};
