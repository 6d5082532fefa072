/**
 * What signals about programs say. Workers are named by their node name, which is `sender.hostname` in Python.
 * @module
 */
import type { Beat } from "../beat/service.ts";
import type { Config } from "../config.ts";
import type { WorkerLog } from "../worker/log.ts";
import type { CeleryLevel } from "../worker/log_lines.ts";
import type { Worker } from "../worker/worker.ts";

/** A worker or its heart. */
export interface NodeEvent {
  /** Node name: `celery@host`. */
  readonly sender: string;
}

/** The time to change settings for a worker of this name. */
export interface CelerydInit extends NodeEvent {
  readonly conf: Config;
  /** Those of the command line. */
  readonly options: Readonly<Record<string, unknown>>;
}

export interface CelerydAfterSetup extends NodeEvent {
  readonly instance: Worker;
  readonly conf: Config;
}

export interface WorkerShuttingDown extends NodeEvent {
  /** `SIGTERM`. */
  readonly sig: string;
  readonly how: "Warm" | "Cold";
  readonly exitcode: number;
}

/** The log of a worker or of beat. */
export interface LoggingEvent {
  readonly sender: null;
  /** `logger.addHandler(({ level, text }) => …)` */
  readonly logger: WorkerLog;
  readonly loglevel: CeleryLevel;
  /** Undefined: standard error. */
  readonly logfile: string | undefined;
  readonly format: string;
  readonly colorize: boolean;
}

/** A pool child, told in that child. */
export interface ProcessEvent {
  readonly sender: null;
}

export interface WorkerProcessShutdown extends ProcessEvent {
  readonly pid: number;
  readonly exitcode: number;
}

export interface BeatEvent {
  readonly sender: Beat;
}
