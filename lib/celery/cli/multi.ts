import { constants } from "node:os";
import process from "node:process";
import { VERSION_BANNER } from "../version.ts";
import type { Command, CommandContext } from "./command.ts";
import { ExitCode, usageError } from "./exit_codes.ts";
import { commandHelp } from "./help.ts";
import { MultiCluster } from "./multi_cluster.ts";
import { type MultiNode, multiNodes } from "./multi_node.ts";
import { type MultiOptions, parseMultiOptions } from "./multi_options.ts";
import { suggest } from "./suggest.ts";
import { paint } from "./terminal.ts";

/** For the help; other options are the workers'. */
const OPTIONS = {
  quiet: { flags: ["-q", "--quiet"], help: "say less" },
  verbose: { flags: ["--verbose"], help: "show how nodes are started" },
  nosplash: { flags: ["--nosplash"], help: "do not show the version" },
  noColor: { flags: ["--no-color"], help: "no colours" },
  pidfile: { flags: ["--pidfile"], value: "FILE", help: "default /var/run/celery/%n.pid", group: "Nodes" },
  logfile: { flags: ["-f", "--logfile"], value: "FILE", help: "default /var/log/celery/%n%I.log", group: "Nodes" },
  hostname: { flags: ["-n", "--hostname"], value: "HOST", help: "what stands behind the @ of names", group: "Nodes" },
  prefix: { flags: ["--prefix"], value: "TEXT", help: "put it before each name", group: "Nodes" },
  suffix: { flags: ["--suffix"], value: "TEXT", help: "the same as --hostname", group: "Nodes" },
  rangePrefix: {
    flags: ["--range-prefix"],
    value: "TEXT",
    help: "the names of a number: default celery",
    group: "Nodes",
  },
  append: { flags: ["--append"], value: "TEXT", help: "more words for each command line", group: "Nodes" },
  executable: { flags: ["--executable"], value: "FILE", help: "run the workers with another", group: "Nodes" },
} as const;

/** Each gets what the others say of nodes. @returns the exit code */
const ACTIONS: Readonly<Record<string, (run: Run) => number | Promise<number>>> = {
  start: async (run) => codeOf(await cluster(run).start()),
  stop: (run) => done(cluster(run).stop(run.signal)),
  stopwait: async (run) => done(await cluster(run).stopWait(run.signal)),
  stop_verify: async (run) => done(await cluster(run).stopWait(run.signal)),
  restart: async (run) => codeOf(await cluster(run).restart(run.signal)),
  kill: (run) => done(cluster(run).kill()),
  names: (run) => print(run, ({ name }) => name),
  show: (run) => print(run, ({ executable, argv }) => [executable, ...argv].map(quoted).join(" ")),
  expand: (run) => print(run, ({ expand }) => expand(run.word)),
  get: (run) => {
    const found = run.nodes.find(({ name }) => name === run.word);
    if (found === undefined) return ExitCode.failure;
    run.context.terminal.out(found.argv.map(quoted).join(" "));
    return ExitCode.ok;
  },
};
/** These have a word before the nodes. */
const WITH_WORD: ReadonlySet<string> = new Set(["expand", "get"]);

interface Run {
  readonly context: CommandContext;
  readonly nodes: readonly MultiNode[];
  /** For nodes that are to end. */
  readonly signal: NodeJS.Signals;
  /** The template of `expand`, the name of `get`. */
  readonly word: string;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly nosplash: boolean;
}

/**
 * Starts and stops several workers of this app in the background.
 *
 * Source: celery 5.6 celery/bin/multi.py
 */
