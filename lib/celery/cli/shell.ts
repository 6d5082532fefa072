import { start } from "node:repl";
import type { Celery } from "../app.ts";
import { chain, chord, group } from "../canvas/compose.ts";
import { importModules } from "../include.ts";
import type { Command } from "./command.ts";
import { ExitCode, usageError } from "./exit_codes.ts";
import { parseOptions } from "./options.ts";

const OPTIONS = {
  withoutTasks: { flags: ["-T", "--without-tasks"], group: "Shell Options", help: "no tasks among the names" },
} as const;

/**
 * A prompt where the app, its tasks and the canvas have names: Node's REPL, where Python has its own.
 *
 * Source: celery 5.6 celery/bin/shell.py
 */
export const shellCommand: Command = {
  name: "shell",
  summary: "Try things out at a prompt that knows the app and its tasks.",
  usage: "[OPTIONS]",
  examples: [["shell", "then: await add.delay(5, 5).get()"], ["shell -T", "app.tasks, but no names of theirs"]],
  options: OPTIONS,
  notes: [
    "Names: app and celery, which are the app; chain, chord, group, signature and subtask; every task, by the last part of",
    "its name. Ctrl-D ends it. On Deno the prompt knows no await: add.delay(5, 5).get().then(console.log)",
  ].join("\n"),
  async run(context, argv) {
    const { app, terminal, signal, quiet } = context;
    const { options, words } = parseOptions(OPTIONS, argv, {
      command: "shell",
      environment: context.environment,
      environmentPrefix: "CELERY_SHELL",
    });
    if (words.length > 0) throw usageError(`Got unexpected extra argument (${words.join(" ")})`, "shell");
    await importModules([...app.conf.imports, ...app.conf.include]);
    const names = { ...namesOf(app), ...(options.withoutTasks === true ? {} : tasksOf(app)) };
    if (!quiet) terminal.err(`${app.name}: ${Object.keys(names).join(", ")}`);
    const prompt = start({ prompt: "> ", useColors: terminal.color });
    Object.assign(prompt.context, names);
    const close = () => prompt.close();
    signal.addEventListener("abort", close, { once: true });
    await new Promise<void>((resolve) => prompt.once("exit", resolve));
    return ExitCode.ok;
  },
};

function namesOf(app: Celery): Readonly<Record<string, unknown>> {
  const signature = app.signature.bind(app);
  return { app, celery: app, chain, chord, group, signature, subtask: signature };
}

/** Tasks by the last part of their names: `addTask.add` is `add`. */
function tasksOf(app: Celery): Readonly<Record<string, unknown>> {
  const own = [...app.tasks].filter(([name]) => !name.startsWith("celery."));
  return Object.fromEntries(own.map(([name, task]) => [name.slice(name.lastIndexOf(".") + 1), task]));
}
