/**
 * Pyro's command line:  tsx lib/pyro/cli.ts ns | nsc | types | echoserver | check-config
 *
 *     tsx lib/pyro/cli.ts ns -n 0.0.0.0 -s file:/var/lib/names
 *     tsx lib/pyro/cli.ts nsc list
 *     tsx lib/pyro/cli.ts types PYRONAME:server
 * @module
 */
import { realpathSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { asError, LibError } from "../base/errors.ts";
import { runCheckConfig } from "./cli/check_config.ts";
import { runEchoserver } from "./cli/echoserver.ts";
import { CommandExit, type CommandIo } from "./cli/io.ts";
import { runNs } from "./cli/ns.ts";
import { runNsc } from "./cli/nsc.ts";
import { runTypes } from "./cli/types.ts";

const COMMANDS: ReadonlyMap<string, (argv: readonly string[], io: CommandIo) => Promise<void>> = new Map([
  ["ns", runNs],
  ["nsc", runNsc],
  ["types", runTypes],
  ["echoserver", runEchoserver],
  ["check-config", runCheckConfig],
]);

const USAGE = `Usage: tsx lib/pyro/cli.ts command [options] [arguments]

Commands:
  ns            run a name server
  nsc           manage a name server: list, lookup, register, remove, setmeta, ping ...
  types         print the TypeScript interface of a live object
  echoserver    serve an object to try clients on
  check-config  print the configuration that the environment makes

Each explains itself with --help.
`;

/** Runs one command line. @returns the exit code */
export async function main(argv: readonly string[], io: CommandIo): Promise<number> {
  const [name = "", ...rest] = argv;
  const command = COMMANDS.get(name);
  if (command === undefined) {
    const isHelp = name === "-h" || name === "--help";
    if (isHelp) io.print(USAGE);
    else io.complain(USAGE);
    return isHelp ? 0 : 2;
  }
  try {
    await command(rest, io);
    return 0;
  } catch (error) {
    if (error instanceof CommandExit) {
      io.complain(`${error.message}\n`);
      return error.code;
    }
    if (io.signal.aborted && error === io.signal.reason) return 130;
    const { name: kind, message } = asError(error);
    io.complain(error instanceof LibError ? `Error: ${kind} - ${message}\n` : `${asError(error).stack ?? message}\n`);
    return 1;
  }
}

/** The terminal; a first SIGINT or SIGTERM ends the command in order, a second one the process. */
function terminal(): CommandIo {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  return {
    print: (text) => void process.stdout.write(text),
    complain: (text) => void process.stderr.write(text),
    env: process.env,
    signal: stop.signal,
    async ask(question) {
      process.stdout.write(question);
      const lines = createInterface({ input: process.stdin });
      try {
        for await (const line of lines) return line;
        return undefined;
      } finally {
        lines.close();
      }
    },
  };
}

const [, script] = process.argv;
if (script !== undefined && import.meta.url === pathToFileURL(realpathSync(script)).href) {
  process.exitCode = await main(process.argv.slice(2), terminal());
}
