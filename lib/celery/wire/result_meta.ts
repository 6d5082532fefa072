/**
 * What a result backend stores for one task.
 *
 *     {"status", "result", "traceback", "children", "date_done"[, "group_id"][, "parent_id"][, extended…], "task_id"}
 *
 * and, of a task or a group and what came of it, the tuple `[[id, parent], children]`.
 *
 * Spec: celery 5.6 celery/backends/base.py `_get_result_meta`, celery/result.py `as_tuple`, `result_from_tuple`
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { isPlainObject } from "../../base/pyvalue.ts";
import { DecodeError } from "./errors.ts";

/** States a task goes through; custom ones are texts of the user's own. */
export type TaskState =
  | "PENDING"
  | "RECEIVED"
  | "STARTED"
  | "SUCCESS"
  | "FAILURE"
  | "RETRY"
  | "REVOKED"
  | "REJECTED"
  | "IGNORED"
  | (string & Record<never, never>);

/** `[[id, parent], children]`, Python's `AsyncResult.as_tuple()`. */
export type ResultTuple = readonly [readonly [string, ResultTuple | null], readonly ResultTuple[] | null];

/** What is stored for one task. `result` is a plain value ready for the serializer; exceptions are `{exc_type, exc_message, exc_module}`. */
export interface ResultMeta {
  readonly taskId: string;
  readonly status: TaskState;
  readonly result: unknown;
  readonly traceback: string | null;
  readonly children: readonly ResultTuple[] | null;
  /** ISO 8601 in UTC with offset; null unless the state is ready. */
  readonly dateDone: string | null;
  readonly groupId?: string;
  readonly parentId?: string;
  /** `result_extended`: name, args, kwargs, worker, retries, queue, under their Python names. */
  readonly extended?: Readonly<Record<string, unknown>>;
}

/** The stored object, in Celery's key order. Built by assignment: spreads cost more than all the rest of a short result. */
export function writeResultMeta(meta: ResultMeta): Record<string, unknown> {
  const written: Record<string, unknown> = {
    status: meta.status,
    result: meta.result,
    traceback: meta.traceback,
    children: meta.children,
    date_done: meta.dateDone,
  };
  if (meta.groupId !== undefined) written.group_id = meta.groupId;
  if (meta.parentId !== undefined) written.parent_id = meta.parentId;
  if (meta.extended !== undefined) Object.assign(written, meta.extended);
  written.task_id = meta.taskId;
  return written;
}

/** What a worker sends to an `rpc://` client: no date, no group, no parent. */
export function writeRpcResult(meta: ResultMeta): Record<string, unknown> {
  return {
    task_id: meta.taskId,
    status: meta.status,
    result: meta.result,
    traceback: meta.traceback,
    children: meta.children,
  };
}

const EXTENDED = ["name", "args", "kwargs", "worker", "retries", "queue"] as const;

/**
 * Reads either form. What is missing gets its default; a date without an offset is UTC (Celery before 5.5 wrote none).
 *
 * @throws {DecodeError} unless it is an object with a status
 */
export function readResultMeta(stored: unknown, taskId: string): ResultMeta {
  if (!isPlainObject(stored) || typeof stored.status !== "string") {
    throw new DecodeError(`Cannot read the result of ${taskId}: what is stored has no status`);
  }
  const { status, result = null, traceback, children, date_done, group_id, parent_id } = stored;
  const extended = EXTENDED.filter((key) => stored[key] !== undefined).map((key) => [key, stored[key]] as const);
  return {
    taskId: typeof stored.task_id === "string" ? stored.task_id : taskId,
    status,
    result,
    traceback: typeof traceback === "string" ? traceback : null,
    children: Array.isArray(children) ? children.map((child) => readResultTuple(child)) : null,
    dateDone: readDate(date_done),
    ...(typeof group_id === "string" ? { groupId: group_id } : {}),
    ...(typeof parent_id === "string" ? { parentId: parent_id } : {}),
    ...(extended.length > 0 ? { extended: Object.fromEntries(extended) } : {}),
  };
}

const HAS_OFFSET = /(?:Z|[+-]\d{2}:?\d{2})$/;

/** A text or, from workers whose serializer keeps dates, a datetime. */
function readDate(date: unknown): string | null {
  if (date === null || date === undefined) return null;
  const text = String(date);
  return HAS_OFFSET.test(text) ? text : `${text}+00:00`;
}

const MAX_TUPLE_DEPTH = 900;

/** @throws {DecodeError} unless it is `[[id, parent], children]` or, as old backends wrote it, `[id, children]` */
export function readResultTuple(stored: unknown, depth = 0): ResultTuple {
  if (!Array.isArray(stored) || depth > MAX_TUPLE_DEPTH) throw notATuple();
  const [head, children = null] = stored as readonly unknown[];
  const [id, parent = null] = Array.isArray(head) ? head as readonly unknown[] : [head];
  if (typeof id !== "string" || (children !== null && !Array.isArray(children))) throw notATuple();
  return [
    [id, parent === null ? null : readResultTuple(parent, depth + 1)],
    children === null ? null : children.map((child) => readResultTuple(child, depth + 1)),
  ];
}

function notATuple(): DecodeError {
  return new DecodeError("Cannot read a result: expected [[id, parent], children]");
}
