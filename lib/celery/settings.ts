/**
 * All settings, under Celery's names in camelCase, with Celery's meaning and units: durations are seconds unless said otherwise.
 *
 * Spec: celery docs "Configuration and defaults" 5.6 · celery/app/defaults.py
 * @module
 */
import type { BeatEntry } from "./beat/entry.ts";
import type { Queue } from "./transport/transport.ts";
import type { JsonTypeStyle } from "./wire/special_types.ts";
import type { QueueOptions } from "./routing/queue.ts";
import type { TaskRoutes } from "./routing/router.ts";

/** How often and how patiently a publish is tried again; `task_publish_retry_policy`. */
export interface RetryPolicy {
  /** Attempts after the first; null: for ever. Default 3. */
  readonly maxRetries: number | null;
  /** Seconds before the first retry. Default 0. */
  readonly intervalStart: number;
  /** Seconds added for each further retry. Default 0.2. */
  readonly intervalStep: number;
  /** Longest wait in seconds. Default 1. */
  readonly intervalMax: number;
}

/** Certificates for TLS, under Python's names: `keyfile`, `certfile`, `ca_certs`, `cert_reqs`. */
export type SslOptions = boolean | Readonly<Record<string, unknown>>;

export interface Settings {
  /** Content types and serializer names that are decoded; all others are refused unseen. Default `["json"]`. */
  acceptContent: readonly string[];
  /** The same for results; null takes `acceptContent`. Default null. */
  resultAcceptContent: readonly string[] | null;
  /** How dates, decimals, UUIDs and bytes are written in JSON: `plain` for peers with kombu before 5.3. Default `wrapped`. Ours. */
  jsonTypes: JsonTypeStyle;
  /** Default true. */
  enableUtc: boolean;
  /** IANA name of the zone that naive times and schedules are read in; null is UTC. Default null. */
  timezone: string | null;
  /** Modules that the worker imports for their tasks; both lists are the same to us. Default `[]`. */
  imports: readonly string[];
  include: readonly string[];

  /** Where the broker is: a URL, or several to try in turn (a list, or one text with `;`). Default `embedded://`. */
  brokerUrl: string | readonly string[];
  /** For consuming only; null takes `brokerUrl`. Default null. */
  brokerReadUrl: string | readonly string[] | null;
  /** For publishing only; null takes `brokerUrl`. Default null. */
  brokerWriteUrl: string | readonly string[] | null;
  /** Seconds until an attempt to connect is given up. Default 4. */
  brokerConnectionTimeout: number;
  /** False: the worker ends when the broker is lost. Default true. */
  brokerConnectionRetry: boolean;
  /** The same for the first connection; null takes `brokerConnectionRetry`. Default null. */
  brokerConnectionRetryOnStartup: boolean | null;
  /** Attempts in a row; 0, null or negative: for ever. Default 100. */
  brokerConnectionMaxRetries: number | null;
  /** Default false. */
  brokerChannelErrorRetry: boolean;
  /** Order in which several URLs are tried. Default `round-robin`. */
  brokerFailoverStrategy: "round-robin" | "shuffle";
  /** Seconds between heartbeats that the worker asks RabbitMQ for; 0: none. Default 120. */
  brokerHeartbeat: number;
  /** How many times a heartbeat interval it is checked. Default 3. */
  brokerHeartbeatCheckrate: number;
  /** `PLAIN`, `AMQPLAIN` or `EXTERNAL`; null is PLAIN. Default null. */
  brokerLoginMethod: string | null;
  /** Most connections that publishers share. Here all publishers share one; kept for those who set it. Default 10. */
  brokerPoolLimit: number | null;
  /** True or certificates: TLS. Default false. */
  brokerUseSsl: SslOptions;
  /** Options of the transport under kombu's names (`visibility_timeout`, `priority_steps`, …). Default `{}`. */
  brokerTransportOptions: Readonly<Record<string, unknown>>;
  /** Default `quorum`. */
  brokerNativeDelayedDeliveryQueueType: "classic" | "quorum";

  /** Prefix of the exchanges that remote control uses. Default `celery`. */
  controlExchange: string;
  /** Seconds a control message waits for its worker. Default 300. */
  controlQueueTtl: number;
  /** Seconds until an unused control queue goes. Default 10. */
  controlQueueExpires: number;
  controlQueueExclusive: boolean;
  controlQueueDurable: boolean;

