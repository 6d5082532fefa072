import type { Command } from "./command.ts";
import { ExitCode, usageError } from "./exit_codes.ts";
import { float, jsonArray, jsonObject, parseOptions } from "./options.ts";

const OPTIONS = {
  args: {
    flags: ["-a", "--args"],
    value: "JSON",
    parse: jsonArray,
    help: "positional arguments",
    group: "Calling Options",
  },
  kwargs: {
    flags: ["-k", "--kwargs"],
    value: "JSON",
    parse: jsonObject,
    help: "keyword arguments",
    group: "Calling Options",
  },
  eta: { flags: ["--eta"], value: "ISO", parse: moment, help: "not before this moment", group: "Calling Options" },
  countdown: {
    flags: ["--countdown"],
    value: "SECONDS",
    parse: float,
    help: "not before so long",
    group: "Calling Options",
  },
  expires: {
    flags: ["--expires"],
    value: "WHEN",
    parse: momentOrSeconds,
    help: "not after this moment, or so many seconds",
    group: "Calling Options",
  },
  serializer: {
    flags: ["--serializer"],
    value: "NAME",
    help: "json (default), msgpack or yaml",
    group: "Calling Options",
  },
  queue: { flags: ["--queue"], value: "NAME", help: "send it to this queue", group: "Routing Options" },
  exchange: { flags: ["--exchange"], value: "NAME", help: "send it to this exchange", group: "Routing Options" },
  routingKey: { flags: ["--routing-key"], value: "KEY", help: "with this key", group: "Routing Options" },
} as const;

/**
 * Sends a task by name and prints its id.
 *
 * Source: celery 5.6 celery/bin/call.py
 */
export const callCommand: Command = {
  name: "call",
  summary: "Send a task by name and print its id.",
  usage: "[OPTIONS] NAME",
  examples: [
    ["call addTask.add -a '[5, 5]'", "add.delay(5, 5)"],
    ["call addTask.add -a '[5]' -k '{\"y\": 5}' --countdown 10", "in ten seconds"],
  ],
  options: OPTIONS,
  async run(context, argv) {
    const { options, words } = parseOptions(OPTIONS, argv, {
      command: "call",
      environment: context.environment,
      environmentPrefix: "CELERY_CALL",
    });
    const [name, ...extra] = words;
    if (name === undefined) throw usageError("Missing argument 'NAME'.", "call");
    if (extra.length > 0) throw usageError(`Got unexpected extra argument (${extra.join(" ")})`, "call");
    const { args = [], kwargs = {}, ...rest } = options;
    const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    const result = context.app.sendTask(name, args, { ...given, kwargs });
    await result.published;
    context.terminal.out(result.id);
    return ExitCode.ok;
  },
};

function moment(text: string): string {
  if (Number.isNaN(Date.parse(text))) throw new Error(`'${text}' is not a date of ISO 8601`);
  return text;
}

function momentOrSeconds(text: string): string | number {
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : moment(text);
}
