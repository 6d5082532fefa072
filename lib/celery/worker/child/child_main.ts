/**
 * The program of a pool child: imports the app's modules, runs the tasks that the supervisor sends, stores their results.
 *
 * Argument: one JSON object, `ChildSetup`.
 * @module
 */
import process from "node:process";
import type { Celery } from "../../app.ts";
import { registerBuiltins } from "../../canvas/builtins.ts";
import { asError } from "../../../base/errors.ts";
import { systemClock } from "../../../base/time.ts";
import { importModules } from "../../include.ts";
import { meetParent } from "../../../proc/mod.ts";
import { type ChildLine, decodeToChild, encodeFromChild, type FromChild } from "../pool_message.ts";
import type { ChildSetup } from "../pool_shape.ts";
import { taskInfos } from "../task_infos.ts";
import { findApp } from "./find_app.ts";
import { JobRunner } from "./job_runner.ts";
import { TaskTracer } from "./trace.ts";

const KIB = 1024;
const LEVELS = { debug: "DEBUG", info: "INFO", warn: "WARNING", error: "ERROR" } as const;
/** How Python's formatter names it where none runs. */
const NO_TASK = { id: "???", name: "???" };

async function main(setup: ChildSetup): Promise<void> {
  const app = findApp(await import(setup.moduleUrl), setup.moduleUrl);
  app.conf.update(setup.settings);
  await importModules(setup.include);
  registerBuiltins(app);

  const send = (message: FromChild) => void parent.channel.send(...encodeFromChild(message));
  const tracer = new TaskTracer(app, {
    node: setup.node,
    isAlone: setup.tasksPerChild === 1,
    sendEvent: (type, fields) => send({ kind: "event", type, fields }),
    complain: (message) => app.complain(message),
  });
  let isLeaving = false;
  let isGone = false;
  const leave = () => {
    if (!isLeaving || !runner.isIdle || isGone) return;
    isGone = true;
    void leaveInOrder(app);
  };
  const { maxMemory } = setup;
  const runner = new JobRunner({
    steps: tracer,
    concurrency: setup.tasksPerChild,
    send,
    flush: () => parent.channel.flush(),
    note: (job) => parent.note.write(job),
    onIdle: leave,
    ...(maxMemory === undefined ? {} : { isWorn: () => process.memoryUsage.rss() > maxMemory * KIB }),
  });
  const parent = await meetParent((payload) => {
    const message = decodeToChild(payload);
    switch (message.kind) {
      case "task":
        return runner.add(message);
      case "recall":
        return runner.recall(message.jobs);
      case "abort":
        return runner.abort(message.job, message.reason);
      case "settings":
        return tracer.configure(message);
      case "stop":
        isLeaving = true;
        return leave();
    }
  });
  const log = (line: ChildLine) => {
    send({ kind: "log", ...line });
    parent.channel.flush(); // a function that never awaits lets nobody else do it
  };
  app.complain = (text) => log({ level: "ERROR", text });
  app.writeTaskLog = ({ level, text, task = NO_TASK }) => log({ level: LEVELS[level], text, task });
  blameRunningTask(runner);
  await app.signals.workerProcessInit.send({ sender: null });
  send({ kind: "hello", pid: process.pid, nowMs: systemClock.monotonic(), tasks: taskInfos(app) });
}

async function leaveInOrder(app: Celery): Promise<void> {
  await app.signals.workerProcessShutdown.send({ sender: null, pid: process.pid, exitcode: 0 });
  await app.close().catch(() => {}); // what is not sent by now will not be
  process.exit(0);
}

/** An error that nobody catches comes from the task that runs: it fails of it, and this process lives on. */
function blameRunningTask<P>(runner: JobRunner<P>): void {
  const blame = (reason: unknown) => {
    const error = asError(reason);
    if (!runner.fail(error)) console.error("An error that no task has caught:", error); // it came after its task had ended
  };
  process.on("unhandledRejection", blame);
  process.on("uncaughtException", blame);
}

await main(JSON.parse(process.argv[2] ?? "{}") as ChildSetup);
