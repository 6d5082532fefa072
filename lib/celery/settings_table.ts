/**
 * Default, check and old name of every setting.
 *
 * Spec: celery 5.6 celery/app/defaults.py `NAMESPACES`, `_TO_OLD_KEY`
 * @module
 */
import { isPlainObject, TimeDelta } from "../base/pyvalue.ts";
import type { Queue } from "./transport/transport.ts";
import { checkTimezone } from "./wire/timezone.ts";
import type { QueueOptions } from "./routing/queue.ts";
import type { TaskRoutes } from "./routing/router.ts";
import {
  amount,
  type Check,
  dict,
  either,
  flag,
  oneOf,
  orNull,
  passing,
  text,
  texts,
  wholeNumber,
} from "./setting_checks.ts";
import type { BeatEntry } from "./beat/entry.ts";
import type { RetryPolicy, Settings, SslOptions } from "./settings.ts";

export interface Setting<T> {
  readonly default: T;
  readonly check: Check<T>;
  /** Name before Celery 4. */
  readonly oldName: string;
}

function setting<T>(value: T, check: Check<T>, oldName: string): Setting<T> {
  return { default: value, check, oldName };
}

const seconds: Check<number> = (name, value) => value instanceof TimeDelta ? value.totalSeconds() : amount(name, value);
const isUrls = (value: unknown): value is string | readonly string[] =>
  (typeof value === "string" && value.trim() !== "") ||
  (Array.isArray(value) && value.length > 0 && value.every((url) => typeof url === "string" && url.trim() !== ""));
const urls = passing("a URL, or several", isUrls);
const exchangeType = oneOf("direct", "topic", "fanout", "headers");
const queueType = oneOf("classic", "quorum");
const timezone: Check<string> = (name, value) => checkTimezone(text(name, value));
const ssl: Check<SslOptions> = either(flag, dict);

const deliveryMode: Check<1 | 2> = (name, value) => {
  if (value === "persistent") return 2;
  return value === "transient" ? 1 : oneOf(1, 2)(name, value);
};

/** Milliseconds and counts alike: Python takes None for "no end". */
const maxRetries = orNull(wholeNumber);

export const DEFAULT_RETRY_POLICY: RetryPolicy = Object.freeze({
  maxRetries: 3,
  intervalStart: 0,
  intervalStep: 0.2,
  intervalMax: 1,
});

/** A policy in our names or Python's; what it leaves out is as by default. */
export const retryPolicy: Check<RetryPolicy> = (name, value) => {
  const given = dict(name, value);
  const pick = <T>(ours: string, python: string, check: Check<T>, otherwise: T): T => {
    const found = given[ours] ?? given[python];
    return found === undefined ? otherwise : check(`${name}.${ours}`, found);
  };
  return {
    maxRetries: given.maxRetries === null || given.max_retries === null
      ? null
      : pick("maxRetries", "max_retries", maxRetries, DEFAULT_RETRY_POLICY.maxRetries),
    intervalStart: pick("intervalStart", "interval_start", amount, DEFAULT_RETRY_POLICY.intervalStart),
    intervalStep: pick("intervalStep", "interval_step", amount, DEFAULT_RETRY_POLICY.intervalStep),
    intervalMax: pick("intervalMax", "interval_max", amount, DEFAULT_RETRY_POLICY.intervalMax),
  };
};

const routes = passing(
  "routes by task name, a list of them, or a function",
  (value): value is TaskRoutes => typeof value === "function" || (typeof value === "object" && value !== null),
);
const queues = passing(
  "a list of queues, or an object of them by name",
  (value): value is readonly (Queue | string)[] | Readonly<Record<string, QueueOptions>> =>
    Array.isArray(value) || isPlainObject(value),
);
const annotations = passing(
  "options by task name",
  (value): value is Readonly<Record<string, Readonly<Record<string, unknown>>>> =>
    isPlainObject(value) && Object.values(value).every(isPlainObject),
);
const schedule = passing(
  "entries with a task, by name",
  (value): value is Readonly<Record<string, BeatEntry>> =>
    isPlainObject(value) && Object.values(value).every((entry) => isPlainObject(entry) && "task" in entry),
);

const LOG_FORMAT = "[%(asctime)s: %(levelname)s/%(processName)s] %(message)s";
const TASK_LOG_FORMAT = "[%(asctime)s: %(levelname)s/%(processName)s] %(task_name)s[%(task_id)s]: %(message)s";

