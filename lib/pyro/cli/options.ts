/**
 * Command line options as Python's optparse reads them: `-n HOST`, `-nHOST`, `--host HOST`, `--host=HOST`, long names cut
 * short while they stay unique, options anywhere between arguments, `--` before the last of them.
 *
 * Spec: CPython 3.11 `Lib/optparse.py`
 * @module
 */
import { CommandExit, type CommandIo } from "./io.ts";

export interface OptionSpec {
  readonly long: string;
  readonly short?: string;
  readonly kind: "text" | "int" | "flag";
}

export interface CommandSpec {
  /** Name of Python's program, which stands in usage and errors. */
  readonly program: string;
  /** What follows `Usage: `. */
  readonly usage: string;
  /** What follows the usage under `--help`. */
  readonly options: string;
  readonly specs: readonly OptionSpec[];
}

export interface ParsedOptions {
  text(long: string): string | undefined;
  int(long: string): number | undefined;
  flag(long: string): boolean;
  readonly args: readonly string[];
}

/** @returns undefined where help was asked for and printed. @throws {CommandExit} code 2 for what optparse refuses */
export function parseOptions(command: CommandSpec, argv: readonly string[], io: CommandIo): ParsedOptions | undefined {
  const found = new Map<string, string | number | true>();
  const args: string[] = [];
  const words = [...argv];
  while (words.length > 0) {
    const word = words.shift() ?? "";
    if (word === "--") {
      args.push(...words);
      break;
    }
    if (word === "-h" || word === "--help") {
      io.print(`Usage: ${command.usage}\n\nOptions:\n${command.options}`);
      return undefined;
    }
    if (!word.startsWith("-") || word === "-") {
      args.push(word);
      continue;
    }
    const { spec, name, value, rest } = take(command, word);
    if (spec.kind === "flag") {
      if (value !== undefined) throw usageError(command, `${name} option does not take a value`);
      found.set(spec.long, true);
      if (rest !== undefined) words.unshift(`-${rest}`);
      continue;
    }
    const text = value ?? rest ?? words.shift();
    if (text === undefined) throw usageError(command, `${name} option requires 1 argument`);
    found.set(spec.long, spec.kind === "int" ? intOf(command, name, text) : text);
  }
  return {
    args,
    text(long) {
      const value = found.get(long);
      return typeof value === "string" ? value : undefined;
    },
    int(long) {
      const value = found.get(long);
      return typeof value === "number" ? value : undefined;
    },
    flag: (long) => found.get(long) === true,
  };
}

/** The error for wrong usage, with the usage before it. */
export function usageError(command: CommandSpec, words: string): CommandExit {
  return new CommandExit(`Usage: ${command.usage}\n\n${command.program}: error: ${words}`, 2);
}

/**
 * The HMAC key: from `-k`, which others on the machine can read, or from the environment.
 * @throws {CommandExit} if both are given
 */
export function hmacKeyOf(options: ParsedOptions, io: CommandIo): string | undefined {
  const key = options.text("key");
  const fromEnv = io.env["PYRO_HMAC_KEY"];
  if (key !== undefined) {
    io.complain(
      "warning: using -k to supply HMAC key on the command line is a security problem and is deprecated since Pyro 4.72. " +
        "Use the environment variable PYRO_HMAC_KEY instead.\n",
    );
    if (fromEnv !== undefined) throw new CommandExit("error: don't use -k and PYRO_HMAC_KEY at the same time");
  }
  return key ?? fromEnv;
}

interface Taken {
  readonly spec: OptionSpec;
  /** As it was written. */
  readonly name: string;
  /** Behind `=`. */
  readonly value?: string | undefined;
  /** Behind a short option in the same word. */
  readonly rest?: string | undefined;
}

function take(command: CommandSpec, word: string): Taken {
  if (!word.startsWith("--")) {
    const spec = command.specs.find(({ short }) => short === word.charAt(1));
    if (spec === undefined) throw usageError(command, `no such option: ${word.slice(0, 2)}`);
    return { spec, name: word.slice(0, 2), rest: word.length > 2 ? word.slice(2) : undefined };
  }
  const [name = "", ...values] = word.split("=");
  const wanted = name.slice(2);
  const exact = command.specs.filter(({ long }) => long === wanted);
  const candidates = exact.length > 0 ? exact : command.specs.filter(({ long }) => long.startsWith(wanted));
  const [spec] = candidates;
  if (spec === undefined) throw usageError(command, `no such option: ${name}`);
  if (candidates.length > 1) {
    const names = candidates.map(({ long }) => `--${long}`).sort().join(", ");
    throw usageError(command, `ambiguous option: ${name} (${names}?)`);
  }
  return { spec, name: `--${spec.long}`, value: values.length > 0 ? values.join("=") : undefined };
}

function intOf(command: CommandSpec, name: string, text: string): number {
  if (/^\s*[+-]?\d+\s*$/.test(text)) return Number(text);
  throw usageError(command, `option ${name}: invalid integer value: '${text}'`);
}
