import { appendFileSync } from "node:fs";
import process from "node:process";
import { WorkerLog } from "../worker/log.ts";
import type { CeleryLevel } from "../worker/log_lines.ts";
import type { CommandContext } from "./command.ts";
import { wantsColor } from "./terminal.ts";

export interface CommandLogOptions {
  readonly level: CeleryLevel;
  readonly format: "text" | "json" | undefined;
  /** Undefined: standard error. */
  readonly logfile: string | undefined;
  /** Node name, for JSON. */
  readonly host?: string;
}

/** The log of a command that runs until it is stopped. */
export function commandLog({ app, environment, terminal }: CommandContext, options: CommandLogOptions): WorkerLog {
  const { level, format, logfile, host } = options;
  const isColorful = logfile === undefined && !environment.NO_COLOR && terminal.color &&
    wantsColor({ noColor: false, environment, isTTY: process.stderr.isTTY === true });
  return new WorkerLog({
    level,
    format: format ?? "text",
    template: app.conf.workerLogFormat,
    color: app.conf.workerLogColor ?? isColorful,
    write: logfile === undefined ? (text) => void process.stderr.write(text) : (text) => appendFileSync(logfile, text),
    ...(host === undefined ? {} : { host }),
  });
}
