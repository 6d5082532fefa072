import process from "node:process";
import { createInterface } from "node:readline";
import { brokerUrls, transportOptions } from "../connection_options.ts";
import { readAmqpOptions } from "../transport/amqp_options.ts";
import { schemeOf } from "../transport/factory.ts";
import { AMQP_COMMANDS } from "./amqp_commands.ts";
import { AmqpSession } from "./amqp_session.ts";
import { splitWords, usageOf, WordsError } from "./amqp_words.ts";
import type { Command, CommandContext } from "./command.ts";
import { CommandError, ExitCode } from "./exit_codes.ts";

const SCHEMES: ReadonlySet<string> = new Set(["amqp", "amqps", "pyamqp", "librabbitmq"]);
const WIDTH = Math.max(...[...AMQP_COMMANDS.keys()].map((name) => name.length)) + 2;

/**
 * Declares, binds, deletes, publishes and takes by hand: one command, or a prompt.
 *
 * Source: celery 5.6 celery/bin/amqp.py
 */
export const amqpCommand: Command = {
  name: "amqp",
  summary: "Look at RabbitMQ, and change it, by hand: one command, or a prompt for many.",
  usage: "[COMMAND [ARGS]...]",
  examples: [
    ["amqp", "a prompt; lines of standard input, where that is no terminal"],
    ["amqp queue.declare celery yes", "how many messages wait in a queue; yes: make none"],
    ["amqp basic.publish hello '' celery", "one text, to a queue"],
    ["amqp basic.get celery", "look at one message, which goes back"],
  ],
  options: {},
  notes: [
    "Commands:",
    ...[...AMQP_COMMANDS].map(([name, { summary, parameters }]) =>
      `  ${name.padEnd(WIDTH)}${summary}\n${" ".repeat(WIDTH + 4)}${usageOf(parameters)}`
    ),
    "",
    "At the prompt, :quit or Ctrl-D ends it. A command that fails ends the program with 1, where Celery's ends with 0.",
  ].join("\n"),
  async run(context, argv) {
    const session = sessionOf(context);
    await session.connect();
    try {
      if (argv.length > 0 && argv[0] !== "repl") return await session.run(argv);
      await answerLines(session, context);
      return ExitCode.ok;
    } finally {
      await session.close();
    }
  },
};

function sessionOf({ app, terminal, program }: CommandContext): AmqpSession {
  const [url] = brokerUrls(app.conf, "write");
  if (!SCHEMES.has(schemeOf(url))) {
    throw new CommandError(
      `Cannot talk AMQP to a broker at ${schemeOf(url)}://: that is for RabbitMQ, with amqp://; ` +
        "for others there are list, purge and migrate, and redis-cli",
    );
  }
  const { client } = readAmqpOptions({ ...transportOptions(app.conf, app.log), urls: [url] });
  return new AmqpSession(terminal, `${program} amqp`, { ...client, url, background: false });
}

/** Of a terminal with a prompt, history and completion; or of what is piped into us. */
async function answerLines(session: AmqpSession, { terminal, signal }: CommandContext): Promise<void> {
  const isTerminal = process.stdin.isTTY === true;
  const lines = createInterface({
    input: process.stdin,
    ...(isTerminal ? { output: process.stdout } : {}),
    prompt: isTerminal ? "> " : "",
    completer: (line: string) => [[...AMQP_COMMANDS.keys()].filter((name) => name.startsWith(line)), line],
  });
  let isOpen = true;
  lines.once("close", () => isOpen = false); // what was read by then is still answered
  lines.on("SIGINT", () => {
    terminal.out("");
    lines.write(null, { ctrl: true, name: "u" }); // drops the line
    lines.prompt();
  });
  signal.addEventListener("abort", () => lines.close(), { once: true });
  lines.prompt();
  for await (const line of lines) {
    if (/^\s*:(q|quit|exit)\s*$/.test(line)) break;
    await answerLine(session, terminal, line);
    if (isOpen) lines.prompt();
  }
}

async function answerLine(session: AmqpSession, terminal: CommandContext["terminal"], line: string): Promise<void> {
  if (/^\s*:(\?|h|help)\s*$/.test(line)) {
    for (const [name, { parameters }] of AMQP_COMMANDS) terminal.out(`${name.padEnd(WIDTH)}${usageOf(parameters)}`);
    return;
  }
  try {
    const words = splitWords(line);
    if (words.length > 0) await session.run(words);
  } catch (error) {
    if (!(error instanceof WordsError)) throw error;
    terminal.out(`ValueError: ${error.message}`);
  }
}
