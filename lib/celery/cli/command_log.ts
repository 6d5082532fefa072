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

/**
 * The log of a command that runs until it is stopped. Where a receiver of `setup_logging` has taken it over, nothing is written
 * but what its handlers write.
 */
export function commandLog({ app, environment, terminal }: CommandContext, options: CommandLogOptions): WorkerLog {
  const { level, format, logfile, host } = options;
  const isColorful = logfile === undefined && !environment.NO_COLOR && terminal.color &&
    wantsColor({ noColor: false, environment, isTTY: process.stderr.isTTY === true });
  const color = app.conf.workerLogColor ?? isColorful;
  const { setupLogging, afterSetupLogger } = app.signals;
  const isSetUp = setupLogging.isConnected;
  const logger = new WorkerLog({
    level,
    format: format ?? "text",
    template: app.conf.workerLogFormat,
    taskTemplate: app.conf.workerTaskLogFormat,
    color,
    write: isSetUp ? () => {} : writerTo(logfile),
    ...(host === undefined ? {} : { host }),
  });
  const event = { sender: null, logger, loglevel: level, logfile, format: app.conf.workerLogFormat, colorize: color };
  void (isSetUp ? setupLogging : afterSetupLogger).send(event);
  return logger;
}

function writerTo(logfile: string | undefined): (text: string) => void {
  if (logfile === undefined) return (text) => void process.stderr.write(text);
  return (text) => appendFileSync(logfile, text);
}
