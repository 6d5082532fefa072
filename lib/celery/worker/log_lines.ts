/**
 * Every line that a worker logs, in Celery's words: people grep for them. One function a line, each below the name of the
 * Python file that the words come from.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import type { LogFields } from "../../base/log.ts";

export const CELERY_LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] as const;
export type CeleryLevel = (typeof CELERY_LEVELS)[number];

/** One line before it is formatted: the words for people, name and fields for machines. */
export interface LogLine {
  readonly level: CeleryLevel;
  /** Name of what happened; for tasks the name of the monitoring event. */
  readonly event: string;
  readonly text: string;
  readonly fields?: LogFields;
  /** The task whose own code has written it. */
  readonly task?: NamedTask;
}

function line(level: CeleryLevel, event: string, text: string, fields?: LogFields): LogLine {
  return fields === undefined ? { level, event, text } : { level, event, text, fields };
}

/** A task as lines name it. */
export interface NamedTask {
  readonly id: string;
  readonly name: string;
}

function ofTask(task: NamedTask, more?: LogFields): LogFields {
  return { task: task.name, task_id: task.id, ...more };
}

// celery/app/trace.py

export const taskReceived = (task: NamedTask): LogLine =>
  line("INFO", "task-received", `Task ${task.name}[${task.id}] received`, ofTask(task));

export const taskSucceeded = (task: NamedTask, seconds: number, result: string): LogLine =>
  line("INFO", "task-succeeded", `Task ${task.name}[${task.id}] succeeded in ${seconds}s: ${result}`, {
    ...ofTask(task),
    runtime_ms: seconds * 1000,
  });

/** @param traceback shown only for exceptions that the task did not announce in `throws` */
export const taskRaised = (task: NamedTask, exception: string, traceback: string, expected: boolean): LogLine =>
  expected
    ? line("INFO", "task-failed", `Task ${task.name}[${task.id}] raised expected: ${exception}`, ofTask(task))
    : line(
      "ERROR",
      "task-failed",
      `Task ${task.name}[${task.id}] raised unexpected: ${exception}\n${traceback.trimEnd()}`,
      ofTask(task, { exception }),
    );

export const taskRetries = (task: NamedTask, reason: string): LogLine =>
  line("INFO", "task-retried", `Task ${task.name}[${task.id}] retry: ${reason}`, ofTask(task));

export const taskIgnored = (task: NamedTask, description = "ignored"): LogLine =>
  line("INFO", "task-ignored", `Task ${task.name}[${task.id}] ${description}`, ofTask(task));

export const taskRejects = (task: NamedTask, exception: string): LogLine =>
  line("WARNING", "task-rejected", `Task ${task.name}[${task.id}] ${exception}`, ofTask(task));

/** Something failed around the task's own code: its arguments were no mapping, its result could not be stored. */
export const outsideBody = (task: NamedTask, exception: string, traceback: string): LogLine =>
  line(
    "WARNING",
    "task-internal-error",
    `Exception raised outside body: ${exception}:\n${traceback.trimEnd()}`,
    ofTask(task, { exception }),
  );

// celery/worker/consumer/consumer.py, tasks.py

export const prefetchReduced = (reduced: number, running: number, max: number): LogLine =>
  line(
    "INFO",
    "prefetch-reduced",
    `Temporarily reducing the prefetch count to ${reduced} to avoid over-fetching since ${running} tasks are currently ` +
      `being processed.\nThe prefetch count will be gradually restored to ${max} as the tasks complete processing.`,
    { prefetch: reduced, running, max },
  );

export const prefetchRestored = (max: number): LogLine =>
  line(
    "INFO",
    "prefetch-restored",
    `Resuming normal operations following a restart.\nPrefetch count has been restored to the maximum of ${max}`,
    { max },
  );

export const terminatingAfterLoss = (task: NamedTask): LogLine =>
  line(
    "WARNING",
    "task-cancelled",
    `Task ${task.name}[${task.id}] cannot be acknowledged after a connection loss since late acknowledgement is enabled ` +
      "for it.\nTerminating it instead.",
    ofTask(task),
  );

export const cannotDisablePrefetch = (transport: string): LogLine =>
  line(
    "WARNING",
    "prefetch-needed",
    `worker_disable_prefetch is only supported for Redis brokers. Current broker transport: ${transport}. ` +
      "Ignoring disable_prefetch setting.",
  );

// celery/app/log.py

/** A line of code that runs in a pool child; of a task's, or around it. */
export const ofChild = (level: CeleryLevel, text: string, task?: NamedTask, fields?: LogFields): LogLine =>
  task === undefined
    ? line(level, "child-log", text, fields)
    : { ...line(level, "task-log", text, ofTask(task, fields)), task };

// celery/utils/dispatch/signal.py

