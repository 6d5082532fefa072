/**
 * Errors of tasks: what a peer stored as a failure, and the exceptions that Celery itself stores and catches.
 *
 * Spec: celery 5.6 celery/exceptions.py · billiard billiard/exceptions.py
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { RemoteError } from "../../base/errors.ts";
import { pyRepr } from "../../base/pyrepr.ts";

export interface TaskErrorOptions extends ErrorOptions {
  /** Python module of the exception's class; null where the peer named none. */
  readonly module?: string | null;
  /** The traceback as the worker stored it. */
  readonly traceback?: string | null;
}

/**
 * A task failed. `remoteType`, `module` and `args` are the exception as it was raised there: `ValueError`, `builtins`, `["boom"]`.
 *
 * Thrown again inside a task of ours it is stored as that same exception.
 */
export class TaskError extends RemoteError {
  override readonly name: string = "TaskError";
  declare readonly remoteType: string;
  readonly module: string | null;
  readonly args: readonly unknown[];

  constructor(type: string, args: readonly unknown[], options: TaskErrorOptions = {}) {
    const text = args.map((arg) => (typeof arg === "string" ? arg : pyRepr(arg))).join(", ");
    const { module = "builtins", traceback, ...rest } = options;
    super(text === "" ? type : `${type}: ${text}`, {
      ...rest,
      code: "ERR_TASK",
      remoteType: type,
      ...(typeof traceback === "string" ? { remoteTraceback: traceback } : {}),
    });
    this.module = module;
    this.args = Object.freeze([...args]);
  }
}

/** An exception that Celery or its process pool raises by itself; stored under the class's own name. */
abstract class KnownTaskError extends TaskError {
  static readonly module: string = "celery.exceptions";

  constructor(args: readonly unknown[] = [], options: TaskErrorOptions = {}) {
    super(new.target.name, args, { module: new.target.module, ...options });
  }
}

abstract class PoolError extends KnownTaskError {
  static override readonly module = "billiard.exceptions";
}

/** The task was revoked, or ended by its expiry or by `terminate`. */
export class TaskRevokedError extends KnownTaskError {
  override readonly name = "TaskRevokedError";
}

/** The worker has no task of that name. */
export class NotRegistered extends KnownTaskError {
  override readonly name = "NotRegistered";
}

/** A task was to be retried more often than its `maxRetries` allow. */
export class MaxRetriesExceededError extends KnownTaskError {
  override readonly name = "MaxRetriesExceededError";
}

/** A part of a chord's header failed, so that its body never ran. */
export class ChordError extends KnownTaskError {
  override readonly name = "ChordError";
}

/** The setup does not allow what was asked for. */
export class ImproperlyConfigured extends KnownTaskError {
  override readonly name = "ImproperlyConfigured";
}

/** The soft time limit ran out; raised inside the task, which may clean up. */
export class SoftTimeLimitExceeded extends PoolError {
  override readonly name = "SoftTimeLimitExceeded";
}

/** The hard time limit ran out, and the process that ran the task was killed. */
export class TimeLimitExceeded extends PoolError {
  override readonly name = "TimeLimitExceeded";
}

/** The process that ran the task died. */
export class WorkerLostError extends PoolError {
  override readonly name = "WorkerLostError";
}

/** The process that ran the task was told to end. */
export class Terminated extends PoolError {
  override readonly name = "Terminated";
}

type KnownTaskErrorClass =
  & { readonly module: string }
  & (new (
    args?: readonly unknown[],
    options?: TaskErrorOptions,
  ) => TaskError);

const KNOWN: readonly KnownTaskErrorClass[] = [
  ...[TaskRevokedError, NotRegistered, MaxRetriesExceededError, ChordError, ImproperlyConfigured],
  ...[SoftTimeLimitExceeded, TimeLimitExceeded, WorkerLostError, Terminated],
];

/** The classes above by the name under which workers store them: `celery.exceptions.ChordError`. */
export const KNOWN_TASK_ERRORS: ReadonlyMap<string, KnownTaskErrorClass> = new Map(
  KNOWN.map((errorClass) => [`${errorClass.module}.${errorClass.name}`, errorClass]),
);
