import { usageError } from "./exit_codes.ts";

/** Options as they are written, and their values; undefined: none. */
export type NodeOptions = ReadonlyMap<string, string | undefined>;

/** What `celery multi` was told about nodes. */
export interface MultiOptions {
  /** Names, or one number. */
  readonly words: readonly string[];
  /** For all nodes. */
  readonly common: NodeOptions;
  /** For some: by what stands behind the colon of `-c:1-3 10`. */
  readonly own: ReadonlyMap<string, NodeOptions>;
  /** `--` and all behind it. */
  readonly rest: readonly string[];
}

/**
 * Reads options of any name. What follows a short one and has no dash is its value; a long one has it behind `=`.
 *
 * Source: celery 5.6 celery/apps/multi.py `NamespacedOptionParser`
 *
 * @throws {CommandError}
 */
export function parseMultiOptions(argv: readonly string[]): MultiOptions {
  const given = argv.filter((word) => word !== "");
  const end = given.indexOf("--");
  const queue = given.slice(0, end === -1 ? undefined : end);
  const words: string[] = [];
  const common = new Map<string, string | undefined>();
  const own = new Map<string, Map<string, string | undefined>>();
  const add = (written: string, value: string | undefined) => {
    const [flag = "", nodes, ...extra] = written.split(":");
    if (extra.length > 0) throw usageError(`Invalid option '${written}': expected one colon.`, "multi");
    const options = nodes === undefined ? common : own.get(nodes) ?? new Map<string, string | undefined>();
    if (nodes !== undefined) own.set(nodes, options);
    options.set(flag, value);
  };
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (word.startsWith("--")) {
      const at = word.indexOf("=");
      if (at === -1) add(word, undefined);
      else add(word.slice(0, at), word.slice(at + 1));
    } else if (word.startsWith("-")) {
      add(word, queue[0]?.startsWith("-") === false ? queue.shift() : undefined);
    } else {
      words.push(word);
    }
  }
  return { words, common, own, rest: end === -1 ? [] : given.slice(end) };
}

/**
 * The options of single nodes: `1` is the first of `names`, `1-3` the nodes of these names where nodes are numbered, and
 * `a,b` both.
 *
 * Source: celery 5.6 celery/apps/multi.py `MultiParser._update_ns_opts`, `_update_ns_ranges`
 *
 * @throws {CommandError} for a number that no node has
 */
export function optionsByName(
  own: MultiOptions["own"],
  names: readonly string[],
  areNumbered: boolean,
): ReadonlyMap<string, NodeOptions> {
  const byName = new Map<string, Map<string, string | undefined>>();
  const update = (name: string, options: NodeOptions) => {
    byName.set(name, new Map([...byName.get(name) ?? [], ...options]));
  };
  const isRange = (nodes: string) => nodes.includes(",") || (areNumbered && nodes.includes("-"));
  for (const [nodes, options] of own) if (!isRange(nodes)) update(nodes, options);
  for (const [nodes, options] of own) {
    if (!/^\d+$/.test(nodes)) continue;
    const name = names[Number(nodes) - 1];
    if (name === undefined) throw usageError(`No node at index '${nodes}': there are ${names.length}.`, "multi");
    update(name, options);
  }
  for (const [nodes, options] of own) {
    if (!isRange(nodes)) continue;
    for (const name of nodes.split(",").flatMap((part) => areNumbered ? numbers(part) : part)) update(name, options);
  }
  return byName;
}

/** `["4", "5", "6"]` of `4-6`. */
function numbers(text: string): string[] {
  const [, first, last] = /^(\d+)-(\d+)$/.exec(text) ?? [];
  if (first === undefined || last === undefined) return [text];
  const count = Math.max(0, Number(last) - Number(first) + 1);
  return Array.from({ length: count }, (_, at) => String(Number(first) + at));
}