/** @param text Celery's words, with the receiver and what it raised */
export const receiverRaised = (text: string): LogLine => line("ERROR", "signal-handler-raised", text);

// celery/worker/request.py

export const taskAccepted = (task: NamedTask, pid: number): LogLine =>
  line("DEBUG", "task-started", `Task accepted: ${task.name}[${task.id}] pid:${pid}`, ofTask(task, { pid }));

export const discardingRevoked = (task: NamedTask): LogLine =>
  line("INFO", "task-revoked", `Discarding revoked task: ${task.name}[${task.id}]`, ofTask(task));

export const discardingStamped = (task: NamedTask, header: string, values: readonly string[]): LogLine =>
  line(
    "INFO",
    "task-revoked",
    `Discarding revoked task: ${task.name}[${task.id}] (revoked by header: {'${header}': {${
      values.map((value) => `'${value}'`).join(", ")
    }}})`,
    ofTask(task),
  );

export const softLimitExceeded = (task: NamedTask, seconds: number): LogLine =>
  line("WARNING", "task-soft-time-limit", `Soft time limit (${seconds}s) exceeded for ${task.name}[${task.id}]`, {
    ...ofTask(task),
    limit_s: seconds,
  });

export const hardLimitExceeded = (task: NamedTask, seconds: number): LogLine =>
  line("ERROR", "task-time-limit", `Hard time limit (${seconds}s) exceeded for ${task.name}[${task.id}]`, {
    ...ofTask(task),
    limit_s: seconds,
  });

export const handlerRaised = (task: NamedTask, exception: string): LogLine =>
  line("ERROR", "task-failed", `Task handler raised error: ${exception}`, ofTask(task, { exception }));

export const cannotSettle = (task: NamedTask, reason: string): LogLine =>
  line("CRITICAL", "task-not-settled", `Couldn't ack '${task.id}', reason:${reason}`, ofTask(task));

// celery/worker/consumer/consumer.py

const PROTOCOL_URL = "https://docs.celeryq.dev/en/latest/internals/protocol.html";

/** A message as error lines show it: every text is in Python's notation. */
export interface ShownMessage {
  /** `b'…' (81b)` */
  readonly body: string;
  readonly headers: string;
  readonly deliveryInfo: string;
  readonly contentType: string;
  readonly contentEncoding: string;
}

export const unknownMessage = (shown: ShownMessage): LogLine =>
  line(
    "WARNING",
    "message-unknown",
    `Received and deleted unknown message.  Wrong destination?!?

The full contents of the message body was: body: ${shown.body}
{content_type:${shown.contentType} content_encoding:${shown.contentEncoding}
  delivery_info:${shown.deliveryInfo} headers=${shown.headers}}

`,
  );

export const unregisteredTask = (task: NamedTask, shown: ShownMessage): LogLine =>
  line(
    "ERROR",
    "task-unregistered",
    `Received unregistered task of type '${task.name}'.
The message has been ignored and discarded.

Did you remember to import the module containing this task?
Or maybe you're using relative imports?

Please see
${PROTOCOL_URL}
for more information.

The full contents of the message body was:
${shown.body}

The full contents of the message headers:
${shown.headers}

The delivery info for this task is:
${shown.deliveryInfo}`,
    ofTask(task),
  );

export const invalidTask = (reason: string, shown: ShownMessage): LogLine =>
  line(
    "ERROR",
    "message-invalid",
    `Received invalid task message: ${reason}
The message has been ignored and discarded.

Please ensure your message conforms to the task
message protocol as described here:
${PROTOCOL_URL}

The full contents of the message body was:
${shown.body}`,
  );

export const undecodableMessage = (error: string, shown: ShownMessage): LogLine =>
  line(
    "CRITICAL",
    "message-undecodable",
    `Can't decode message body: ${error} [type:${shown.contentType} encoding:${shown.contentEncoding} headers:${shown.headers}]

body: ${shown.body}`,
  );

export const connectionLost = (): LogLine =>
  line(
    "WARNING",
    "connection-lost",
    "consumer: Connection to broker lost. Trying to re-establish the connection...",
  );

/** @param wait e.g. `in 2.00 seconds` */
export const cannotConnect = (
  uri: string,
  error: string,
  wait: string,
  attempt: number,
  max: number | string,
): LogLine =>
  line(
    "ERROR",
    "connection-failed",
    `consumer: Cannot connect to ${uri}: ${error}.
Trying again ${wait}... (${attempt}/${max})
`,
    { attempt },
  );

export const frequentRestarts = (): LogLine =>
  line("CRITICAL", "connection-unstable", "Frequent restarts detected: the connection was lost 5 times in a second");

export const startedConsuming = (queue: string): LogLine =>
  line("INFO", "queue-added", `Started consuming from ${queue}`, { queue });

export const cancelingQueue = (queue: string): LogLine =>
  line("INFO", "queue-canceled", `Canceling queue ${queue}`, { queue });