  /** Default `celeryev`. */
  eventExchange: string;
  /** Default `celeryev`. */
  eventQueuePrefix: string;
  /** Seconds an event waits for its monitor. Default 5. */
  eventQueueTtl: number;
  /** Seconds until the queue of a gone monitor goes. Default 60. */
  eventQueueExpires: number;
  eventQueueExclusive: boolean;
  eventQueueDurable: boolean;
  /** Events are read as JSON and as this. Default `json`. */
  eventSerializer: string;

  /**
   * Where results are kept: a URL, `rpc://`, or null for nowhere. Default null; with the embedded broker that broker keeps
   * them.
   */
  resultBackend: string | null;
  /** Options of the result backend under Celery's names. Default `{}`. */
  resultBackendTransportOptions: Readonly<Record<string, unknown>>;
  /** Try again when the backend cannot be reached, instead of failing. Default false. */
  resultBackendAlwaysRetry: boolean;
  /** Milliseconds, as the name says. Default 10. */
  resultBackendBaseSleepBetweenRetriesMs: number;
  /** Milliseconds. Default 10000. */
  resultBackendMaxSleepBetweenRetriesMs: number;
  /** Default Infinity. */
  resultBackendMaxRetries: number;
  /** `json`, `msgpack` or `yaml`; results are read with it too. Default `json`. */
  resultSerializer: string;
  /** Also store name, arguments, worker, retries and queue. Default false. */
  resultExtended: boolean;
  /** Seconds until a stored result goes; 0 or null: never. Default 86400. */
  resultExpires: number | null;
  /** Results kept in memory; -1: none. Default -1. */
  resultCacheMax: number;
  /** Seconds to wait for each result of a chord's header. Default 3. */
  resultChordJoinTimeout: number;
  /** Seconds between looks of `celery.chord_unlock`. Default 1. */
  resultChordRetryInterval: number;
  /** rpc: results survive a restart of the broker; null is false. Default null. */
  resultPersistent: boolean | null;
  /** Default `celeryresults`. */
  resultExchange: string;
  /** Default `direct`. */
  resultExchangeType: string;
  /** Default null. */
  resultCompression: string | null;

  /** Default null: no limit. */
  redisMaxConnections: number | null;
  /** Seconds without an answer until a connection is taken for dead. Default 120. */
  redisSocketTimeout: number | null;
  /** Seconds; null takes `redisSocketTimeout`. Default null. */
  redisSocketConnectTimeout: number | null;
  redisRetryOnTimeout: boolean;
  redisSocketKeepalive: boolean;
  /** Default null. */
  redisBackendUseSsl: SslOptions | null;
  /** Seconds of silence after which a connection is checked with PING; null: never. Default null. */
  redisBackendHealthCheckInterval: number | null;

  /** `json`, `msgpack` or `yaml`; whoever reads it has to accept it. Default `json`. */
  taskSerializer: string;
  /** `gzip`, `zlib`, `brotli`, `zstd` or null. Default null. */
  taskCompression: string | null;
  /** 2, or 1 for workers before Celery 4. Default 2. */
  taskProtocol: 1 | 2;
  /** Acknowledge after a task has run, not before. Default false. */
  taskAcksLate: boolean;
  /** Also acknowledge late what failed or timed out. Default true. */
  taskAcksOnFailureOrTimeout: boolean;
  /** Put a late-acknowledged task back when its process dies. Default null (false). */
  taskRejectOnWorkerLost: boolean | null;
  /** Run tasks in the caller, without broker. Default false. */
  taskAlwaysEager: boolean;
  /** Such tasks throw where they are called. Default false. */
  taskEagerPropagates: boolean;
  /** Such tasks store their results all the same. Default false. */
  taskStoreEagerResult: boolean;
  /** Options by task name or `*`, over the task's own. Default null. */
  taskAnnotations: Readonly<Record<string, Readonly<Record<string, unknown>>>> | null;
  /** Default `celery`. */
  taskDefaultQueue: string;
  /** Null takes the name of the default queue. Default null. */
  taskDefaultExchange: string | null;
  /** Default `direct`. */
  taskDefaultExchangeType: "direct" | "topic" | "fanout" | "headers";
  /** Null takes the name of the default queue. Default null. */
  taskDefaultRoutingKey: string | null;
  /** Default `classic`. */
  taskDefaultQueueType: "classic" | "quorum";
  /** 2 or `persistent`: messages survive a restart of RabbitMQ; 1 or `transient`: they do not. Default 2. */
  taskDefaultDeliveryMode: 1 | 2;
  /** Default null: 0. */
  taskDefaultPriority: number | null;
  /** `"10/m"`, a number a second, or null. Default null. */
  taskDefaultRateLimit: string | number | null;
  /** Highest priority of declared queues (RabbitMQ's `x-max-priority`). Default null. */
  taskQueueMaxPriority: number | null;
  /** Tasks sent by a task take its priority. Default false. */
  taskInheritParentPriority: boolean;
  /** Queues that are used and not listed are declared. Default true. */
  taskCreateMissingQueues: boolean;
  /** Default `classic`. */
  taskCreateMissingQueueType: "classic" | "quorum";
  /** Null is direct. Default null. */
  taskCreateMissingQueueExchangeType: "direct" | "topic" | "fanout" | "headers" | null;
  /** Where tasks go, by name, pattern or function. Default null. */
  taskRoutes: TaskRoutes | null;
  /** The queues that exist; null: the default queue. Default null. */
  taskQueues: readonly (Queue | string)[] | Readonly<Record<string, QueueOptions>> | null;
  /** Try again to publish when the broker is away. Default true. */
  taskPublishRetry: boolean;
  taskPublishRetryPolicy: RetryPolicy;
  /** Store no results. Default false. */
  taskIgnoreResult: boolean;
  /** But store failures. Default false. */
  taskStoreErrorsEvenIfIgnored: boolean;
  /** Store STARTED when a task begins. Default false. */
  taskTrackStarted: boolean;
  /** Publish a task-sent event with every task. Default false. */
  taskSendSentEvent: boolean;
  /** Seconds until SoftTimeLimitExceeded is raised in a task. Default null. */
  taskSoftTimeLimit: number | null;
  /** Seconds until a task's process is killed. Default null. */
  taskTimeLimit: number | null;
  /** Default false. */
  taskRemoteTracebacks: boolean;
  /** `linkError` of a chord also goes to its header. Default false. */
  taskAllowErrorCbOnChordHeader: boolean;

