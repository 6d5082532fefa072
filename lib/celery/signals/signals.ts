import { type ReceiverFailed, Signal, type SignalEvent } from "./signal.ts";
import type * as of from "./task_events.ts";
import type * as by from "./worker_events.ts";

/**
 * The signals of one app: `app.signals.taskPrerun.connect(({ taskId }) => …)`. Sent where and in the order in which Python's
 * `celery.signals` are. Connect receivers in the app's module, which the worker and its pool children both import.
 *
 * | process | signals |
 * |---|---|
 * | whoever publishes | `beforeTaskPublish` `afterTaskPublish` |
 * | pool child | `workerProcessInit` `taskPrerun` `taskPostrun` `taskSuccess` `taskFailure` `taskRetry` `taskInternalError` `workerProcessShutdown` |
 * | worker | all others of the worker, and `taskFailure` of a task that took its child with it |
 *
 * Asynchronous receivers are waited for in a pool child, by `published` (those of `afterTaskPublish`), and while a worker starts
 * (`celerydInit`, `workerInit`) or has stopped (`workerShutdown`, three seconds long). Nobody waits for the others: the worker has
 * its broker to listen to. A child that is killed says nothing; what `celerydInit` changes of the settings holds in children too.
 *
 * Source: celery 5.2 celery/signals.py
 */
export class Signals {
  readonly #failed: ReceiverFailed;
  readonly beforeTaskPublish = this.#signal<of.BeforeTaskPublish>("before_task_publish");
  readonly afterTaskPublish = this.#signal<of.AfterTaskPublish>("after_task_publish");
  readonly taskReceived = this.#signal<of.TaskReceived>("task_received");
  readonly taskPrerun = this.#signal<of.TaskPrerun>("task_prerun");
  readonly taskPostrun = this.#signal<of.TaskPostrun>("task_postrun");
  readonly taskSuccess = this.#signal<of.TaskSuccess>("task_success");
  readonly taskRetry = this.#signal<of.TaskRetry>("task_retry");
  readonly taskFailure = this.#signal<of.TaskFailure>("task_failure");
  readonly taskInternalError = this.#signal<of.TaskInternalError>("task_internal_error");
  readonly taskRevoked = this.#signal<of.TaskRevoked>("task_revoked");
  readonly taskRejected = this.#signal<of.TaskRejected>("task_rejected");
  readonly taskUnknown = this.#signal<of.TaskUnknown>("task_unknown");
  readonly celerydInit = this.#signal<by.CelerydInit>("celeryd_init");
  readonly celerydAfterSetup = this.#signal<by.CelerydAfterSetup>("celeryd_after_setup");
  readonly workerInit = this.#signal<by.NodeEvent>("worker_init");
  readonly workerProcessInit = this.#signal<by.ProcessEvent>("worker_process_init");
  readonly workerProcessShutdown = this.#signal<by.WorkerProcessShutdown>("worker_process_shutdown");
  readonly workerReady = this.#signal<by.NodeEvent>("worker_ready");
  readonly workerShuttingDown = this.#signal<by.WorkerShuttingDown>("worker_shutting_down");
  readonly workerShutdown = this.#signal<by.NodeEvent>("worker_shutdown");
  readonly heartbeatSent = this.#signal<by.NodeEvent>("heartbeat_sent");
  /** Where this is connected, the log is its receivers' to write: the worker writes none. */
  readonly setupLogging = this.#signal<by.LoggingEvent>("setup_logging");
  readonly afterSetupLogger = this.#signal<by.LoggingEvent>("after_setup_logger");
  readonly beatInit = this.#signal<by.BeatEvent>("beat_init");
  readonly beatEmbeddedInit = this.#signal<by.BeatEvent>("beat_embedded_init");

  /** @param failed told which receiver has thrown what */
  constructor(failed: ReceiverFailed) {
    this.#failed = failed;
  }

  /** Somebody wants to know how runs end. */
  get followRuns(): boolean {
    return this.taskSuccess.isConnected || this.taskPostrun.isConnected || this.taskFailure.isConnected ||
      this.taskRetry.isConnected || this.taskInternalError.isConnected;
  }

  #signal<E extends SignalEvent>(name: string): Signal<E> {
    return new Signal<E>(name, (receiver, error) => this.#failed(receiver, error));
  }
}

/** How Celery's log names a receiver: `Signal handler %r raised: %r`. */
export function receiverFailed(receiver: (event: never) => unknown, exception: string): string {
  return `Signal handler <function ${receiver.name || "anonymous"}> raised: ${exception}`;
}
