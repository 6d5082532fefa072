import { availableParallelism } from "node:os";
import type { Config } from "../config.ts";
import { expandName, nodeName } from "../worker/node_name.ts";
import type { WorkerOptions } from "../worker/options.ts";
import { DAEMON, DAEMON_OPTIONS, levelOf, LEVELS, logOptions } from "./daemon_options.ts";
import { PRIVILEGE_OPTIONS } from "./privileges.ts";
import { choice, commaSeparated, float, integer, type OptionValues } from "./options.ts";

const WORKER = "Worker Options";
const POOL = "Pool Options";
const QUEUE = "Queue Options";
const FEATURES = "Features";
const BEAT = "Embedded Beat Options";

/** The options of `celery worker`. Source: celery 5.6 celery/bin/worker.py */
export const WORKER_OPTION_TABLE = {
  statedb: {
    flags: ["-S", "--statedb"],
    value: "FILE",
    help: "remember revoked tasks there from one run to the next (%n, %h as in -n)",
    group: WORKER,
  },
  hostname: {
    flags: ["-n", "--hostname"],
    value: "NAME",
    help: "node name, e.g. w1@%h (%h host, %n name, %d domain)",
    group: WORKER,
  },
  ...logOptions(WORKER),
  optimization: {
    flags: ["-O"],
    value: "PROFILE",
    parse: choice("default", "fair"),
    help: "fair: send no task ahead to a busy process",
    group: WORKER,
  },
  prefetchMultiplier: {
    flags: ["--prefetch-multiplier"],
    value: "N",
    parse: integer,
    help: "messages held for each process (default 4; 0: no limit)",
    group: WORKER,
  },
  disablePrefetch: {
    flags: ["--disable-prefetch"],
    help: "take a message only when a process is free (not over AMQP)",
    group: WORKER,
  },
  concurrency: {
    flags: ["-c", "--concurrency"],
    value: "N",
    parse: integer,
    help: "processes; with -P async tasks at once (default: the number of cores)",
    group: POOL,
  },
  pool: {
    flags: ["-P", "--pool"],
    value: "POOL",
    parse: poolOf,
    help: "prefork, async (many async tasks in each process) or solo",
    group: POOL,
  },
  taskEvents: {
    flags: ["-E", "--events", "--task-events"],
    help: "send events about tasks, for monitors",
    group: POOL,
  },
  timeLimit: {
    flags: ["--time-limit"],
    value: "SECONDS",
    parse: float,
    help: "kill tasks that run longer",
    group: POOL,
  },
  softTimeLimit: {
    flags: ["--soft-time-limit"],
    value: "SECONDS",
    parse: float,
    help: "abort the signal of tasks that run longer",
    group: POOL,
  },
  maxTasksPerChild: {
    flags: ["--max-tasks-per-child"],
    value: "N",
    parse: integer,
    help: "replace a process after so many tasks",
    group: POOL,
  },
  maxMemoryPerChild: {
    flags: ["--max-memory-per-child"],
    value: "KIB",
    parse: integer,
    help: "replace a process that has grown beyond it",
    group: POOL,
  },
  autoscale: {
    flags: ["--autoscale"],
    value: "MAX,MIN",
    parse: autoscaleOf,
    help: "as many processes as there is work",
    group: POOL,
  },
  purge: { flags: ["--discard", "--purge"], help: "erase all waiting messages first", group: QUEUE },
  queues: { flags: ["-Q", "--queues"], value: "NAMES", parse: commaSeparated, help: "only these queues", group: QUEUE },
  excludeQueues: {
    flags: ["-X", "--exclude-queues"],
    value: "NAMES",
    parse: commaSeparated,
    help: "not these queues",
    group: QUEUE,
  },
  include: {
    flags: ["-I", "--include"],
    value: "MODULES",
    parse: commaSeparated,
    help: "import these modules as well, for their tasks",
    group: QUEUE,
  },
  withoutGossip: { flags: ["--without-gossip"], help: "do not listen to other workers", group: FEATURES },
  withoutMingle: { flags: ["--without-mingle"], help: "do not ask other workers at the start", group: FEATURES },
  withoutHeartbeat: { flags: ["--without-heartbeat"], help: "send no heartbeats", group: FEATURES },
  heartbeatInterval: {
    flags: ["--heartbeat-interval"],
    value: "SECONDS",
    parse: float,
    help: "default 2",
    group: FEATURES,
  },
  detach: {
    flags: ["-D", "--detach"],
    help: "go on in the background, without a terminal: name a logfile",
    group: DAEMON,
  },
  logfile: { flags: ["-f", "--logfile"], value: "FILE", help: "log into this file (%n, %h as in -n)", group: DAEMON },
  pidfile: DAEMON_OPTIONS.pidfile,
  ...PRIVILEGE_OPTIONS,
  beat: { flags: ["-B", "--beat"], help: "send what beatSchedule says as well: in one worker only", group: BEAT },
  schedule: {
    flags: ["-s", "--schedule", "--schedule-filename"],
    value: "FILE",
    help: "where -B remembers what ran last (default celerybeat-schedule; .json is appended)",
    group: BEAT,
  },
} as const;

