/**
 * Options that several commands have: of their log, and of a life in the background.
 * @module
 */
import { type CELERY_LEVELS, type CeleryLevel } from "../worker/log_lines.ts";
import { choice } from "./options.ts";
import { PRIVILEGE_OPTIONS } from "./privileges.ts";

/** What `-l` takes. */
export const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "FATAL"] as const satisfies readonly (
  | (typeof CELERY_LEVELS)[number]
  | "FATAL"
)[];

export const DAEMON = "Daemonization Options";

/** How much is logged, and how, among the options of a group. */
export function logOptions(group: string) {
  return {
    loglevel: { flags: ["-l", "--loglevel"], value: "LEVEL", parse: choice(...LEVELS), help: "default WARNING", group },
    logFormat: {
      flags: ["--log-format"],
      value: "FORMAT",
      parse: choice("text", "json"),
      help: "text as Celery's, or json: an object a line",
      group,
    },
  } as const;
}

/** Of commands that go into the background. */
export const DAEMON_OPTIONS = {
  detach: { flags: ["--detach"], help: "go on in the background, without a terminal: name a logfile", group: DAEMON },
  logfile: { flags: ["-f", "--logfile"], value: "FILE", help: "log into this file", group: DAEMON },
  pidfile: { flags: ["--pidfile"], value: "FILE", help: "write the process id there", group: DAEMON },
  ...PRIVILEGE_OPTIONS,
} as const;

export function levelOf(level: (typeof LEVELS)[number] | undefined): CeleryLevel {
  return level === "FATAL" ? "CRITICAL" : level ?? "WARNING";
}
