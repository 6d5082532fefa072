import { floatRepr } from "../../base/pyvalue.ts";
import { createLogger, fieldsText, type Logger, type LogLevel } from "../../base/log.ts";
import { type Camera, Snapshots } from "../events/snapshots.ts";
import { importModule } from "../include.ts";
import type { WorkerLog } from "../worker/log.ts";
import type { CeleryLevel } from "../worker/log_lines.ts";
import type { CommandContext } from "./command.ts";
import { commandLog } from "./command_log.ts";
import { hearEvents } from "./event_stream.ts";
import { CommandError, ExitCode, usageError } from "./exit_codes.ts";
import { createPidfile } from "./pidfile.ts";

export interface CameraArguments {
  /** `MODULE:NAME`. */
  readonly camera: string;
  readonly frequencyS: number;
  readonly maxRate: string | undefined;
  readonly level: CeleryLevel;
  readonly format: "text" | "json" | undefined;
  readonly logfile: string | undefined;
  readonly pidfile: string | undefined;
}

/**
 * Takes pictures of the cluster until it is interrupted.
 *
 * Source: celery 5.6 celery/events/snapshot.py `evcam`
 */
export async function runEventCamera(context: CommandContext, given: CameraArguments): Promise<number> {
  const { app, terminal } = context;
  const { camera: name, frequencyS, maxRate, level, format, logfile, pidfile } = given;
  const camera = await loadCamera(name);
  const removePidfile = pidfile === undefined ? () => {} : createPidfile(pidfile, terminal.err);
  try {
    const log = commandLog(context, { level, format, logfile });
    const logger = cameraLog(log);
    terminal.out(`-> evcam: Taking snapshots with ${name} (every ${floatRepr(frequencyS)} secs.)`);
    const state = await app.events.State({ log: logger });
    const snapshots = new Snapshots(state, camera, {
      frequencyS,
      maxRate: maxRate ?? null,
      log: logger,
      clock: app.clock,
    });
    snapshots.start();
    try {
      await hearEvents(context, (event) => state.event(event), (reason) => {
        logger.error("The broker is away, and is waited for", { reason });
      });
    } finally {
      await snapshots.stop();
      log.flush();
    }
    return ExitCode.ok;
  } finally {
    removePidfile();
  }
}

/** @throws {CommandError} for what is no camera, with what the module has instead */
async function loadCamera(text: string): Promise<Camera> {
  const at = text.lastIndexOf(":");
  const [path, name] = [text.slice(0, at), text.slice(at + 1)];
  if (at <= 0 || name === "") {
    throw usageError(`Invalid value for '-c' / '--camera': '${text}' is not of the form MODULE:NAME.`, "events");
  }
  const module = await importModule(path).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(`Cannot load the camera ${text}: ${why}`, { exitCode: ExitCode.usage, cause: error });
  });
  const found = module[name];
  if (typeof found === "function") return { onShutter: (state) => found(state) };
  if (isCamera(found)) return found;
  const has = Object.keys(module).join(", ");
  throw new CommandError(
    `Cannot use ${name} of ${path} as a camera: expected a function or an object with onShutter(state), got ` +
      `${found === null ? "null" : typeof found}. The module exports: ${has === "" ? "nothing" : has}`,
    { exitCode: ExitCode.usage },
  );
}

function isCamera(value: unknown): value is Camera {
  return typeof value === "object" && value !== null && "onShutter" in value && typeof value.onShutter === "function";
}

const LEVELS: Readonly<Record<LogLevel, CeleryLevel>> = {
  debug: "DEBUG",
  info: "INFO",
  warn: "WARNING",
  error: "ERROR",
};

function cameraLog(log: WorkerLog): Logger {
  return createLogger(({ level, message, fields }) => {
    const text = `${message}${fieldsText(fields)}`;
    log.write({ level: LEVELS[level], event: "camera", text });
  }, "debug");
}
