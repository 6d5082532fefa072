/**
 * `inspect`, `control` and `status`: ask workers and print what they say.
 *
 * Source: celery 5.6 celery/bin/control.py
 * @module
 */
import type { Command, CommandContext } from "./command.ts";
import { CommandError, ExitCode, usageError } from "./exit_codes.ts";
import { commaSeparated, float, type OptionValues, parseOptions } from "./options.ts";
import { indent, prettyReply } from "./pretty.ts";
import { CONTROL, INSPECT, remoteArguments, type RemoteSpec } from "./remote_table.ts";
import { suggest } from "./suggest.ts";
import { paint, type Terminal } from "./terminal.ts";

const OPTIONS = {
  timeout: { flags: ["-t", "--timeout"], value: "SECONDS", parse: float, help: "wait so long for a reply (default 1)" },
  destination: {
    flags: ["-d", "--destination"],
    value: "NODES",
    parse: commaSeparated,
    help: "only these nodes, e.g. celery@a,celery@b",
  },
  json: { flags: ["-j", "--json"], help: "one line of JSON instead of text" },
} as const;

function sayReply(terminal: Terminal, node: string, reply: unknown, options: { body: boolean; quiet: boolean }): void {
  const { status, body } = prettyReply(terminal, reply);
  const arrow = options.quiet ? "" : `${paint(terminal, "->", "white", "bold")} `;
  terminal.out(`${arrow} ${paint(terminal, `${node}: `, "cyan", "bold")}${status}`);
  if (options.body && body !== "") terminal.out(indent(body, 4));
}

interface Question {
  readonly method: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly options: OptionValues<typeof OPTIONS>;
  /** Print what each replied, not only that it did. */
  readonly body: boolean;
  /** Print how many nodes replied. */
  readonly count: boolean;
}

async function ask(context: CommandContext, question: Question): Promise<number> {
  const { app, terminal, quiet, signal } = context;
  const { timeout = 1, destination, json } = question.options;
  const replies = await app.control.ask(question.method, {
    arguments: question.arguments,
    timeoutMs: timeout * 1000,
    destination,
    signal,
    onReply: (node, reply) => {
      if (json !== true) sayReply(terminal, node, reply, { body: question.body, quiet });
    },
  });
  if (replies.size === 0) {
    throw new CommandError("No nodes replied within time constraint", { exitCode: ExitCode.unavailable });
  }
  if (json === true) terminal.out(JSON.stringify(Object.fromEntries(replies)));
  else if (question.count && !quiet) terminal.out(`\n${replies.size} ${replies.size === 1 ? "node" : "nodes"} online.`);
  return ExitCode.ok;
}

function remoteCommand(
  name: "inspect" | "control",
  table: ReadonlyMap<string, RemoteSpec>,
  rest: Pick<Command, "summary" | "examples">,
): Command {
  const width = Math.max(...[...table.keys()].map((method) => method.length)) + 2;
  return {
    name,
    ...rest,
    usage: "[OPTIONS] COMMAND [ARGS]...",
    options: OPTIONS,
    notes: [
      "Commands:",
      ...[...table].map(([method, { summary, signature }]) =>
        `  ${method.padEnd(width)}${summary}${signature === "" ? "" : `: ${signature}`}`
      ),
    ].join("\n"),
    run(context, argv) {
      const { options, words } = parseOptions(OPTIONS, argv, { command: name, environment: context.environment });
      const [method, ...args] = words;
      if (method === undefined) {
        throw usageError(`Missing argument 'COMMAND'. Choose from: ${[...table.keys()].join(", ")}`, name);
      }
      const spec = table.get(method);
      if (spec === undefined) throw unknownMethod(name, method, table);
      return ask(context, {
        method,
        arguments: remoteArguments(method, spec, args),
        options,
        body: true,
        count: name === "inspect",
      });
    },
  };
}

function unknownMethod(name: string, method: string, table: ReadonlyMap<string, RemoteSpec>): CommandError {
  const likely = suggest(method, table.keys());
  const hint = likely.length === 0 ? "" : ` Did you mean ${likely.join(" or ")}?`;
  const all = [...table.keys()].join(", ");
  return usageError(`Command ${method} not recognized.${hint} Available ${name} commands: ${all}`, name);
}

export const inspectCommand = remoteCommand("inspect", INSPECT, {
  summary: "Look at workers while they run.",
  examples: [
    ["inspect active", "tasks that run now"],
    ["inspect registered rate_limit", "known tasks, with their rate limits"],
    ["inspect ping -d celery@host -j", "one node, as JSON"],
  ],
});

export const controlCommand = remoteCommand("control", CONTROL, {
  summary: "Tell workers what to do.",
  examples: [
    ["control rate_limit addTask.add 10/m", "ten a minute in each worker"],
    ["control time_limit addTask.add 60 90", "soft limit 60 s, hard limit 90 s"],
    ["control shutdown -d celery@host", "end one worker"],
  ],
});

export const statusCommand: Command = {
  name: "status",
  summary: "List the workers that are online.",
  usage: "[OPTIONS]",
  examples: [["status", "all workers"], ["status -j", "as JSON"]],
  options: OPTIONS,
  run(context, argv) {
    const { options, words } = parseOptions(OPTIONS, argv, { command: "status", environment: context.environment });
    if (words.length > 0) throw usageError(`Got unexpected extra argument (${words.join(" ")})`, "status");
    return ask(context, { method: "ping", arguments: {}, options, body: false, count: true });
  },
};
