import { suggest } from "./suggest.ts";
import { usageError } from "./exit_codes.ts";

/** One option of a command: how it is written, what it takes, and what it says in the help. */
export interface OptionSpec<T = unknown> {
  /** e.g. `["-Q", "--queues"]`; the environment variable is made of the last one. */
  readonly flags: readonly string[];
  readonly help: string;
  /** What stands for the value in the help; undefined: a flag that takes none and reads as `true`. */
  readonly value?: string;
  /** Heading in the help. */
  readonly group?: string;
  /** Reads the value. @throws an Error that completes "Invalid value for '--x': …" */
  readonly parse?: (text: string) => T;
}

export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** What an option table reads as: texts where nothing else is said, `true` for flags, undefined where nothing was given. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]:
    | (Table[Name] extends { readonly parse: (text: string) => infer T } ? T
      : Table[Name] extends { readonly value: string } ? string
      : true)
    | undefined;
};

export interface ParseContext {
  /** Name of the command, for errors and for environment variables (`CELERY_WORKER_CONCURRENCY`). */
  readonly command: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Prefix of the variables; undefined: none are read. */
  readonly environmentPrefix?: string;
  /** Stop at the first word that is no option: it and all behind it are left. */
  readonly stopAtWord?: boolean;
}

/**
 * Reads options as click does: `-c 4`, `-c4`, `--concurrency 4`, `--concurrency=4`, `-CE` for two flags, `--` ends them.
 *
 * @returns the options and the words that are none
 */
export function parseOptions<Table extends OptionTable>(
  table: Table,
  argv: readonly string[],
  context: ParseContext,
): { readonly options: OptionValues<Table>; readonly words: string[] } {
  const byFlag = new Map<string, string>();
  for (const [name, spec] of Object.entries(table)) for (const flag of spec.flags) byFlag.set(flag, name);
  const values = new Map<string, unknown>();
  const words: string[] = [];
  const queue = [...argv];
  const take = (flag: string, attached: string | undefined) => {
    const name = byFlag.get(flag);
    const spec = name === undefined ? undefined : table[name];
    if (name === undefined || spec === undefined) throw unknownOption(flag, byFlag.keys(), context.command);
    if (spec.value === undefined) {
      if (attached !== undefined) throw usageError(`Option '${flag}' does not take a value.`, context.command);
      values.set(name, true);
      return;
    }
    const text = attached ?? queue.shift();
    if (text === undefined) throw usageError(`Option '${flag}' requires an argument.`, context.command);
    values.set(name, read(spec, text, spec.flags, context.command));
  };
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (word === "--") {
      words.push(...queue.splice(0));
    } else if (word.startsWith("--")) {
      const at = word.indexOf("=");
      if (at === -1) take(word, undefined);
      else take(word.slice(0, at), word.slice(at + 1));
    } else if (word.startsWith("-") && word.length > 1 && !/^-\d/.test(word)) {
      takeShort(word.slice(1), take, (flag) => {
        const name = byFlag.get(flag);
        return name === undefined ? undefined : table[name];
      });
    } else {
      words.push(word);
      if (context.stopAtWord === true) words.push(...queue.splice(0));
    }
  }
  for (const [name, spec] of Object.entries(table)) {
    const variable = variableOf(spec, context.environmentPrefix);
    const text = variable === undefined ? undefined : context.environment[variable];
    if (values.has(name) || text === undefined || text === "") continue;
    if (spec.value !== undefined) values.set(name, read(spec, text, [variable ?? ""], context.command));
    else if (/^(1|true|t|yes|y|on)$/i.test(text)) values.set(name, true);
  }
  return { options: Object.fromEntries(values) as OptionValues<Table>, words };
}

/** `-c4`, `-CE`, `-Ec 4`. */
function takeShort(
  letters: string,
  take: (flag: string, attached: string | undefined) => void,
  specOf: (flag: string) => OptionSpec | undefined,
): void {
  for (let at = 0; at < letters.length; at++) {
    const flag = `-${letters[at]}`;
    const rest = letters.slice(at + 1);
    const takesValue = specOf(flag)?.value !== undefined;
    take(flag, takesValue && rest !== "" ? rest.replace(/^=/, "") : undefined);
    if (takesValue) return;
  }
}

/** `CELERY_WORKER_MAX_TASKS_PER_CHILD` of `--max-tasks-per-child`. */
export function variableOf(spec: OptionSpec, prefix: string | undefined): string | undefined {
  const long = spec.flags.findLast((flag) => flag.startsWith("--"));
  if (prefix === undefined || long === undefined) return undefined;
  return `${prefix}_${long.slice(2).replaceAll("-", "_").toUpperCase()}`;
}

function read(spec: OptionSpec, text: string, flags: readonly string[], command: string): unknown {
  try {
    return spec.parse === undefined ? text : spec.parse(text);
  } catch (error) {
    const shown = flags.map((flag) => `'${flag}'`).join(" / ");
    const why = error instanceof Error ? error.message : String(error);
    throw usageError(`Invalid value for ${shown}: ${why}`, command);
  }
}

function unknownOption(flag: string, known: Iterable<string>, command: string) {
  const likely = suggest(flag, [...known].filter((name) => name.startsWith("--")));
  const hint = likely.length === 0 ? "" : ` Did you mean ${likely.join(" or ")}?`;
  return usageError(`No such option: ${flag}${hint}`, command);
}

// Readers of values, with click's complaints.

export function integer(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new Error(`'${text}' is not a valid integer.`);
  return Number(text);
}

export function float(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new Error(`'${text}' is not a valid float.`);
  return value;
}

/** `a,b` as `["a", "b"]`. */
export function commaSeparated(text: string): string[] {
  return text.split(",").map((item) => item.trim()).filter((item) => item !== "");
}

/** One of `choices`; letters may be of any case. */
export function choice<T extends string>(...choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((each) => each.toLowerCase() === text.toLowerCase());
    if (found === undefined) {
      throw new Error(`'${text}' is not one of ${choices.map((each) => `'${each}'`).join(", ")}.`);
    }
    return found;
  };
}

export function jsonArray(text: string): readonly unknown[] {
  const value = json(text);
  if (!Array.isArray(value)) throw new Error(`${text} was not an array`);
  return value;
}

export function jsonObject(text: string): Readonly<Record<string, unknown>> {
  const value = json(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`${text} was not an object`);
  return value as Record<string, unknown>;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
