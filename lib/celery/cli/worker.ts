import { arch, release, type } from "node:os";
import { relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { systemClock, withDeadline } from "../../base/time.ts";
import type { Celery } from "../app.ts";
import { Beat } from "../beat/service.ts";
import { importModules } from "../include.ts";
import { workerDirectQueue } from "../routing/queue.ts";
import { VERSION_BANNER } from "../version.ts";
import { createWorkerPorts } from "../worker/app_ports.ts";
import { workerBanner } from "../worker/banner.ts";
import { localTime } from "../worker/log.ts";
import * as lines from "../worker/log_lines.ts";
import { GOODBYE_MS } from "../worker/ending.ts";
import { expandName } from "../worker/node_name.ts";
import type { WorkerOptions } from "../worker/options.ts";
import type { WorkerPorts } from "../worker/ports.ts";
import { Revoked } from "../worker/revoked.ts";
import { StateFile } from "../worker/state_file.ts";
import { taskInfos } from "../worker/task_infos.ts";
import { Worker } from "../worker/worker.ts";
import { enableCompileCache } from "./compile_cache.ts";
import type { Command, CommandContext } from "./command.ts";
import { commandLog } from "./command_log.ts";
import { ExitCode, usageError } from "./exit_codes.ts";
import { parseOptions } from "./options.ts";
import { createPidfile } from "./pidfile.ts";
import { dropPrivileges } from "./privileges.ts";
import { detach, isDetached, relaunch } from "./relaunch.ts";
import { nodeOf, resolveWorkerOptions, WORKER_OPTION_TABLE, type WorkerArguments } from "./worker_options.ts";
import { handleSignals } from "./worker_signals.ts";

/**
 * Runs a worker in the foreground.
 *
 * Source: celery 5.6 celery/bin/worker.py, celery/apps/worker.py
 */
export const workerCommand: Command = {
  name: "worker",
  summary: "Start a worker.",
  usage: "[OPTIONS]",
  examples: [
    ["worker -l INFO", "a process for each core"],
    ["worker -l INFO -c 4 -Q hipri,lopri", "four processes, two queues"],
    ["worker -P async -c 1000", "a thousand async tasks at once"],
    ["worker --autoscale 8,2 -E", "two to eight processes, events for monitors"],
  ],
  options: WORKER_OPTION_TABLE,
  notes: [
    "Stop it with Ctrl-C or SIGTERM: what runs is finished, what waits goes back to the queue.",
    "Again, or SIGQUIT: what runs is ended.",
    "",
    "Node 22 and later: with NODE_COMPILE_CACHE=FOLDER in the environment it starts faster and is smaller.",
    "",
    "Exit codes: 0 stopped, 1 interrupted or unrecoverable error, 2 usage, 73 pidfile exists.",
  ].join("\n"),
  async run(context, argv) {
    const { options: given, words } = parseOptions(WORKER_OPTION_TABLE, argv, {
      command: "worker",
      environment: context.environment,
      environmentPrefix: "CELERY_WORKER",
    });
    if (words.length > 0) throw usageError(`Got unexpected extra argument (${words.join(" ")})`, "worker");
    return await runWorker(context, given);
  },
};

async function runWorker(context: CommandContext, given: WorkerArguments): Promise<number> {
  const { app, moduleUrl, terminal, environment } = context;
  app.queues.select(given.queues ?? []);
  if (given.excludeQueues !== undefined) app.queues.deselect(given.excludeQueues);
  const cache = enableCompileCache();
  const changed = await initialise(app, given);
  const resolved = resolveWorkerOptions(given, app.conf, moduleUrl);
  const options: WorkerOptions = {
    ...resolved,
    settings: { ...changed, ...resolved.settings },
    ...(resolved.include.length > 0 ? {} : { tasks: taskInfos(app) }),
    ...(cache === undefined ? {} : { childEnv: { NODE_COMPILE_CACHE: cache } }),
  };
  if (app.conf.workerDirect) app.queues.selectAdd(workerDirectQueue(resolved.node));
  if (given.detach === true && !isDetached(environment)) {
    detach(environment);
    return ExitCode.ok;
  }
  dropPrivileges(given);
  const file = (path: string | undefined) => path === undefined ? undefined : expandName(path, options.node);
  const removePidfile = given.pidfile === undefined ? () => {} : createPidfile(file(given.pidfile) ?? "", terminal.err);
  try {
    const logfile = file(given.logfile);
    const log = commandLog(context, {
      level: options.logLevel,
      format: given.logFormat,
      logfile,
      host: options.node,
    });
    app.complain = (text) => log.write(lines.receiverRaised(text));
    const revoked = new Revoked();
    const statePath = file(given.statedb ?? context.app.conf.workerStateDb ?? undefined);
    const state = statePath === undefined ? undefined : new StateFile(statePath, revoked, app.logicalClock);
    state?.load();
    const ports = await createWorkerPorts(app, log, options.node);
    if (given.beat === true) await importModules(options.include); // they may have something to say of the schedule
    const beat = given.beat === true
      ? new Beat({ app, log, scheduleFile: file(given.schedule), processName: "Beat" })
      : undefined;
    let beating: Promise<void> | undefined;
    const worker = new Worker(options, ports, {
      log,
      revoked,
      ...(app.conf.workerRedirectStdouts ? {} : { printed: (text, stream) => process[stream].write(`${text}\n`) }),
      onTasksKnown: async (started) => {
        void app.signals.celerydAfterSetup.send({ sender: options.node, instance: started, conf: app.conf });
        if (given.purge === true) await purge(context, ports);
        if (!context.quiet) terminal.out(bannerOf(context, started, ports));
      },
      onReady: () => {
        beating = beat?.run();
      },
      onEnding: async () => {
        beat?.stop();
        await beating;
      },
    });
    const signals = handleSignals(worker, {
      say: (text) => terminal.out(text),
      environment,
      restartOnHangup: process.stdout.isTTY !== true,
      describe: () => worker.describe(),
      onShutdown: (sig, how, exitcode) =>
        void app.signals.workerShuttingDown.send({ sender: options.node, sig, how, exitcode }),
    });
    const exitCode = await worker.run();
    const told = app.signals.workerShutdown.send({ sender: options.node });
    if (told !== undefined) await patiently(told);
    log.flush();
    state?.save();
    signals.stop();
    removePidfile();
    if (signals.restarts) relaunch(environment); // it was sent SIGHUP
    return exitCode;
  } finally {
    removePidfile();
  }
}

/**
 * Tells those who are connected that there will be a worker.
 *
 * @returns the settings that they have changed: pool children, which hear nothing of it, have to take them over
 */
async function initialise(app: Celery, given: WorkerArguments): Promise<Readonly<Record<string, unknown>>> {
  const { celerydInit, workerInit } = app.signals;
  const sender = nodeOf(given);
  const before = app.conf.toPython();
  await celerydInit.send({ sender, conf: app.conf, options: given });
  await workerInit.send({ sender });
  return Object.fromEntries(Object.entries(app.conf.toPython()).filter(([name, value]) => value !== before[name]));
}

/** Waits for the receivers of the last signal, but not for ever. */
async function patiently(told: Promise<unknown>): Promise<void> {
  const what = "hear the last of a worker_shutdown receiver";
  await withDeadline(told, { timeoutMs: GOODBYE_MS, clock: systemClock, what }).catch(() => {}); // it is too late for it
}

async function purge({ terminal }: CommandContext, { transport, queues }: WorkerPorts): Promise<void> {
  await transport.ready();
  const counts = await Promise.all(queues().map((queue) => transport.purge(queue)));
  const dropped = counts.reduce((sum, count) => sum + count, 0);
  if (dropped > 0) terminal.out(`purge: Erased ${dropped} ${dropped === 1 ? "message" : "messages"} from the queue.\n`);
}

function bannerOf({ app, moduleUrl }: CommandContext, worker: Worker, ports: WorkerPorts): string {
  const options: WorkerOptions = worker.options;
  const showsTasks = options.logLevel === "INFO" || options.logLevel === "DEBUG";
  return workerBanner({
    node: options.node,
    version: VERSION_BANNER,
    platform: `${type()}-${release()}-${arch()}`,
    time: localTime(Date.now()).slice(0, 19),
    app: `${app.name}:${relative(process.cwd(), fileURLToPath(moduleUrl))}`,
    transport: ports.transport.uri,
    results: ports.resultsUri,
    concurrency: options.concurrency,
    autoscale: options.autoscale,
    pool: options.pool,
    taskEvents: options.taskEvents,
    queues: ports.queues(),
    notes: ports.notes,
    tasks: showsTasks ? worker.tasks.names({ builtins: options.logLevel === "DEBUG" }) : undefined,
  }).trimEnd();
}
