/**
 * A signature as it lies in messages: one call that somebody will make later.
 *
 *     {"task": "proj.add", "args": [2], "kwargs": {}, "options": {}, "subtask_type": null, "immutable": false}
 *
 * Spec: celery 5.6 celery/canvas.py `Signature.__init__`, `from_dict`
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { isPlainObject } from "../../base/pyvalue.ts";
import { InvalidTaskError } from "./errors.ts";

/** Python's keys and order; see the module comment. */
export interface SignatureData {
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** Options of `apply_async` under their Python names, and stamps. */
  readonly options: Readonly<Record<string, unknown>>;
  /** `chain`, `group`, `chord`, `xmap`, `xstarmap`, `chunks`, or null for a plain task. */
  readonly subtask_type: string | null;
  readonly immutable: boolean;
}

/**
 * Checks what a peer sent as a signature. Missing parts get their defaults, keys that are not Python's are dropped.
 *
 * @param where names it in the error: `chain[0]`
 */
export function readSignature(value: unknown, where: string): SignatureData {
  if (!isPlainObject(value) || typeof value.task !== "string") {
    throw new InvalidTaskError(`Cannot read the task message: ${where} is not a signature`);
  }
  const { task, args = [], kwargs = {}, options = {}, subtask_type = null, immutable = false } = value;
  if (!Array.isArray(args ?? [])) throw notA(where, "args", "list");
  if (!isPlainObject(kwargs ?? {})) throw notA(where, "kwargs", "mapping");
  if (!isPlainObject(options ?? {})) throw notA(where, "options", "mapping");
  return {
    task,
    args: (args ?? []) as unknown[],
    kwargs: (kwargs ?? {}) as Record<string, unknown>,
    options: (options ?? {}) as Record<string, unknown>,
    subtask_type: typeof subtask_type === "string" ? subtask_type : null,
    immutable: immutable === true,
  };
}

function notA(where: string, part: string, what: string): InvalidTaskError {
  return new InvalidTaskError(`Cannot read the task message: ${part} of the signature ${where} is not a ${what}`);
}
