import type { CeleryLevel } from "./log_lines.ts";
import type { TaskInfo } from "./task_info.ts";
import type { PoolKind } from "./task_pool.ts";

/** How a worker is started: the options of `celery worker`, read and filled in. */
export interface WorkerOptions {
  /** Node name, `celery@host`. */
  readonly node: string;
  /** `file:` URL of the module that exports the app; every child imports it. */
  readonly moduleUrl: string;
  /** Modules that children import as well, for their tasks. */
  readonly include: readonly string[];
  /** Tasks, if they are known without the children: those of the app's module. The worker is then ready before its children are. */
  readonly tasks?: readonly TaskInfo[];
  /** Settings that children take over, because they are not in the module: those of the command line. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly pool: PoolKind;
  /** Children of a prefork pool; tasks at once in an async one. */
  readonly concurrency: number;
  readonly autoscale: { readonly max: number; readonly min: number } | undefined;
  /** Messages held for each task that can run; 0: no limit. */
  readonly prefetchMultiplier: number;
  /** The multiplier was chosen, and holds for short tasks too; else those are fetched further ahead. */
  readonly strictPrefetch: boolean;
  /** A message is taken only when a task can begin at once; not over AMQP. Default false. */
  readonly disablePrefetch?: boolean;
  /** After a lost connection, fewer messages are held until what ran meanwhile is done. Default true. */
  readonly reducePrefetch?: boolean;
  /** At the start, a broker that cannot be reached is tried again. Default true. */
  readonly retryOnStartup?: boolean;
  /** Late-acknowledged tasks that run when the connection is lost are ended, for the broker to deliver them again. Default false. */
  readonly cancelOnLoss?: boolean;
  /** Never hold more messages than that, however many wait for their time; null: no limit. Default null. */
  readonly etaTaskLimit?: number | null;
  readonly maxTasksPerChild: number | undefined;
  /** KiB of resident memory. */
  readonly maxMemoryPerChild: number | undefined;
  /** For tasks that have none of their own; seconds, null for none. */
  readonly timeLimit: number | null;
  readonly softTimeLimit: number | null;
  readonly taskEvents: boolean;
  readonly heartbeat: boolean;
  readonly heartbeatIntervalMs: number;
  readonly mingle: boolean;
  readonly gossip: boolean;
  readonly remoteControl: boolean;
  readonly poolRestarts: boolean;
  readonly disableRateLimits: boolean;
  /** A cold shutdown lets tasks run on for so long, milliseconds. */
  readonly softShutdownMs: number;
  readonly logLevel: CeleryLevel;
  /** At which level what tasks print is logged. Default `WARNING`. */
  readonly outputLevel?: CeleryLevel;
  /** The program of a child. Default: ours, which imports the app; tests bring one that needs none. */
  readonly childModule?: URL;
  /** Added to the environment of the children. */
  readonly childEnv?: Readonly<Record<string, string>>;
  /** Runtime flags of the children. Default: those of this process. */
  readonly execArgv?: readonly string[];
}