export type WorkerArguments = OptionValues<typeof WORKER_OPTION_TABLE>;

/** celery's other names for pools of processes or of green threads */
const POOLS: ReadonlyMap<string, "prefork" | "async" | "solo"> = new Map([
  ["prefork", "prefork"],
  ["processes", "prefork"],
  ["async", "async"],
  ["gevent", "async"],
  ["eventlet", "async"],
  ["threads", "async"],
  ["solo", "solo"],
]);

function poolOf(text: string): "prefork" | "async" | "solo" {
  const pool = POOLS.get(text.toLowerCase());
  if (pool === undefined) throw new Error(`'${text}' is not one of 'prefork', 'async', 'solo'.`);
  return pool;
}

function autoscaleOf(text: string): { max: number; min: number } {
  const bounds = text.split(",").map(integer);
  if (bounds.length > 2) {
    throw new Error(`Expected two comma separated integers or one integer.Got ${bounds.length} instead.`);
  }
  const [first = 0, second = 0] = bounds;
  return { max: Math.max(first, second), min: Math.min(first, second) };
}

/** Name of the worker: `celery@host`. */
export function nodeOf({ hostname }: WorkerArguments): string {
  return nodeName(hostname === undefined ? undefined : expandName(hostname, undefined));
}

/** Options over settings over defaults. */
export function resolveWorkerOptions(given: WorkerArguments, conf: Config, moduleUrl: string): WorkerOptions {
  const multiplier = given.prefetchMultiplier ?? conf.workerPrefetchMultiplier;
  const pool = given.pool ?? poolOf(conf.workerPool);
  const concurrency = given.concurrency ?? conf.workerConcurrency ?? availableParallelism();
  return {
    node: nodeOf(given),
    moduleUrl,
    include: [...conf.imports, ...conf.include, ...given.include ?? []],
    settings: { brokerUrl: conf.brokerUrl, resultBackend: conf.resultBackend },
    pool,
    concurrency: pool === "solo" ? 1 : Math.max(1, concurrency),
    autoscale: given.autoscale,
    prefetchMultiplier: multiplier,
    strictPrefetch: given.prefetchMultiplier !== undefined || conf.isSet("workerPrefetchMultiplier") ||
      given.optimization === "fair",
    disablePrefetch: given.disablePrefetch ?? conf.workerDisablePrefetch,
    reducePrefetch: conf.workerEnablePrefetchCountReduction,
    retryOnStartup: conf.brokerConnectionRetryOnStartup ?? conf.brokerConnectionRetry,
    cancelOnLoss: conf.workerCancelLongRunningTasksOnConnectionLoss,
    etaTaskLimit: conf.workerEtaTaskLimit,
    maxTasksPerChild: given.maxTasksPerChild ?? conf.workerMaxTasksPerChild ?? undefined,
    maxMemoryPerChild: given.maxMemoryPerChild ?? conf.workerMaxMemoryPerChild ?? undefined,
    timeLimit: given.timeLimit ?? conf.taskTimeLimit,
    softTimeLimit: given.softTimeLimit ?? conf.taskSoftTimeLimit,
    taskEvents: given.taskEvents ?? conf.workerSendTaskEvents,
    heartbeat: given.withoutHeartbeat !== true,
    heartbeatIntervalMs: (given.heartbeatInterval ?? 2) * 1000,
    mingle: given.withoutMingle !== true,
    gossip: given.withoutGossip !== true,
    remoteControl: conf.workerEnableRemoteControl,
    poolRestarts: conf.workerPoolRestarts,
    disableRateLimits: conf.workerDisableRateLimits,
    softShutdownMs: conf.workerSoftShutdownTimeout * 1000,
    logLevel: levelOf(given.loglevel),
    outputLevel: levelOf(choice(...LEVELS)(conf.workerRedirectStdoutsLevel)),
  };
}
