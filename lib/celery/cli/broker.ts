import { UsageError } from "../../base/errors.ts";
import { runEmbeddedBroker } from "../transport/embedded.ts";
import type { Command } from "./command.ts";
import { ExitCode, usageError } from "./exit_codes.ts";
import { choice, float, integer, parseOptions } from "./options.ts";

const MIB = 1024 * 1024;

const OPTIONS = {
  durability: {
    flags: ["--durability"],
    value: "MODE",
    parse: choice("memory", "everysec", "always"),
    help: "what a confirmation is worth: see the banner (default everysec)",
  },
  port: { flags: ["-p", "--port"], value: "PORT", parse: integer, help: "listen on TCP as well; 0: any free port" },
  host: { flags: ["--host"], value: "HOST", help: "default 127.0.0.1; any other than loopback needs a password" },
  idle: {
    flags: ["--idle"],
    value: "SECONDS",
    parse: float,
    help: "leave after so long without clients (default: never)",
  },
  maxMemory: { flags: ["--max-memory"], value: "MIB", parse: integer, help: "refuse writes beyond it (default 1024)" },
  repair: { flags: ["--repair"], help: "keep every whole record of a damaged journal" },
} as const;

/** The password comes from the environment: an argument would be seen by everybody on the machine. */
const PASSWORD_VARIABLE = "CELERY_BROKER_PASSWORD";

/** Runs the embedded broker in the foreground. */
export const brokerCommand: Command = {
  name: "broker",
  summary: "Run the embedded broker in the foreground.",
  usage: "[OPTIONS]",
  examples: [
    ["broker", "in .celery/ beside package.json"],
    ["-b embedded:///var/lib/queue broker", "in another folder"],
    ["broker --port 6400", "for redis-cli and Python over TCP, too"],
  ],
  options: OPTIONS,
  notes: `Its password for TCP is read from ${PASSWORD_VARIABLE}.`,
  async run(context, argv) {
    const { options, words } = parseOptions(OPTIONS, argv, {
      command: "broker",
      environment: context.environment,
      environmentPrefix: "CELERY_BROKER",
    });
    if (words.length > 0) throw usageError(`Got unexpected extra argument (${words.join(" ")})`, "broker");
    const { durability, port, host, idle, maxMemory, repair } = options;
    const { signal, terminal, environment } = context;
    const url = context.app.conf.brokerUrl;
    const password = environment[PASSWORD_VARIABLE];
    if (typeof url !== "string") throw new UsageError("Cannot run a broker: the broker URL is a list");
    await runEmbeddedBroker(url, {
      signal,
      print: (text) => terminal.out(text),
      repair: repair === true,
      ...(durability === undefined ? {} : { durability }),
      ...(port === undefined ? {} : { port }),
      ...(host === undefined ? {} : { host }),
      ...(idle === undefined ? {} : { idleMs: idle * 1000 }),
      ...(maxMemory === undefined ? {} : { maxMemoryBytes: maxMemory * MIB }),
      ...(password === undefined || password === "" ? {} : { password }),
    });
    return ExitCode.ok;
  },
};
