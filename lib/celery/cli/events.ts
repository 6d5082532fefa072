import { parseRate } from "../worker/rate_limit.ts";
import type { Command, CommandContext } from "./command.ts";
import { EventDumper } from "./event_dumper.ts";
import { hearEvents } from "./event_stream.ts";
import { DAEMON_OPTIONS, levelOf, logOptions } from "./daemon_options.ts";
import { ExitCode, usageError } from "./exit_codes.ts";
import { float, parseOptions } from "./options.ts";
import { dropPrivileges } from "./privileges.ts";
import { detach, isDetached } from "./relaunch.ts";

const DUMPER = "Dumper";
const SNAPSHOT = "Snapshot";

const OPTIONS = {
  dump: { flags: ["-d", "--dump"], help: "print events as they come", group: DUMPER },
  json: { flags: ["-j", "--json"], help: "the same, an object of JSON a line", group: DUMPER },
  camera: {
    flags: ["-c", "--camera"],
    value: "MODULE:NAME",
    help: "call what a module exports with the state of the cluster, again and again",
    group: SNAPSHOT,
  },
  frequency: {
    flags: ["-F", "--freq", "--frequency"],
    value: "SECONDS",
    parse: seconds,
    help: "from one call to the next (default 1)",
    group: SNAPSHOT,
  },
  maxrate: { flags: ["-r", "--maxrate"], value: "RATE", parse: rate, help: "calls at most: 10/m", group: SNAPSHOT },
  ...logOptions(SNAPSHOT),
  ...DAEMON_OPTIONS,
} as const;

const NOTES =
  `A camera is a function that takes the state, or an object with onShutter(state) and, if it likes, onCleanup(), called
every hour, and clearAfter, true to begin anew after each call. Log and daemon are of the camera.
Exit codes: 0 stopped, 1 error, 2 usage or no terminal for the screen, 73 pidfile exists.`;

/**
 * Shows what workers and tasks do until it is interrupted: on a screen, as lines, or to a camera.
 *
 * Source: celery 5.6 celery/bin/events.py, celery/events/dumper.py
 */
export const eventsCommand: Command = {
  name: "events",
  summary: "Show what workers and tasks do, as it happens: on a screen, as lines, or to a camera.",
  usage: "[OPTIONS]",
  examples: [
    ["events", "a table of tasks, drawn over the whole terminal"],
    ["events --dump", "a line an event"],
    ["events --json", "for programs"],
    ["events -c ./camera.ts:store -F 2", "has a function of yours store what there is every two seconds"],
  ],
  options: OPTIONS,
  notes: NOTES,
  async run(context, argv) {
    const { options, words } = parseOptions(OPTIONS, argv, {
      command: "events",
      environment: context.environment,
      environmentPrefix: "CELERY_EVENTS",
    });
    if (words.length > 0) throw usageError(`Got unexpected extra argument (${words.join(" ")})`, "events");
    if (options.dump === true || options.json === true) return await dump(context, options.json === true);
    if (options.camera === undefined) {
      const { runEventsScreen } = await import("./screen/events_screen.ts");
      return await runEventsScreen(context);
    }
    if (options.detach === true && !isDetached(context.environment)) {
      detach(context.environment);
      return ExitCode.ok;
    }
    dropPrivileges(options);
    const { runEventCamera } = await import("./event_camera.ts");
    return await runEventCamera(context, {
      camera: options.camera,
      frequencyS: options.frequency ?? 1,
      maxRate: options.maxrate,
      level: levelOf(options.loglevel),
      format: options.logFormat,
      logfile: options.logfile,
      pidfile: options.pidfile,
    });
  },
};

async function dump(context: CommandContext, isJson: boolean): Promise<number> {
  const { terminal } = context;
  const dumper = new EventDumper();
  if (!isJson) terminal.out("-> evdump: starting capture...");
  await hearEvents(context, (event) => {
    const line = isJson ? JSON.stringify(event) : dumper.line(event);
    if (line !== undefined) terminal.out(line);
  }, (reason, wasThere) => {
    if (isJson) return;
    terminal.out(wasThere ? "-> Connection lost, attempting reconnect" : `-> ${reason.message}, trying again`);
  });
  return ExitCode.ok;
}

function seconds(text: string): number {
  const value = float(text);
  if (value < 0.001) throw new Error(`${text} is not at least 0.001.`);
  return value;
}

function rate(text: string): string {
  try {
    parseRate(text);
  } catch {
    throw new Error(`'${text}' is no rate: expected a number, or one a second, minute or hour, as 10/m.`);
  }
  return text;
}
