/**
 * The command line of an app: `tsx celery/addTask.ts worker`. `app.start(import.meta.url)` runs it.
 * @module
 */
import { basename } from "node:path";
import process from "node:process";
import type { Celery } from "./app.ts";
import { brokerCommand } from "./cli/broker.ts";
import { callCommand } from "./cli/call.ts";
import type { Command } from "./cli/command.ts";
import { eventsCommand } from "./cli/events.ts";
import { listCommand } from "./cli/list.ts";
import { runProgram } from "./cli/program.ts";
import { purgeCommand } from "./cli/purge.ts";
import { controlCommand, inspectCommand, statusCommand } from "./cli/remote.ts";
import { reportCommand } from "./cli/report.ts";
import { resultCommand } from "./cli/result.ts";
import { shellTerminal } from "./cli/shell_terminal.ts";
import { workerCommand } from "./cli/worker.ts";

const COMMANDS: readonly Command[] = [
  workerCommand,
  brokerCommand,
  callCommand,
  resultCommand,
  inspectCommand,
  controlCommand,
  statusCommand,
  eventsCommand,
  purgeCommand,
  listCommand,
  reportCommand,
];

/**
 * Runs the command line of this process and ends it with the command's exit code.
 *
 * @param moduleUrl of the module that exports the app
 */
export async function main(app: Celery, moduleUrl: string, argv = process.argv.slice(2)): Promise<never> {
  const interrupted = new AbortController();
  const isWorker = argv.includes("worker"); // it has signal handlers of its own
  if (!isWorker) {
    for (const name of ["SIGINT", "SIGTERM"] as const) {
      process.once(name, () => {
        interrupted.abort(new Error(`${name} came`));
        process.once(name, () => process.exit(130));
      });
    }
  }
  app.hold.take(); // a command is under way until it says so, whatever its connections think
  const code = await runProgram(COMMANDS, argv, {
    app,
    moduleUrl,
    program: basename(process.argv[1] ?? "celery"),
    environment: process.env,
    terminal: shellTerminal,
    changeFolder: (path) => process.chdir(path),
    signal: interrupted.signal,
  });
  await app.close().catch(() => {}); // what could not be closed goes with the process
  process.exit(interrupted.signal.aborted && code !== 0 ? 130 : code);
}
