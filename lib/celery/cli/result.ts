import type { Command } from "./command.ts";
import { CommandError, ExitCode, usageError } from "./exit_codes.ts";
import { parseOptions } from "./options.ts";
import { pyRepr } from "../../base/pyrepr.ts";
import { asError } from "../../base/errors.ts";
import { TaskError } from "../wire/task_errors.ts";

const OPTIONS = {
  task: { flags: ["-t", "--task"], value: "NAME", help: "ignored: every task has the same backend" },
  traceback: { flags: ["--traceback"], help: "show the traceback instead" },
} as const;

/**
 * Waits for a result and prints it.
 *
 * Source: celery 5.6 celery/bin/result.py
 */
export const resultCommand: Command = {
  name: "result",
  summary: "Print the result of a task; waits for it.",
  usage: "[OPTIONS] TASK_ID",
  examples: [["result 5a3c…", "the value"], ["result 5a3c… --traceback", "why it failed"]],
  options: OPTIONS,
  async run(context, argv) {
    const { options, words } = parseOptions(OPTIONS, argv, {
      command: "result",
      environment: context.environment,
      environmentPrefix: "CELERY_RESULT",
    });
    const [id, ...extra] = words;
    if (id === undefined) throw usageError("Missing argument 'TASK_ID'.", "result");
    if (extra.length > 0) throw usageError(`Got unexpected extra argument (${extra.join(" ")})`, "result");
    const result = context.app.AsyncResult(id);
    if (options.traceback === true) {
      context.terminal.out(await result.traceback ?? "None");
      return ExitCode.ok;
    }
    try {
      const value = await result.get({ signal: context.signal });
      context.terminal.out(typeof value === "string" ? value : pyRepr(value));
      return ExitCode.ok;
    } catch (error) {
      throw new CommandError(describe(error), { cause: error });
    }
  },
};

/** The traceback as the worker stored it, where there is one; else the error. */
function describe(error: unknown): string {
  if (error instanceof TaskError && error.remoteTraceback !== undefined) return error.remoteTraceback.trimEnd();
  return asError(error).message;
}
