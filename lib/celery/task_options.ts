import { UsageError } from "../base/errors.ts";
import { isPlainObject } from "../base/pyvalue.ts";
import type { Config } from "./config.ts";
import type { KnownQueue } from "./routing/queue.ts";
import type { TaskContext } from "./task_context.ts";
import type { ErrorClass } from "./wire/exception.ts";

/** What can be said of a task at its registration. Durations are seconds; what is left out comes from the settings. */
export interface TaskOptions {
  /** The function takes the {@link TaskContext} as its first argument. */
  readonly bind?: boolean;
  /**
   * Names of the parameters after `self`: `["x", "y?"]`, where `?` marks one that may be missing. Default: read from the
   * function's text, which shows default values but neither TypeScript's `?` nor the names in arguments that are taken apart.
   */
  readonly params?: readonly string[];
  /** Keyword arguments without a parameter are accepted: `self.request.kwargs` holds them. Default false. */
  readonly anyKwargs?: boolean;
  /** False: arguments are not checked against the parameters. Default true. */
  readonly typing?: boolean;
  /** Setting `taskAcksLate`. */
  readonly acksLate?: boolean;
  readonly acksOnFailureOrTimeout?: boolean;
  readonly rejectOnWorkerLost?: boolean | null;
  /** `"10/m"`, or a number a second. */
  readonly rateLimit?: string | number | null;
  readonly timeLimit?: number | null;
  readonly softTimeLimit?: number | null;
  readonly ignoreResult?: boolean;
  readonly storeErrorsEvenIfIgnored?: boolean;
  readonly trackStarted?: boolean;
  /** Default true. */
  readonly sendEvents?: boolean;
  /** Retries after the first run; null: for ever. Default 3. */
  readonly maxRetries?: number | null;
  /** Seconds before a retry that names no time. Default 180. */
  readonly defaultRetryDelay?: number;
  /** Errors after which the task is retried by itself. */
  readonly autoretryFor?: readonly ErrorClass[];
  readonly dontAutoretryFor?: readonly ErrorClass[];
  readonly retryKwargs?: { readonly maxRetries?: number | null; readonly countdown?: number };
  /** Such retries wait longer each time; a number is the first wait in seconds. Default false. */
  readonly retryBackoff?: boolean | number;
  /** Longest wait. Default 600. */
  readonly retryBackoffMax?: number;
  /** Wait a random part of it. Default true. */
  readonly retryJitter?: boolean;
  /** Errors that are expected: logged without traceback. */
  readonly throws?: readonly ErrorClass[];
  readonly serializer?: string;
  readonly compression?: string | null;
  readonly priority?: number | null;
  readonly queue?: string | KnownQueue;
  readonly exchange?: string;
  readonly routingKey?: string;
  /** Seconds after sending. */
  readonly expires?: number;
  readonly deliveryMode?: 1 | 2;
  /** False: what the task sends is not among its children. Default true. */
  readonly trail?: boolean;
  /** Called around every run in a worker; what they throw fails the task, as in Celery. */
  readonly beforeStart?: (self: TaskContext) => unknown;
  readonly onSuccess?: (self: TaskContext, result: unknown) => unknown;
  readonly onRetry?: (self: TaskContext, error: unknown) => unknown;
  readonly onFailure?: (self: TaskContext, error: unknown) => unknown;
  readonly afterReturn?: (self: TaskContext, state: string, result: unknown) => unknown;
}

/** A task's options with every default filled in. */
export type TaskProperties = Required<
  Omit<
    TaskOptions,
    "params" | "anyKwargs" | "queue" | "exchange" | "routingKey" | "expires" | "deliveryMode" | HookName
  >
>;

type HookName = "beforeStart" | "onSuccess" | "onRetry" | "onFailure" | "afterReturn";

/**
 * The options of a task, over the settings. Read at use, not at registration: settings may be set after tasks are defined.
 *
 * Spec: celery 5.6 celery/app/task.py `Task.from_config`
 */
export function taskProperties(name: string, options: TaskOptions, conf: Config): TaskProperties {
  const given: TaskOptions = { ...options, ...annotationsFor(name, conf) };
  return {
    bind: options.bind ?? false,
    typing: given.typing ?? true,
    acksLate: given.acksLate ?? conf.taskAcksLate,
    acksOnFailureOrTimeout: given.acksOnFailureOrTimeout ?? conf.taskAcksOnFailureOrTimeout,
    rejectOnWorkerLost: given.rejectOnWorkerLost ?? conf.taskRejectOnWorkerLost,
    rateLimit: given.rateLimit ?? conf.taskDefaultRateLimit,
    timeLimit: given.timeLimit ?? null,
    softTimeLimit: given.softTimeLimit ?? null,
    ignoreResult: given.ignoreResult ?? conf.taskIgnoreResult,
    storeErrorsEvenIfIgnored: given.storeErrorsEvenIfIgnored ?? conf.taskStoreErrorsEvenIfIgnored,
    trackStarted: given.trackStarted ?? conf.taskTrackStarted,
    sendEvents: given.sendEvents ?? true,
    maxRetries: given.maxRetries === undefined ? 3 : given.maxRetries,
    defaultRetryDelay: given.defaultRetryDelay ?? 180,
    autoretryFor: given.autoretryFor ?? [],
    dontAutoretryFor: given.dontAutoretryFor ?? [],
    retryKwargs: given.retryKwargs ?? {},
    retryBackoff: given.retryBackoff ?? false,
    retryBackoffMax: given.retryBackoffMax ?? 600,
    retryJitter: given.retryJitter ?? true,
    throws: given.throws ?? [],
    serializer: given.serializer ?? conf.taskSerializer,
    compression: given.compression ?? null,
    priority: given.priority ?? conf.taskDefaultPriority,
    trail: given.trail ?? true,
  };
}

/** `taskAnnotations`: first those for all tasks, over them those for this one. */
function annotationsFor(name: string, { taskAnnotations }: Config): TaskOptions {
  if (taskAnnotations === null) return {};
  return { ...own(taskAnnotations, "*"), ...own(taskAnnotations, name) };
}

function own(dict: Readonly<Record<string, unknown>>, key: string): Record<string, unknown> {
  const value = Object.hasOwn(dict, key) ? dict[key] : undefined;
  return isPlainObject(value) ? value : {};
}

/** @throws {UsageError} for options that cannot hold together */
export function checkTaskOptions(name: string, options: TaskOptions): void {
  const { timeLimit, softTimeLimit } = options;
  if (typeof timeLimit === "number" && typeof softTimeLimit === "number" && softTimeLimit > timeLimit) {
    throw new UsageError(
      `Cannot register ${name}: softTimeLimit must be less than or equal to timeLimit, got ${softTimeLimit} and ${timeLimit}`,
    );
  }
}
