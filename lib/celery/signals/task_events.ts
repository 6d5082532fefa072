/**
 * What signals about tasks say: Python's keyword arguments, and the request of a run, which Python finds as `task.request`.
 * @module
 */
import type { Retry } from "../control_flow.ts";
import type { RetryPolicy } from "../settings.ts";
import type { AnyTask } from "../task.ts";
import type { TaskRequest } from "../task_request.ts";
import type { Queue } from "../transport/transport.ts";
import type { HeaderValue, Message, MessageProperties } from "../wire/message.ts";
import type { TaskEmbed } from "../wire/task_message.ts";

/** A message before it is encoded. What a receiver changes in `body`, `headers` and `properties` is sent so. */
export interface BeforeTaskPublish {
  /** Name of the task. */
  readonly sender: string;
  readonly body: PublishedBody;
  readonly headers: Record<string, HeaderValue>;
  readonly properties: { -readonly [Name in keyof MessageProperties]: MessageProperties[Name] };
  readonly exchange: string;
  readonly routingKey: string;
  /** The queue that is declared before, if one is. */
  readonly declare: readonly Queue[];
  /** Of the call, if it has one. */
  readonly retryPolicy: Readonly<Record<string, unknown>> | Partial<RetryPolicy> | null;
}

/** A message that the broker has confirmed. */
export interface AfterTaskPublish {
  readonly sender: string;
  readonly body: PublishedBody;
  readonly headers: Readonly<Record<string, HeaderValue>>;
  readonly exchange: string;
  readonly routingKey: string;
}

export type PublishedBody = readonly [
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
  embed: TaskEmbed,
];

/** A run of a task, in the process that runs it. */
interface TaskRun {
  readonly sender: AnyTask;
  readonly request: TaskRequest;
}

export interface TaskPrerun extends TaskRun {
  readonly taskId: string;
  readonly task: AnyTask;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

export interface TaskPostrun extends TaskPrerun {
  /** What was returned or thrown. */
  readonly retval: unknown;
  /** `SUCCESS`, `FAILURE`, `RETRY`, `IGNORED`, `REJECTED`. */
  readonly state: string;
}

export interface TaskSuccess extends TaskRun {
  readonly result: unknown;
}

export interface TaskRetry extends TaskRun {
  /** What `self.retry` gave; its `reason` is the error to blame. */
  readonly reason: Retry;
  readonly einfo: ErrorInfo;
}

/** An error with its traceback as text. */
export interface ErrorInfo {
  readonly exception: unknown;
  readonly traceback: string;
}

/** The task, or its name where only pool children have imported it. */
export type TaskSender = AnyTask | string;

export interface TaskFailure {
  readonly sender: TaskSender;
  readonly request: TaskRequest;
  readonly taskId: string;
  readonly exception: unknown;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly traceback: string;
  readonly einfo: ErrorInfo;
}

/** Code around the task failed: a hook, as a rule. */
export interface TaskInternalError extends TaskFailure {
  readonly sender: AnyTask;
}

/** Arguments and links of its request are decoded when they are asked for. */
export interface TaskReceived {
  /** Node name of the worker. */
  readonly sender: string;
  readonly request: TaskRequest;
}

export interface TaskRevoked {
  readonly sender: TaskSender;
  readonly request: TaskRequest;
  /** It ran already. */
  readonly terminated: boolean;
  /** Number of the signal that ended it. */
  readonly signum: number | null;
  readonly expired: boolean;
}

export interface TaskRejected {
  readonly sender: string;
  readonly message: Message;
  /** Null where the message is of no task at all. */
  readonly exc: unknown;
}

export interface TaskUnknown {
  readonly sender: string;
  readonly message: Message;
  readonly exc: unknown;
  readonly name: string;
  readonly id: string;
}
