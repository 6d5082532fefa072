import { createLogger, fieldsText, type Logger } from "../../base/log.ts";
import type { WorkerLog } from "./log.ts";
import * as lines from "./log_lines.ts";

/** What a transport warns of, as lines of the worker's log: what it had to do over, to drop or to leave. */
export function transportLog(log: WorkerLog): Logger {
  return createLogger(({ level, message, fields }) => {
    const severity = level === "error" ? "ERROR" : "WARNING";
    log.write(lines.fromTransport(severity, `${message}${fieldsText(fields)}`, fields));
  }, "warn");
}
