/**
 * Logging as a dependency: the library is silent unless it is handed a logger.
 * @module
 */

export type LogFields = Readonly<Record<string, unknown>>;

/** Messages are constant sentences; what varies goes into `fields`. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to whatever it is given. */
  child(fields: LogFields): Logger;
}

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const silentLogger: Logger = Object.freeze({
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
});

/** One log call, before it is formatted. */
export interface LogRecord {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** Builds a logger that hands every record at or above `level` to `write`. */
export function createLogger(
  write: (record: LogRecord) => void,
  level: LogLevel = "info",
  fields: LogFields = {},
): Logger {
  const floor = LOG_LEVELS.indexOf(level);
  const at = (own: LogLevel) => (message: string, more?: LogFields) => {
    if (LOG_LEVELS.indexOf(own) >= floor) {
      write({ level: own, message, fields: more ? { ...fields, ...more } : fields });
    }
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (more) => createLogger(write, level, { ...fields, ...more }),
  };
}

/** Replaces the password of every URL in a text by `**`, as Celery's banner does, up to the last `@` before its path; other text passes unchanged. */
export function redactUrl(url: string): string {
  return url.replace(/([a-z][a-z0-9+.-]*:\/\/)([^:/?#\s]*):([^/?#\s]*)@/gi, "$1$2:**@");
}

/** ` (queue: q, reason: it is gone)`: behind a message, for people; nothing where there are none. */
export function fieldsText(fields: LogFields): string {
  const parts = Object.entries(fields).filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value instanceof Error ? value.message : String(value)}`);
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}
