import { hostname } from "node:os";
import { usageError } from "./exit_codes.ts";
import { type MultiOptions, type NodeOptions, optionsByName } from "./multi_options.ts";

/** How the program of this app is started, up to its command. */
export interface MultiProgram {
  readonly executable: string;
  /** Options of the executable, and the script. */
  readonly args: readonly string[];
  /** Options before the command: `-b redis://…`. */
  readonly globals: readonly string[];
}

/** One worker of several that are started and stopped together. */
export interface MultiNode {
  /** `celery1@host`. */
  readonly name: string;
  readonly executable: string;
  readonly argv: readonly string[];
  readonly pidfile: string;
  readonly logfile: string;
  /** Replaces `%n` (name without host), `%h` (whole name), `%d` (host), `%N` (as `%n`) and `%p` (as `%h`). */
  readonly expand: (text: string) => string;
}

/** Where Celery puts them unless told otherwise. */
const PIDFILE = "/var/run/celery/%n.pid";
const LOGFILE = "/var/log/celery/%n%I.log";
/** Options of the program, not of its worker. Source: celery 5.6 celery/apps/multi.py `Node._prepare_argv` */
const GLOBAL_FLAGS = new Set(["-b", "--broker", "--result-backend", "--workdir", "-C", "--no-color", "-q", "--quiet"]);

/**
 * The nodes that a command line names.
 *
 * Source: celery 5.6 celery/apps/multi.py `MultiParser.parse`, `build_nodename`, `Node`
 *
 * @throws {CommandError} for a number that no node has
 */
export function multiNodes(given: MultiOptions, program: MultiProgram, host = hostname()): MultiNode[] {
  const common = new Map(given.common);
  const take = (...flags: string[]) => {
    const found = flags.map((flag) => common.get(flag)).find((value) => value !== undefined);
    for (const flag of flags) common.delete(flag);
    return found;
  };
  if (common.has("--cmd")) {
    throw usageError("Option '--cmd' is not known here: each node is this app's worker.", "multi");
  }
  const suffix = take("--hostname", "-n") ?? host;
  const prefix = take("--prefix") ?? "";
  const ownSuffix = take("--suffix") || suffix;
  const rangePrefix = take("--range-prefix") || "celery";
  const append = take("--append");
  const isOne = given.words.length === 1;
  const count = isOne && /^\d+$/.test(given.words[0] ?? "") ? Number(given.words[0]) : undefined;
  const names = count === undefined ? given.words : Array.from({ length: count }, (_, at) => String(at + 1));
  const byName = optionsByName(given.own, names, isOne);
  return names.map((word) => {
    const { short, name } = nameOf(word, {
      prefix: count === undefined ? prefix : rangePrefix,
      suffix: /^(""|'')$/.test(ownSuffix) ? "" : ownSuffix,
      host,
    });
    const own = byName.get(name) ?? byName.get(short) ?? new Map<string, string>();
    return nodeOf(name, new Map([...common, ...own]), { ...program, rest: given.rest, append });
  });
}

/** What stands before the `@`, or the word itself; and the whole name. */
function nameOf(word: string, { prefix, suffix, host }: Readonly<Record<"prefix" | "suffix" | "host", string>>) {
  const [machine = "", ...domain] = host.split(".");
  const values = new Map([["h", host], ["n", machine], ["d", domain.join(".")], ["i", "0"], ["I", ""]]);
  const isWhole = word.includes("@");
  const name = fill(isWhole ? word : `${prefix}${word}@${suffix}`, values);
  return { name, short: isWhole ? name.slice(0, name.indexOf("@")) : word };
}

function nodeOf(
  name: string,
  given: NodeOptions,
  program: MultiProgram & { readonly rest: readonly string[]; readonly append: string | undefined },
): MultiNode {
  const options = new Map(given).set("-n", name);
  const pidfile = fileOf(options, ["--pidfile", "-p"], PIDFILE);
  const logfile = fileOf(options, ["--logfile", "-f"], LOGFILE);
  const executable = options.get("--executable") ?? program.executable;
  options.delete("--executable");
  const at = name.indexOf("@");
  const [short, host] = [name.slice(0, at), name.slice(at + 1)];
  const values = new Map([["n", short], ["N", short], ["h", name], ["p", name], ["d", host]]);
  const expand = (text: string) => fill(text, values);
  const words = (isGlobal: boolean) =>
    [...options].filter(([flag]) => GLOBAL_FLAGS.has(flag) === isGlobal)
      .flatMap(([flag, value]) => value === undefined ? [flag] : written(flag, expand(value)));
  return {
    name,
    executable,
    argv: [
      ...program.args,
      ...program.globals,
      ...words(true),
      "worker",
      "--detach",
      ...words(false),
      ...program.rest,
      ...(program.append === undefined ? [] : expand(program.append).split(" ")),
    ],
    pidfile: expand(pidfile),
    logfile: expand(logfile),
    expand,
  };
}

function fileOf(options: Map<string, string | undefined>, flags: readonly [string, string], standard: string): string {
  const found = options.get(flags[0]) ?? options.get(flags[1]);
  if (found !== undefined) return found;
  options.set(flags[0], standard);
  return standard;
}

function written(flag: string, value: string): string[] {
  if (value === "") return [flag];
  return flag.startsWith("--") ? [`${flag}=${value}`] : [flag, value];
}

/** What the node itself replaces is left: `%i`, `%I`. */
function fill(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/%(\w)/g, (whole, letter: string) => values.get(letter) ?? whole);
}