  /** Processes, or tasks at a time in one process; null: one a core. Default null. */
  workerConcurrency: number | null;
  /** `prefork`, `async` or `solo`. Default `prefork`. */
  workerPool: string;
  /** Messages taken per process; 0: no limit. Default 4. */
  workerPrefetchMultiplier: number;
  /** Take a message only for a free process. Default false. */
  workerDisablePrefetch: boolean;
  /** Most messages held for later; null: no limit. Default null. */
  workerEtaTaskLimit: number | null;
  workerEnablePrefetchCountReduction: boolean;
  workerDetectQuorumQueues: boolean;
  /** Send task events, as `-E`. Default false. */
  workerSendTaskEvents: boolean;
  workerEnableRemoteControl: boolean;
  workerDisableRateLimits: boolean;
  /** Default null: no limit. */
  workerMaxTasksPerChild: number | null;
  /** KiB of resident memory. Default null: no limit. */
  workerMaxMemoryPerChild: number | null;
  /** A queue of its own for each worker, in the exchange `C.dq2`. Default false. */
  workerDirect: boolean;
  /** Seconds to wait for the result of a process that died. Default 10. */
  workerLostWait: number;
  /** Seconds. Default 4. */
  workerProcAliveTimeout: number;
  /** Seconds that a cold shutdown lets tasks run on. Default 0. */
  workerSoftShutdownTimeout: number;
  workerEnableSoftShutdownOnIdle: boolean;
  workerDeduplicateSuccessfulTasks: boolean;
  workerCancelLongRunningTasksOnConnectionLoss: boolean;
  /** File that remembers revoked ids. Default null. */
  workerStateDb: string | null;
  workerPoolRestarts: boolean;
  workerHijackRootLogger: boolean;
  /** Null: where the output is a terminal. Default null. */
  workerLogColor: boolean | null;
  workerRedirectStdouts: boolean;
  workerRedirectStdoutsLevel: string;
  workerLogFormat: string;
  workerTaskLogFormat: string;

  /** What `beat` sends, and when. Default `{}`. */
  beatSchedule: Readonly<Record<string, BeatEntry>>;
  /** There is but one; kept for those who set it. */
  beatScheduler: string;
  /** Where `beat` remembers what ran last; `.json` is appended. Default `celerybeat-schedule`. */
  beatScheduleFilename: string;
  /** Tasks between two saves; 0: by time. Default 0. */
  beatSyncEvery: number;
  /** Longest sleep in seconds; 0: 300. Default 0. */
  beatMaxLoopInterval: number;
  /** Seconds after which a crontab's missed run is skipped; null: never. Default null. */
  beatCronStartingDeadline: number | null;
}
