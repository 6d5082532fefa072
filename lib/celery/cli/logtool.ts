import { createReadStream } from "node:fs";
import process from "node:process";
import { asError } from "../../base/errors.ts";
import type { Command } from "./command.ts";
import { CommandError, ExitCode, usageError } from "./exit_codes.ts";
import { LogAudit, type LogReport } from "./log_audit.ts";
import { parseOptions } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** What can be asked of a log: how it is read, and what is said at its end. */
const ACTIONS: Readonly<Record<string, (terminal: Terminal) => readonly [audit: LogAudit, end?: () => void]>> = {
  stats: ({ out }) => {
    const audit = new LogAudit();
    return [audit, () => out(reportText(audit.report))];
  },
  traces: ({ out }) => [new LogAudit({ onTrace: out })],
  errors: ({ out }) => [new LogAudit({ onError: out })],
  incomplete: ({ out }) => {
    const audit = new LogAudit();
    return [audit, () => audit.incomplete.forEach((id) => out(`Did not complete: ${id}`))];
  },
  debug: ({ out }) => [new LogAudit({ onOther: out })],
};

/**
 * Says what the log of a worker tells of its tasks; Python's logs and ours look the same.
 *
 * Source: celery 5.6 celery/bin/logtool.py
 */
export const logtoolCommand: Command = {
  name: "logtool",
  summary: "Count tasks, failures and traces in the logs of workers.",
  usage: "stats|traces|errors|incomplete|debug [FILES]",
  examples: [
    ["logtool stats worker.log", "how many tasks of which name, how many failed"],
    ["logtool errors worker.log", "the lines of those that failed"],
    ["logtool traces worker.log", "what is not a line of the log: tracebacks"],
    ["logtool incomplete *.log", "ids of tasks that were received and did not end"],
    ["logtool debug < worker.log", "the lines that speak of no task"],
  ],
  options: {},
  notes: "Without FILES, or where one is -, standard input is read.",
  async run(context, argv) {
    const { words: [action = "", ...files] } = parseOptions({}, argv, {
      command: "logtool",
      environment: context.environment,
    });
    const start = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
    if (start === undefined) {
      throw usageError(`No such command '${action}'. There are: ${Object.keys(ACTIONS).join(", ")}`, "logtool");
    }
    const [audit, end] = start(context.terminal);
    for (const file of files.length === 0 ? ["-"] : files) {
      try {
        for await (const line of linesOf(file)) audit.feed(line);
      } catch (error) {
        throw new CommandError(`Cannot read ${file}: ${asError(error).message}`, { cause: error });
      }
    }
    end?.();
    return ExitCode.ok;
  },
};

/** Lines with their line ends. */
async function* linesOf(file: string): AsyncGenerator<string> {
  const stream: NodeJS.ReadableStream = file === "-" ? process.stdin : createReadStream(file);
  stream.setEncoding("utf8");
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield `${line.replace(/\r$/, "")}\n`;
  }
  if (rest !== "") yield rest;
}

function reportText({ types, total, errors, succeeded, completed }: LogReport): string {
  return [
    "",
    "Report",
    "======",
    `Task total: ${total}`,
    `Task errors: ${errors}`,
    `Task success: ${succeeded}`,
    `Task completed: ${completed}`,
    "Tasks",
    "=====",
    types.map(([name, count]) => `${name}: ${count}`).join("\n"),
    "",
  ].join("\n");
}
