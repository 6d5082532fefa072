import process from "node:process";
import { type Clock, systemClock } from "../../base/time.ts";
import { CELERY_LEVELS, type CeleryLevel, type LogLine } from "./log_lines.ts";

export interface WorkerLogOptions {
  /** Lines below it are dropped. Default `WARNING`, Celery's. */
  readonly level?: CeleryLevel;
  /** `text` for Celery's lines, `json` for one object a line. Default `text`. */
  readonly format?: "text" | "json";
  /** How a line of text looks, as in the setting `workerLogFormat`: `[%(asctime)s: %(levelname)s/%(processName)s] %(message)s`. */
  readonly template?: string;
  /** The same for lines of tasks' own code, as in the setting `workerTaskLogFormat`. */
  readonly taskTemplate?: string;
  /** Colours by level, as Celery does on a terminal. Default false. */
  readonly color?: boolean;
  /** Takes all lines of one tick, each ended by a newline. */
  readonly write: (text: string) => void;
  /** Node name, for JSON. */
  readonly host?: string;
  readonly clock?: Clock;
}

/** A line as handlers get it. */
export interface LogRecord extends LogLine {
  /** `MainProcess`, or the pool child that it is of. */
  readonly processName: string;
  /** Milliseconds since the epoch. */
  readonly createdMs: number;
}

export type LogHandler = (record: LogRecord) => void;

/** Celery's default, and that of the setting `workerLogFormat`. */
export const LOG_FORMAT = "[%(asctime)s: %(levelname)s/%(processName)s] %(message)s";

const TASK_LOG_FORMAT = "[%(asctime)s: %(levelname)s/%(processName)s] %(task_name)s[%(task_id)s]: %(message)s";

/** celery/utils/log.py `ColorFormatter` */
const COLORS: Readonly<Record<CeleryLevel, string>> = {
  DEBUG: "\x1b[1;34m",
  INFO: "",
  WARNING: "\x1b[1;33m",
  ERROR: "\x1b[1;31m",
  CRITICAL: "\x1b[1;35m",
};
const RESET = "\x1b[0m";

/**
 * The worker's log. What is logged in one tick of the loop is written in one piece.
 *
 *     [2026-11-24 16:01:26,719: INFO/MainProcess] celery@host ready.
 */
export class WorkerLog {
  readonly level: CeleryLevel;
  readonly #floor: number;
  readonly #options: WorkerLogOptions;
  readonly #clock: Clock;
  /** Undefined: Celery's own, which is put together without looking for its parts. */
  readonly #template: string | undefined;
  #handlers: readonly LogHandler[] = [];
  #pending = "";

  constructor(options: WorkerLogOptions) {
    this.level = options.level ?? "WARNING";
    this.#floor = CELERY_LEVELS.indexOf(this.level);
    this.#options = options;
    this.#template = options.template === LOG_FORMAT ? undefined : options.template;
    this.#clock = options.clock ?? systemClock;
  }

  /** Ask before building a line that costs something. */
  isEnabled(level: CeleryLevel): boolean {
    return CELERY_LEVELS.indexOf(level) >= this.#floor;
  }

  /** @param processName `MainProcess` unless a pool child has something to say (`ForkPoolWorker-1`) */
  write(line: LogLine, processName = "MainProcess", pid?: number): void {
    if (!this.isEnabled(line.level)) return;
    if (this.#pending === "") setImmediate(() => this.flush()); // behind what the tick sends: nobody waits for a line
    this.#pending += this.#format(line, processName, pid);
    if (this.#handlers.length > 0) this.#handle({ ...line, processName, createdMs: this.#clock.now() });
  }

  /** Calls `handler` with each line from now on that is at or above the level. One that throws is let go. @returns how to stop */
  addHandler(handler: LogHandler): () => void {
    this.#handlers = [...this.#handlers, handler];
    return () => this.#removeHandler(handler);
  }

  #removeHandler(handler: LogHandler): void {
    this.#handlers = this.#handlers.filter((each) => each !== handler);
  }

  #handle(record: LogRecord): void {
    for (const handler of this.#handlers) {
      try {
        handler(record);
      } catch (error) {
        this.#removeHandler(handler);
        this.write({
          level: "ERROR",
          event: "log-handler-failed",
          text: `A log handler raised, and is let go: ${error}`,
        });
      }
    }
  }

  /** Writes what is pending now: before the process ends. */
  flush(): void {
    const text = this.#pending;
    this.#pending = "";
    if (text !== "") this.#options.write(text);
  }

  #format(line: LogLine, processName: string, pid: number | undefined): string {
    const { format = "text", color = false, host } = this.#options;
    const { taskTemplate = TASK_LOG_FORMAT } = this.#options;
    const template = line.task === undefined ? this.#template : taskTemplate;
    const now = this.#clock.now();
    if (format === "json") {
      const record = {
        ts: new Date(now).toISOString(),
        level: line.level,
        event: line.event,
        ...line.fields,
        message: line.text.trimEnd(),
        process: processName,
        ...(pid === undefined ? {} : { pid }),
        ...(host === undefined ? {} : { host }),
      };
      return `${JSON.stringify(record)}\n`;
    }
    const text = template === undefined
      ? `[${localTime(now)}: ${line.level}/${processName}] ${line.text}`
      : fill(template, {
        asctime: localTime(now),
        levelname: line.level,
        processName,
        message: line.text,
        name: line.task === undefined ? "celery" : "celery.task",
        task_name: line.task?.name ?? "???",
        task_id: line.task?.id ?? "???",
        process: String(pid ?? process.pid),
      });
    return color && COLORS[line.level] !== "" ? `${COLORS[line.level]}${text}${RESET}\n` : `${text}\n`;
  }
}

/** Python's `%(name)s`; what is not known of a line stays as it is written. */
function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/%\((\w+)\)[-#0 +]*\d*s/g, (whole, name: string) => values[name] ?? whole);
}

let lastSecond = -1;
let lastText = "";

/** `2026-11-24 16:01:26,719` in local time, as Python's `logging` writes it. */
export function localTime(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== lastSecond) {
    const date = new Date(ms);
    const pad = (value: number) => String(value).padStart(2, "0");
    lastText = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ` +
      `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
    lastSecond = second;
  }
  return `${lastText},${String(ms - second * 1000 | 0).padStart(3, "0")}`;
}
