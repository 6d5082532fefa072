import { ConnectionError } from "../../base/errors.ts";
import { type Clock, delay, systemClock } from "../../base/time.ts";
import type { Celery } from "../app.ts";
import { toWireOptions } from "../apply_options.ts";
import { clone } from "../canvas/node.ts";
import { sendNode } from "../canvas/send.ts";
import type { WorkerLog } from "../worker/log.ts";
import type { ScheduledEntry } from "./entry.ts";
import * as lines from "./lines.ts";
import { ScheduleFile } from "./schedule_file.ts";
import { Scheduler } from "./scheduler.ts";

export interface BeatOptions {
  readonly app: Celery;
  readonly log: WorkerLog;
  /** Default: setting `beatScheduleFilename`. */
  readonly scheduleFile?: string | undefined;
  /** Longest sleep in seconds. Default: setting `beatMaxLoopInterval`, or 300. */
  readonly maxIntervalS?: number | undefined;
  /** Who logs: `Beat` inside of a worker. Default `MainProcess`. */
  readonly processName?: string;
  readonly clock?: Clock;
}

const MAX_INTERVAL_S = 300;
/** The waits that kombu announces: 2, 4, 6 … at most 32 seconds. */
const RETRY_STEP_S = 2;
const RETRY_MAX_S = 32;

/**
 * Beat: sends tasks when they are due, until it is stopped.
 *
 * Source: celery 5.6 celery/beat.py `Service`
 */
export class Beat {
  readonly scheduler: Scheduler;
  readonly maxIntervalS: number;
  readonly file: ScheduleFile;
  readonly #options: BeatOptions;
  readonly #clock: Clock;
  readonly #stop = new AbortController();

  /** @throws {UsageError} for a schedule that cannot be, or a schedule file that cannot be used */
  constructor(options: BeatOptions) {
    const { conf } = options.app;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.maxIntervalS = options.maxIntervalS ?? (conf.beatMaxLoopInterval || MAX_INTERVAL_S);
    this.file = new ScheduleFile(options.scheduleFile ?? conf.beatScheduleFilename);
    this.scheduler = new Scheduler({
      entries: conf.beatSchedule,
      send: (entry) => this.#send(entry),
      log: (line) => options.log.write(line, options.processName),
      file: this.file,
      zone: conf.timezone ?? "UTC",
      maxIntervalMs: this.maxIntervalS * 1000,
      syncEveryTasks: conf.beatSyncEvery,
      deadlineSeconds: conf.beatCronStartingDeadline,
      clock: this.#clock,
    });
  }

  /** Runs until `stop`. */
  async run(): Promise<void> {
    const { app, log, processName } = this.#options;
    const { signal } = this.#stop;
    log.write(lines.beatStarting(), processName);
    log.write(lines.ticking(this.maxIntervalS), processName);
    const { beatInit, beatEmbeddedInit } = app.signals;
    void beatInit.send({ sender: this });
    if (processName !== undefined) void beatEmbeddedInit.send({ sender: this });
    try {
      while (!signal.aborted) {
        const waitMs = await this.scheduler.tick();
        if (waitMs <= 0) continue;
        log.write(lines.wakingUp(waitMs / 1000), processName);
        await delay(Math.ceil(waitMs), { signal, clock: this.#clock }).catch(() => {}); // stopped: the loop ends
      }
    } finally {
      this.scheduler.sync();
    }
  }

  /** Ends `run`, once what is being sent is sent. Idempotent. */
  stop(): void {
    if (this.#stop.signal.aborted) return;
    this.#options.log.write(lines.beatStopping(), this.#options.processName);
    this.#stop.abort(new Error("beat was stopped"));
  }

  async #send(scheduled: ScheduledEntry): Promise<string> {
    await this.#connect();
    const { app } = this.#options;
    const { task, options = {} } = scheduled.entry;
    const { args, kwargs } = scheduled.evaluate();
    const result = typeof task === "string"
      ? app.sendKnown(task, args, kwargs, toWireOptions(options))
      : sendNode(app, clone(task.node), { args, kwargs, options: toWireOptions(options) });
    await result.published;
    return result.id;
  }

  /** Waits for the broker, as long as `brokerConnectionMaxRetries` allows: what is due then is sent late, but it is sent. */
  async #connect(): Promise<void> {
    const { app, log, processName } = this.#options;
    const attempts = app.conf.brokerConnectionMaxRetries ?? 0;
    for (let attempt = 1;; attempt++) {
      try {
        await (await app.transport()).ready();
        return;
      } catch (error) {
        if (!(error instanceof ConnectionError) || (attempts > 0 && attempt >= attempts)) throw error;
        const waitS = Math.min(RETRY_MAX_S, RETRY_STEP_S * attempt);
        log.write(lines.cannotConnect(error.message, waitS), processName);
        await delay(waitS * 1000, { signal: this.#stop.signal, clock: this.#clock });
      }
    }
  }
}