// celery/worker/consumer/{connection,mingle,gossip}.py

export const connectedTo = (uri: string): LogLine => line("INFO", "connected", `Connected to ${uri}`);
export const minglingStarts = (): LogLine => line("INFO", "mingle", "mingle: searching for neighbors");
export const minglingAlone = (): LogLine => line("INFO", "mingle", "mingle: all alone");
export const minglingWith = (nodes: number): LogLine =>
  line("INFO", "mingle", `mingle: sync with ${nodes} nodes`, { nodes });
export const mingled = (): LogLine => line("INFO", "mingle", "mingle: sync complete");
export const heartbeatMissed = (node: string): LogLine =>
  line("INFO", "peer-missed", `missed heartbeat from ${node}`, { node });

// Of our transports; Celery has no such lines.

export const fromTransport = (level: "WARNING" | "ERROR", text: string, fields: LogFields): LogLine =>
  line(level, "transport", text, fields);

// celery/apps/worker.py

export const workerReady = (node: string): LogLine => line("INFO", "worker-ready", `${node} ready.`);

// celery/worker/control.py

export const taskTerminates = (id: string, signum: number): LogLine =>
  line("INFO", "task-terminating", `Terminating ${id} (${signum})`, { task_id: id });
export const flaggedRevoked = (ids: readonly string[]): LogLine =>
  line("INFO", "tasks-revoked", `Tasks flagged as revoked: ${ids.join(", ")}`);
export const rateLimitUnknown = (task: string): LogLine =>
  line("ERROR", "rate-limit-unknown", `Rate limit attempt for unknown task ${task}`, { task });
export const rateLimitDisabled = (task: string): LogLine =>
  line("INFO", "rate-limit", `Rate limits disabled for tasks of type ${task}`, { task });
export const rateLimitSet = (task: string, limit: string): LogLine =>
  line("INFO", "rate-limit", `New rate limit for tasks of type ${task}: ${limit}.`, { task });
export const timeLimitUnknown = (task: string): LogLine =>
  line("ERROR", "time-limit-unknown", `Change time limit attempt for unknown task ${task}`, { task });
export const timeLimitSet = (task: string, soft: string, hard: string): LogLine =>
  line("INFO", "time-limit", `New time limits for tasks of type ${task}: soft=${soft} hard=${hard}`, { task });
export const eventsEnabled = (): LogLine => line("INFO", "events", "Events of group {task} enabled by remote.");
export const eventsDisabled = (): LogLine => line("INFO", "events", "Events of group {task} disabled by remote.");
export const syncWith = (node: string): LogLine => line("INFO", "mingle", `sync with ${node}`, { node });
export const shutdownFromRemote = (message: string): LogLine => line("WARNING", "shutdown", message);
export const controlFailed = (method: string, error: string): LogLine =>
  line("ERROR", "control-failed", `pidbox command error: ${error}`, { method });

// celery/worker/autoscale.py

export const scalingUp = (by: number): LogLine => line("INFO", "pool-grow", `Scaling up ${by} processes.`, { by });
export const scalingDown = (by: number): LogLine =>
  line("INFO", "pool-shrink", `Scaling down ${by} processes.`, { by });

// billiard/pool.py, and what only this worker has to say

export const childOutput = (text: string): LogLine => line("WARNING", "output", text);
export const childExited = (index: number, pid: number, how: string): LogLine =>
  line("ERROR", "child-exited", `Process 'ForkPoolWorker-${index}' pid:${pid} exited with '${how}'`, { pid });
export const childWillNotStart = (how: string): LogLine =>
  line("CRITICAL", "pool-hopeless", `Unrecoverable error: the pool's processes end before they start (${how})`);
export const unrecoverable = (error: string): LogLine =>
  line("CRITICAL", "unrecoverable", `Unrecoverable error: ${error}`);
export const brokerRefused = (uri: string, error: string): LogLine =>
  line("CRITICAL", "unrecoverable", `Unrecoverable error: cannot use ${uri}: ${error}`);
export const restoringUnacked = (count: number): LogLine =>
  line("INFO", "restoring", `Restoring ${count} unacknowledged message(s)`, { count });
export const duplicateDropped = (task: NamedTask): LogLine =>
  line(
    "INFO",
    "task-duplicate",
    `Dropped a second delivery of ${task.name}[${task.id}]: it is held here`,
    ofTask(task),
  );
export const backendUnavailable = (task: NamedTask, error: string): LogLine =>
  line("ERROR", "backend-failed", `Cannot store the result of ${task.name}[${task.id}]: ${error}`, ofTask(task));
export const chordFailed = (message: string): LogLine => line("ERROR", "chord-failed", message);
export const duplicateNodeName = (node: string): LogLine =>
  line("WARNING", "node-name-in-use", `A node named ${node} is already using this process mailbox!`, { node });