export const SETTINGS: { readonly [Name in keyof Settings]: Setting<Settings[Name]> } = {
  acceptContent: setting(["json"], texts, "CELERY_ACCEPT_CONTENT"),
  resultAcceptContent: setting(null, orNull(texts), "CELERY_RESULT_ACCEPT_CONTENT"),
  jsonTypes: setting("wrapped", oneOf("wrapped", "plain"), "CELERY_JSON_TYPES"),
  enableUtc: setting(true, flag, "CELERY_ENABLE_UTC"),
  timezone: setting(null, orNull(timezone), "CELERY_TIMEZONE"),
  imports: setting([], texts, "CELERY_IMPORTS"),
  include: setting([], texts, "CELERY_INCLUDE"),

  brokerUrl: setting("embedded://", urls, "BROKER_URL"),
  brokerReadUrl: setting(null, orNull(urls), "BROKER_READ_URL"),
  brokerWriteUrl: setting(null, orNull(urls), "BROKER_WRITE_URL"),
  brokerConnectionTimeout: setting(4, seconds, "BROKER_CONNECTION_TIMEOUT"),
  brokerConnectionRetry: setting(true, flag, "BROKER_CONNECTION_RETRY"),
  brokerConnectionRetryOnStartup: setting(null, orNull(flag), "BROKER_CONNECTION_RETRY_ON_STARTUP"),
  brokerConnectionMaxRetries: setting(100, maxRetries, "BROKER_CONNECTION_MAX_RETRIES"),
  brokerChannelErrorRetry: setting(false, flag, "BROKER_CHANNEL_ERROR_RETRY"),
  brokerFailoverStrategy: setting("round-robin", oneOf("round-robin", "shuffle"), "BROKER_FAILOVER_STRATEGY"),
  brokerHeartbeat: setting(120, seconds, "BROKER_HEARTBEAT"),
  brokerHeartbeatCheckrate: setting(3, amount, "BROKER_HEARTBEAT_CHECKRATE"),
  brokerLoginMethod: setting(null, orNull(text), "BROKER_LOGIN_METHOD"),
  brokerPoolLimit: setting(10, orNull(wholeNumber), "BROKER_POOL_LIMIT"),
  brokerUseSsl: setting(false, ssl, "BROKER_USE_SSL"),
  brokerTransportOptions: setting({}, dict, "BROKER_TRANSPORT_OPTIONS"),
  brokerNativeDelayedDeliveryQueueType: setting("quorum", queueType, "BROKER_NATIVE_DELAYED_DELIVERY_QUEUE_TYPE"),

  controlExchange: setting("celery", text, "CONTROL_EXCHANGE"),
  controlQueueTtl: setting(300, seconds, "CONTROL_QUEUE_TTL"),
  controlQueueExpires: setting(10, seconds, "CONTROL_QUEUE_EXPIRES"),
  controlQueueExclusive: setting(false, flag, "CONTROL_QUEUE_EXCLUSIVE"),
  controlQueueDurable: setting(false, flag, "CONTROL_QUEUE_DURABLE"),

  eventExchange: setting("celeryev", text, "CELERY_EVENT_EXCHANGE"),
  eventQueuePrefix: setting("celeryev", text, "CELERY_EVENT_QUEUE_PREFIX"),
  eventQueueTtl: setting(5, seconds, "CELERY_EVENT_QUEUE_TTL"),
  eventQueueExpires: setting(60, seconds, "CELERY_EVENT_QUEUE_EXPIRES"),
  eventQueueExclusive: setting(false, flag, "CELERY_EVENT_QUEUE_EXCLUSIVE"),
  eventQueueDurable: setting(false, flag, "CELERY_EVENT_QUEUE_DURABLE"),
  eventSerializer: setting("json", text, "CELERY_EVENT_SERIALIZER"),

  resultBackend: setting(null, orNull(text), "CELERY_RESULT_BACKEND"),
  resultBackendTransportOptions: setting({}, dict, "CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS"),
  resultBackendAlwaysRetry: setting(false, flag, "CELERY_RESULT_BACKEND_ALWAYS_RETRY"),
  resultBackendBaseSleepBetweenRetriesMs: setting(
    10,
    amount,
    "CELERY_RESULT_BACKEND_BASE_SLEEP_BETWEEN_RETRIES_MS",
  ),
  resultBackendMaxSleepBetweenRetriesMs: setting(
    10_000,
    amount,
    "CELERY_RESULT_BACKEND_MAX_SLEEP_BETWEEN_RETRIES_MS",
  ),
  resultBackendMaxRetries: setting(Infinity, amount, "CELERY_RESULT_BACKEND_MAX_RETRIES"),
  resultSerializer: setting("json", text, "CELERY_RESULT_SERIALIZER"),
  resultExtended: setting(false, flag, "CELERY_RESULT_EXTENDED"),
  resultExpires: setting(86_400, orNull(seconds), "CELERY_TASK_RESULT_EXPIRES"),
  resultCacheMax: setting(-1, wholeNumber, "CELERY_MAX_CACHED_RESULTS"),
  resultChordJoinTimeout: setting(3, seconds, "CELERY_RESULT_CHORD_JOIN_TIMEOUT"),
  resultChordRetryInterval: setting(1, seconds, "CELERY_RESULT_CHORD_RETRY_INTERVAL"),
  resultPersistent: setting(null, orNull(flag), "CELERY_RESULT_PERSISTENT"),
  resultExchange: setting("celeryresults", text, "CELERY_RESULT_EXCHANGE"),
  resultExchangeType: setting("direct", text, "CELERY_RESULT_EXCHANGE_TYPE"),
  resultCompression: setting(null, orNull(text), "CELERY_RESULT_COMPRESSION"),

  redisMaxConnections: setting(null, orNull(wholeNumber), "CELERY_REDIS_MAX_CONNECTIONS"),
  redisSocketTimeout: setting(120, orNull(seconds), "CELERY_REDIS_SOCKET_TIMEOUT"),
  redisSocketConnectTimeout: setting(null, orNull(seconds), "CELERY_REDIS_SOCKET_CONNECT_TIMEOUT"),
  redisRetryOnTimeout: setting(false, flag, "CELERY_REDIS_RETRY_ON_TIMEOUT"),
  redisSocketKeepalive: setting(false, flag, "CELERY_REDIS_SOCKET_KEEPALIVE"),
  redisBackendUseSsl: setting(null, orNull(ssl), "CELERY_REDIS_BACKEND_USE_SSL"),
  redisBackendHealthCheckInterval: setting(null, orNull(seconds), "CELERY_REDIS_BACKEND_HEALTH_CHECK_INTERVAL"),

  taskSerializer: setting("json", text, "CELERY_TASK_SERIALIZER"),
  taskCompression: setting(null, orNull(text), "CELERY_MESSAGE_COMPRESSION"),
  taskProtocol: setting(2, oneOf(1, 2), "CELERY_TASK_PROTOCOL"),
  taskAcksLate: setting(false, flag, "CELERY_ACKS_LATE"),
  taskAcksOnFailureOrTimeout: setting(true, flag, "CELERY_ACKS_ON_FAILURE_OR_TIMEOUT"),
  taskRejectOnWorkerLost: setting(null, orNull(flag), "CELERY_REJECT_ON_WORKER_LOST"),
  taskAlwaysEager: setting(false, flag, "CELERY_ALWAYS_EAGER"),
  taskEagerPropagates: setting(false, flag, "CELERY_EAGER_PROPAGATES_EXCEPTIONS"),
  taskStoreEagerResult: setting(false, flag, "CELERY_STORE_EAGER_RESULT"),
  taskAnnotations: setting(null, orNull(annotations), "CELERY_ANNOTATIONS"),
  taskDefaultQueue: setting("celery", text, "CELERY_DEFAULT_QUEUE"),
  taskDefaultExchange: setting(null, orNull(text), "CELERY_DEFAULT_EXCHANGE"),
  taskDefaultExchangeType: setting("direct", exchangeType, "CELERY_DEFAULT_EXCHANGE_TYPE"),
  taskDefaultRoutingKey: setting(null, orNull(text), "CELERY_DEFAULT_ROUTING_KEY"),
  taskDefaultQueueType: setting("classic", queueType, "CELERY_DEFAULT_QUEUE_TYPE"),
  taskDefaultDeliveryMode: setting(2, deliveryMode, "CELERY_DEFAULT_DELIVERY_MODE"),
  taskDefaultPriority: setting(null, orNull(wholeNumber), "CELERY_DEFAULT_PRIORITY"),
  taskDefaultRateLimit: setting(null, orNull(either(amount, text)), "CELERY_DEFAULT_RATE_LIMIT"),
  taskQueueMaxPriority: setting(null, orNull(wholeNumber), "CELERY_QUEUE_MAX_PRIORITY"),
  taskInheritParentPriority: setting(false, flag, "CELERY_INHERIT_PARENT_PRIORITY"),
  taskCreateMissingQueues: setting(true, flag, "CELERY_CREATE_MISSING_QUEUES"),
  taskCreateMissingQueueType: setting("classic", queueType, "CELERY_CREATE_MISSING_QUEUE_TYPE"),
  taskCreateMissingQueueExchangeType: setting(
    null,
    orNull(exchangeType),
    "CELERY_CREATE_MISSING_QUEUE_EXCHANGE_TYPE",
  ),
  taskRoutes: setting(null, orNull(routes), "CELERY_ROUTES"),
  taskQueues: setting(null, orNull(queues), "CELERY_QUEUES"),
  taskPublishRetry: setting(true, flag, "CELERY_TASK_PUBLISH_RETRY"),
  taskPublishRetryPolicy: setting(DEFAULT_RETRY_POLICY, retryPolicy, "CELERY_TASK_PUBLISH_RETRY_POLICY"),
  taskIgnoreResult: setting(false, flag, "CELERY_IGNORE_RESULT"),
  taskStoreErrorsEvenIfIgnored: setting(false, flag, "CELERY_STORE_ERRORS_EVEN_IF_IGNORED"),
  taskTrackStarted: setting(false, flag, "CELERY_TRACK_STARTED"),
  taskSendSentEvent: setting(false, flag, "CELERY_SEND_TASK_SENT_EVENT"),
  taskSoftTimeLimit: setting(null, orNull(seconds), "CELERYD_TASK_SOFT_TIME_LIMIT"),
  taskTimeLimit: setting(null, orNull(seconds), "CELERYD_TASK_TIME_LIMIT"),
  taskRemoteTracebacks: setting(false, flag, "CELERY_REMOTE_TRACEBACKS"),
  taskAllowErrorCbOnChordHeader: setting(false, flag, "CELERY_ALLOW_ERROR_CB_ON_CHORD_HEADER"),

  workerConcurrency: setting(null, orNull(wholeNumber), "CELERYD_CONCURRENCY"),
  workerPool: setting("prefork", text, "CELERYD_POOL"),
  workerPrefetchMultiplier: setting(4, wholeNumber, "CELERYD_PREFETCH_MULTIPLIER"),
  workerDisablePrefetch: setting(false, flag, "CELERYD_DISABLE_PREFETCH"),
  workerEtaTaskLimit: setting(null, orNull(wholeNumber), "CELERYD_ETA_TASK_LIMIT"),
  workerEnablePrefetchCountReduction: setting(true, flag, "CELERYD_ENABLE_PREFETCH_COUNT_REDUCTION"),
  workerDetectQuorumQueues: setting(true, flag, "CELERYD_DETECT_QUORUM_QUEUES"),
  workerSendTaskEvents: setting(false, flag, "CELERY_SEND_EVENTS"),
  workerEnableRemoteControl: setting(true, flag, "CELERY_ENABLE_REMOTE_CONTROL"),
  workerDisableRateLimits: setting(false, flag, "CELERY_DISABLE_RATE_LIMITS"),
  workerMaxTasksPerChild: setting(null, orNull(wholeNumber), "CELERYD_MAX_TASKS_PER_CHILD"),
  workerMaxMemoryPerChild: setting(null, orNull(wholeNumber), "CELERYD_MAX_MEMORY_PER_CHILD"),
  workerDirect: setting(false, flag, "CELERY_WORKER_DIRECT"),
  workerLostWait: setting(10, seconds, "CELERYD_WORKER_LOST_WAIT"),
  workerProcAliveTimeout: setting(4, seconds, "CELERYD_PROC_ALIVE_TIMEOUT"),
  workerSoftShutdownTimeout: setting(0, seconds, "CELERYD_SOFT_SHUTDOWN_TIMEOUT"),
  workerEnableSoftShutdownOnIdle: setting(false, flag, "CELERYD_ENABLE_SOFT_SHUTDOWN_ON_IDLE"),
  workerDeduplicateSuccessfulTasks: setting(false, flag, "CELERYD_DEDUPLICATE_SUCCESSFUL_TASKS"),
  workerCancelLongRunningTasksOnConnectionLoss: setting(
    false,
    flag,
    "CELERYD_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS",
  ),
  workerStateDb: setting(null, orNull(text), "CELERYD_STATE_DB"),
  workerPoolRestarts: setting(false, flag, "CELERYD_POOL_RESTARTS"),
  workerHijackRootLogger: setting(true, flag, "CELERYD_HIJACK_ROOT_LOGGER"),
  workerLogColor: setting(null, orNull(flag), "CELERYD_LOG_COLOR"),
  workerRedirectStdouts: setting(true, flag, "CELERY_REDIRECT_STDOUTS"),
  workerRedirectStdoutsLevel: setting("WARNING", text, "CELERY_REDIRECT_STDOUTS_LEVEL"),
  workerLogFormat: setting(LOG_FORMAT, text, "CELERYD_LOG_FORMAT"),
  workerTaskLogFormat: setting(TASK_LOG_FORMAT, text, "CELERYD_TASK_LOG_FORMAT"),

  beatSchedule: setting({}, schedule, "CELERYBEAT_SCHEDULE"),
  beatScheduler: setting("celery.beat:PersistentScheduler", text, "CELERYBEAT_SCHEDULER"),
  beatScheduleFilename: setting("celerybeat-schedule", text, "CELERYBEAT_SCHEDULE_FILENAME"),
  beatSyncEvery: setting(0, wholeNumber, "CELERYBEAT_SYNC_EVERY"),
  beatMaxLoopInterval: setting(0, seconds, "CELERYBEAT_MAX_LOOP_INTERVAL"),
  beatCronStartingDeadline: setting(null, orNull(seconds), "CELERYBEAT_CRON_STARTING_DEADLINE"),
};
