import type { Celery } from "../app.ts";
import { asError } from "../../base/errors.ts";
import { CONFIG_MODULE_VARIABLE } from "../env.ts";
import { VERSION_BANNER } from "../version.ts";
import type { CommandEntry } from "./command.ts";
import { CommandError, ExitCode, usageError } from "./exit_codes.ts";
import { commandHelp, programHelp } from "./help.ts";
import { parseOptions } from "./options.ts";
import { suggest } from "./suggest.ts";
import { paint, type Terminal } from "./terminal.ts";

/** Options before the command. Source: celery 5.6 celery/bin/celery.py */
const GLOBALS = {
  broker: { flags: ["-b", "--broker"], value: "URL", help: "where the broker is [env: CELERY_BROKER_URL]" },
  resultBackend: { flags: ["--result-backend"], value: "URL", help: "where results go [env: CELERY_RESULT_BACKEND]" },
  config: { flags: ["--config"], value: "MODULE", help: "a module of settings [env: CELERY_CONFIG_MODULE]" },
  workdir: { flags: ["--workdir"], value: "FOLDER", help: "change to this folder first" },
  noColor: { flags: ["-C", "--no-color"], help: "no colours [env: NO_COLOR]" },
  quiet: { flags: ["-q", "--quiet"], help: "say only what was asked for" },
  version: { flags: ["--version"], help: "show the version" },
  help: { flags: ["-h", "--help"], help: "show this" },
} as const;

export interface ProgramContext {
  readonly app: Celery;
  readonly moduleUrl: string;
  /** Name of the program, for messages: `addTask.ts`. */
  readonly program: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly terminal: (noColor: boolean) => Terminal;
  readonly changeFolder: (path: string) => void;
  /** Of the environment, for the app and for the processes that it starts. */
  readonly setVariable: (name: string, value: string) => void;
  readonly signal: AbortSignal;
}

/** Runs one command line. Writes its own error messages. @returns the exit code */
export async function runProgram(
  commands: readonly CommandEntry[],
  argv: readonly string[],
  context: ProgramContext,
): Promise<number> {
  let terminal = context.terminal(false);
  try {
    const { options, words } = parseOptions(GLOBALS, argv, {
      command: "",
      environment: context.environment,
      stopAtWord: true,
    });
    terminal = context.terminal(options.noColor === true);
    if (options.version === true) return say(terminal, VERSION_BANNER);
    const [name, ...rest] = words;
    if (name === undefined || options.help === true) {
      return say(terminal, programHelp(commands, GLOBALS, context.program));
    }
    const entry = commands.find((each) => each.name === name);
    if (entry === undefined) throw unknownCommand(name, commands);
    const command = await entry.load();
    const end = rest.indexOf("--");
    if (rest.slice(0, end === -1 ? undefined : end).some((word) => word === "--help" || word === "-h")) {
      return say(terminal, commandHelp(command, context.program));
    }
    if (options.workdir !== undefined) context.changeFolder(options.workdir);
    const { app } = context;
    if (options.config !== undefined) context.setVariable(CONFIG_MODULE_VARIABLE, options.config);
    await app.configFromEnvironment();
    if (options.broker !== undefined) app.conf.brokerUrl = options.broker;
    if (options.resultBackend !== undefined) app.conf.resultBackend = options.resultBackend;
    app.conf.brokerUrl = await absoluteBroker(app.conf.brokerUrl);
    const globals = argv.slice(0, argv.length - words.length);
    return await command.run({ ...context, terminal, globals, quiet: options.quiet === true }, rest);
  } catch (error) {
    return complain(error, terminal, context.program);
  }
}

/** The embedded broker's folder is found from the program, which pool children are not. */
async function absoluteBroker(url: Celery["conf"]["brokerUrl"]): Promise<Celery["conf"]["brokerUrl"]> {
  if (typeof url !== "string" || !url.startsWith("embedded:")) return url;
  const { absoluteEmbeddedUrl } = await import("../transport/embedded.ts");
  return absoluteEmbeddedUrl(url);
}

function say(terminal: Terminal, text: string): number {
  terminal.out(text);
  return ExitCode.ok;
}

function unknownCommand(name: string, commands: readonly CommandEntry[]): CommandError {
  const likely = suggest(name, commands.map((command) => command.name));
  const hint = likely.length === 0
    ? ""
    : `\n\nDid you mean one of these?\n${likely.map((each) => `    ${each}`).join("\n")}`;
  return usageError(`No such command '${name}'.${hint}`);
}

/** One clear sentence, in click's form. */
function complain(error: unknown, terminal: Terminal, program: string): number {
  const failure = error instanceof CommandError ? error : undefined;
  if (failure?.exitCode === ExitCode.usage) {
    const command = failure.command === undefined || failure.command === "" ? "" : ` ${failure.command}`;
    terminal.err(`Usage: ${program}${command} [OPTIONS]${command === "" ? " COMMAND [ARGS]..." : ""}`);
    terminal.err(`Try '${program}${command} --help' for help.\n`);
  }
  terminal.err(`${paint(terminal, "Error:", "red")} ${asError(error).message}`);
  return failure?.exitCode ?? ExitCode.failure;
}