export const multiCommand: Command = {
  name: "multi",
  summary: "Start, stop and restart several workers in the background.",
  usage: `${Object.keys(ACTIONS).filter((name) => name !== "stop_verify").join("|")} NODES [OPTIONS]`,
  examples: [
    ["multi start 3 -c 3 --pidfile=%n.pid --logfile=%n.log", "celery1, celery2 and celery3, three processes each"],
    ["multi start image video -Q:image images -Q:2 videos", "two named nodes, each with a queue of its own"],
    ["multi start 10 -c 3 -c:1-3 10 -c:4,5 1", "other options for some of them"],
    ["multi restart 3 -c 3 --pidfile=%n.pid --logfile=%n.log", "say again what was said at the start"],
    ["multi stopwait 3 --pidfile=%n.pid", "and wait until they have ended"],
    ["multi stop 3 -QUIT --pidfile=%n.pid", "another signal than TERM"],
    ["multi show 3 -c 3", "how they would be started"],
    ["multi expand %n.log 3", "a line a node"],
    ["multi get celery1@host 3 -c 3", "how one would be started"],
  ],
  options: OPTIONS,
  ignoresEnvironment: true,
  notes: "All other options are those of worker. A node is found again by its pidfile: name the same one to stop it.",
  async run(context, argv) {
    const words = [...argv];
    const has = (...flags: string[]) => flags.map((flag) => takeFlag(words, flag)).includes(true);
    const quiet = has("--quiet", "-q") || context.quiet;
    const [verbose, nosplash, noColor] = [has("--verbose"), has("--nosplash"), has("--no-color")];
    const [name, ...rest] = words;
    if (name === "help") {
      context.terminal.out(commandHelp(multiCommand, context.program));
      return ExitCode.ok;
    }
    const action = name !== undefined && Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (name === undefined || action === undefined) throw unknownAction(name);
    const word = WITH_WORD.has(name) ? rest.shift() : "";
    const { signal, options: given } = withoutSignal(parseMultiOptions(rest));
    if (word === undefined || given.words.length === 0) {
      throw usageError(
        `Missing ${word === undefined ? "a word and " : ""}nodes after '${name}': names or a number.`,
        "multi",
      );
    }
    const terminal = noColor ? { ...context.terminal, color: false } : context.terminal;
    const nodes = multiNodes(given, {
      executable: process.execPath,
      args: [...process.execArgv, ...process.argv.slice(1, 2)],
      globals: context.globals,
    });
    return await action({ context: { ...context, terminal }, nodes, signal, word, quiet, verbose, nosplash });
  },
};

function takeFlag(words: string[], flag: string): boolean {
  const at = words.indexOf(flag);
  if (at !== -1) words.splice(at, 1);
  return at !== -1;
}

function unknownAction(name: string | undefined) {
  const names = Object.keys(ACTIONS);
  if (name === undefined || name.startsWith("-")) return usageError(`Missing command: ${names.join(", ")}.`, "multi");
  const [likely] = suggest(name, names);
  return usageError(`Invalid command: ${name}.${likely === undefined ? "" : ` Did you mean ${likely}?`}`, "multi");
}

/** For what changes something; shows the version first. */
function cluster({ context, nodes, quiet, verbose, nosplash }: Run): MultiCluster {
  const { terminal, environment, signal } = context;
  if (!nosplash && !quiet) terminal.out(paint(terminal, `celery multi v${VERSION_BANNER}`, "bold", "cyan"));
  return new MultiCluster(nodes, { terminal, environment, quiet, verbose, signal });
}

function print({ context, nodes }: Run, lineOf: (node: MultiNode) => string): number {
  context.terminal.out(nodes.map(lineOf).join("\n"));
  return ExitCode.ok;
}

function done(_: void): number {
  return ExitCode.ok;
}

function codeOf(areStarted: boolean): number {
  return areStarted ? ExitCode.ok : ExitCode.failure;
}

/** Takes `-KILL`, `-SIGKILL` or `-9` out of the options; the last counts. */
function withoutSignal(options: MultiOptions): { readonly signal: NodeJS.Signals; readonly options: MultiOptions } {
  const common = new Map(options.common);
  let signal: NodeJS.Signals = "SIGTERM";
  for (const flag of options.common.keys()) {
    const found = signalOf(flag.slice(1));
    if (found === undefined) continue;
    signal = found;
    common.delete(flag);
  }
  return { signal, options: { ...options, common } };
}

function signalOf(text: string): NodeJS.Signals | undefined {
  const found = Object.entries(constants.signals)
    .find(([name, number]) => name === text || name === `SIG${text}` || String(number) === text);
  return found?.[0] as NodeJS.Signals | undefined;
}

/** For a shell to read again. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
