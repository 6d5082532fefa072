/**
 * Celery: send tasks to workers, and be one. A Python peer cannot tell the difference.
 *
 * @example
 * ```ts
 * import { Celery } from "../lib/celery/mod.ts";
 *
 * export const app = new Celery("addTask", { broker: "redis://localhost:6379/0", backend: "redis://localhost:6379/0" });
 * export const add = app.task("addTask.add", (x: number, y: number) => x + y);
 *
 * const result = add.delay(5, 5);
 * console.log(await result.get({ timeout: 30 })); // 10, once a worker runs
 * ```
 * @module
 */
export { MsgpackExtension } from "../base/msgpack/extension.ts";
export { Celery } from "./app.ts";
export type { CeleryOptions } from "./app.ts";
export type { ApplyOptions, SignatureLike, When } from "./apply_options.ts";
export { AsyncResult } from "./async_result.ts";
export type { GetOptions, RevokeOptions } from "./async_result.ts";
export { crontab } from "./beat/crontab.ts";
export type { Crontab, CrontabFields } from "./beat/crontab.ts";
export type { BeatEntry } from "./beat/entry.ts";
export type { DueState, Moment, Schedule, ScheduleLike } from "./beat/schedule.ts";
export { solar } from "./beat/solar.ts";
export type { Solar, SolarEvent } from "./beat/solar.ts";
export { chain, chord, group } from "./canvas/compose.ts";
export { Signature } from "./canvas/signature.ts";
export type { AnySignature, GroupSignature } from "./canvas/signature.ts";
export type { StampingVisitor, StampOptions, Stamps } from "./canvas/stamp.ts";
export type { Config } from "./config.ts";
export { Ignore, Reject, Retry } from "./control_flow.ts";
export type { MonitorEvent } from "./events/event.ts";
export type { Events } from "./events/events.ts";
export type { MonitoredTask } from "./events/monitored_task.ts";
export type { MonitoredWorker } from "./events/monitored_worker.ts";
export type { EventReceiver, ReceiveOptions } from "./events/receiver.ts";
export type { Camera, SnapshotOptions, Snapshots } from "./events/snapshots.ts";
export type { State, StateOptions } from "./events/state.ts";
export { GroupResult } from "./group_result.ts";
export { broadcastQueue, exchange, queue, workerDirectQueue } from "./routing/queue.ts";
export type { KnownQueue, QueueOptions } from "./routing/queue.ts";
export type { RouteTarget, TaskRouter, TaskRoutes } from "./routing/router.ts";
export type { RetryPolicy, Settings } from "./settings.ts";
export type { ConnectOptions, Receiver, Signal } from "./signals/signal.ts";
export type { Signals } from "./signals/signals.ts";
export type {
  AfterTaskPublish,
  BeforeTaskPublish,
  TaskFailure,
  TaskInternalError,
  TaskPostrun,
  TaskPrerun,
  TaskReceived,
  TaskRejected,
  TaskRetry,
  TaskRevoked,
  TaskSuccess,
  TaskUnknown,
} from "./signals/task_events.ts";
export type {
  BeatEvent,
  CelerydAfterSetup,
  CelerydInit,
  LoggingEvent,
  NodeEvent,
  ProcessEvent,
  WorkerProcessShutdown,
  WorkerShuttingDown,
} from "./signals/worker_events.ts";
export type { AnyTask, Task } from "./task.ts";
export { TaskContext } from "./task_context.ts";
export type { RetryOptions } from "./task_context.ts";
export type { TaskOptions } from "./task_options.ts";
export type { DeliveryInfo, TaskRequest } from "./task_request.ts";
export { MemoryBroker } from "./transport/memory_broker.ts";
export type { Exchange, Queue, Transport } from "./transport/transport.ts";
export type { ResultBackend } from "./backend/backend.ts";
export {
  ContentDisallowed,
  DecodeError,
  EncodeError,
  InvalidTaskError,
  SerializerNotInstalled,
} from "./wire/errors.ts";
export type { ErrorClass } from "./wire/exception.ts";
export type { ResultMeta, ResultTuple, TaskState } from "./wire/result_meta.ts";
export type { Content, Serializer } from "./wire/serializer.ts";
export type { SignatureData } from "./wire/signature.ts";
export {
  ChordError,
  ImproperlyConfigured,
  MaxRetriesExceededError,
  NotRegistered,
  SoftTimeLimitExceeded,
  TaskError,
  TaskRevokedError,
  TimeLimitExceeded,
  WorkerLostError,
} from "./wire/task_errors.ts";
