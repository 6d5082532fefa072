import { relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { humanSeconds } from "../beat/schedule.ts";
import { Beat } from "../beat/service.ts";
import { importModules } from "../include.ts";
import { VERSION_BANNER } from "../version.ts";
import { localTime } from "../worker/log.ts";
import * as lines from "../worker/log_lines.ts";
import type { Command, CommandContext } from "./command.ts";
import { commandLog } from "./command_log.ts";
import { DAEMON_OPTIONS, levelOf, logOptions } from "./daemon_options.ts";
import { ExitCode, usageError } from "./exit_codes.ts";
import { float, type OptionValues, parseOptions } from "./options.ts";
import { createPidfile } from "./pidfile.ts";
import { dropPrivileges } from "./privileges.ts";
import { detach, isDetached } from "./relaunch.ts";

const BEAT = "Beat Options";

const OPTIONS = {
  schedule: {
    flags: ["-s", "--schedule"],
    value: "FILE",
    help: "remember there what ran last (default celerybeat-schedule; .json is appended)",
    group: BEAT,
  },
  maxInterval: {
    flags: ["--max-interval"],
    value: "SECONDS",
    parse: float,
    help: "longest sleep between two looks at the schedule (default 300)",
    group: BEAT,
  },
  ...logOptions(BEAT),
  ...DAEMON_OPTIONS,
} as const;

type BeatArguments = OptionValues<typeof OPTIONS>;

/**
 * Sends tasks when the setting `beatSchedule` says so.
 *
 * Source: celery 5.6 celery/bin/beat.py, celery/apps/beat.py
 */
export const beatCommand: Command = {
  name: "beat",
  summary: "Send tasks at the times of the setting beatSchedule.",
  usage: "[OPTIONS]",
  examples: [
    ["beat -l INFO", "one for all workers: two would send everything twice"],
    ["beat -s /var/lib/app/schedule --pidfile /run/beat.pid --detach -f beat.log", "as a daemon"],
  ],
  options: OPTIONS,
  notes: "Exit codes: 0 stopped, 1 error, 2 usage, 73 pidfile exists.",
  async run(context, argv) {
    const { options, words } = parseOptions(OPTIONS, argv, {
      command: "beat",
      environment: context.environment,
      environmentPrefix: "CELERY_BEAT",
    });
    if (words.length > 0) throw usageError(`Got unexpected extra argument (${words.join(" ")})`, "beat");
    if (options.detach === true && !isDetached(context.environment)) {
      detach(context.environment);
      return ExitCode.ok;
    }
    dropPrivileges(options);
    return await runBeat(context, options);
  },
};

async function runBeat(context: CommandContext, given: BeatArguments): Promise<number> {
  const { app, terminal, signal } = context;
  terminal.out(`celery beat v${VERSION_BANNER} is starting.`);
  const removePidfile = given.pidfile === undefined ? () => {} : createPidfile(given.pidfile, terminal.err);
  try {
    await importModules([...app.conf.imports, ...app.conf.include]);
    const level = levelOf(given.loglevel);
    const log = commandLog(context, { level, format: given.logFormat, logfile: given.logfile });
    app.complain = (text) => log.write(lines.receiverRaised(text));
    const beat = new Beat({ app, log, scheduleFile: given.schedule, maxIntervalS: given.maxInterval });
    if (!context.quiet) terminal.out(bannerOf(context, beat, `${given.logfile ?? "[stderr]"}@%${level}`));
    signal.addEventListener("abort", () => beat.stop(), { once: true });
    if (signal.aborted) beat.stop();
    await beat.run();
    log.flush();
    return ExitCode.ok;
  } finally {
    removePidfile();
  }
}

function bannerOf({ app, moduleUrl }: CommandContext, beat: Beat, log: string): string {
  return [
    "__    -    ... __   -        _",
    `LocalTime -> ${localTime(Date.now()).slice(0, 19)}`,
    "Configuration ->",
    `    . broker -> ${app.brokerUri}`,
    `    . loader -> ${relative(process.cwd(), fileURLToPath(moduleUrl))}`,
    "    . scheduler -> celery.beat.PersistentScheduler",
    `    . db -> ${beat.file.path}`,
    `    . logfile -> ${log}`,
    `    . maxinterval -> ${humanSeconds(beat.maxIntervalS)} (${beat.maxIntervalS}s)`,
  ].join("\n");
}
