/**
 * The command line of an app: `tsx celery/addTask.ts worker`. `app.start(import.meta.url)` runs it.
 * @module
 */
import { basename } from "node:path";
import process from "node:process";
import type { Celery } from "./app.ts";
import type { CommandEntry } from "./cli/command.ts";
import { enableCompileCache } from "./cli/compile_cache.ts";
import { runProgram } from "./cli/program.ts";
import { shellTerminal } from "./cli/shell_terminal.ts";

const COMMANDS: readonly CommandEntry[] = [
  { name: "worker", summary: "Start a worker", load: async () => (await import("./cli/worker.ts")).workerCommand },
  {
    name: "multi",
    summary: "Start and stop several workers",
    load: async () => (await import("./cli/multi.ts")).multiCommand,
  },
  {
    name: "beat",
    summary: "Send tasks at their times",
    load: async () => (await import("./cli/beat.ts")).beatCommand,
  },
  {
    name: "broker",
    summary: "Run the embedded broker in the foreground",
    load: async () => (await import("./cli/broker.ts")).brokerCommand,
  },
  { name: "call", summary: "Send a task by name", load: async () => (await import("./cli/call.ts")).callCommand },
  {
    name: "result",
    summary: "Print the result of a task",
    load: async () => (await import("./cli/result.ts")).resultCommand,
  },
  {
    name: "inspect",
    summary: "Look at workers while they run",
    load: async () => (await import("./cli/remote.ts")).inspectCommand,
  },
  {
    name: "control",
    summary: "Tell workers what to do",
    load: async () => (await import("./cli/remote.ts")).controlCommand,
  },
  {
    name: "status",
    summary: "List the workers that are online",
    load: async () => (await import("./cli/remote.ts")).statusCommand,
  },
  {
    name: "events",
    summary: "Show what happens, as it happens",
    load: async () => (await import("./cli/events.ts")).eventsCommand,
  },
  {
    name: "purge",
    summary: "Erase all waiting messages",
    load: async () => (await import("./cli/purge.ts")).purgeCommand,
  },
  {
    name: "migrate",
    summary: "Copy or move waiting tasks to another broker",
    load: async () => (await import("./cli/migrate.ts")).migrateCommand,
  },
  { name: "list", summary: "List queues and bindings", load: async () => (await import("./cli/list.ts")).listCommand },
  {
    name: "amqp",
    summary: "Change RabbitMQ by hand",
    load: async () => (await import("./cli/amqp.ts")).amqpCommand,
  },
  {
    name: "shell",
    summary: "Try things out at a prompt",
    load: async () => (await import("./cli/shell.ts")).shellCommand,
  },
  {
    name: "graph",
    summary: "Draw workers for Graphviz",
    load: async () => (await import("./cli/graph.ts")).graphCommand,
  },
  {
    name: "logtool",
    summary: "Count tasks and failures in logs",
    load: async () => (await import("./cli/logtool.ts")).logtoolCommand,
  },
  {
    name: "report",
    summary: "Show versions and settings",
    load: async () => (await import("./cli/report.ts")).reportCommand,
  },
];

/**
 * Runs the command line of this process and ends it with the command's exit code.
 *
 * @param moduleUrl of the module that exports the app
 */
export async function main(app: Celery, moduleUrl: string, argv = process.argv.slice(2)): Promise<never> {
  enableCompileCache();
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
    setVariable: (name, value) => process.env[name] = value,
    signal: interrupted.signal,
  });
  await app.close().catch(() => {}); // what could not be closed goes with the process
  process.exit(interrupted.signal.aborted && code !== 0 ? 130 : code);
}
