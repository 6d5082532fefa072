/**
 * Ranges of sorted sets, by rank, by score and by text. Each of the fourteen commands is one way of naming a range of ranks.
 * @module
 */
import { CommandError, syntaxError } from "../command_error.ts";
import { double, pairsReply, type Reply } from "../reply.ts";
import type { ReadonlySortedSet, ScoredMember } from "../store/sorted_set.ts";
import { arg, type Arguments, type Command, type CommandContext, float, integer, ONE_KEY, option } from "./command.ts";

export const sortedSetRangeCommands: readonly Command[] = [
  {
    name: "ZRANGE",
    arity: -4,
    flags: ["readonly"],
    keys: ONE_KEY,
    run: (context, args) => range(context, args, parseOptions(args, RANGE_WORDS)),
  },
  legacy("ZREVRANGE", { reverse: true }),
  legacy("ZRANGEBYSCORE", { by: "score" }),
  legacy("ZREVRANGEBYSCORE", { by: "score", reverse: true }),
  legacy("ZRANGEBYLEX", { by: "lex" }),
  legacy("ZREVRANGEBYLEX", { by: "lex", reverse: true }),
  counting("ZCOUNT", "score"),
  counting("ZLEXCOUNT", "lex"),
  removing("ZREMRANGEBYRANK", "rank"),
  removing("ZREMRANGEBYSCORE", "score"),
  removing("ZREMRANGEBYLEX", "lex"),
];

type By = "rank" | "score" | "lex";

interface RangeOptions {
  by: By;
  reverse: boolean;
  withScores: boolean;
  offset: number;
  /** Negative: all. */
  limit: number;
  hasLimit: boolean;
}

/** Half-open, lowest rank first. */
type Ranks = readonly [from: number, to: number];

const RANGE_WORDS: ReadonlySet<string> = new Set(["BYSCORE", "BYLEX", "REV", "LIMIT", "WITHSCORES"]);
const LEGACY_WORDS: { readonly [K in By]: ReadonlySet<string> } = {
  rank: new Set(["WITHSCORES"]),
  score: new Set(["WITHSCORES", "LIMIT"]),
  lex: new Set(["LIMIT"]),
};

function legacy(name: string, fixed: { by?: By; reverse?: boolean }): Command {
  const { by = "rank", reverse = false } = fixed;
  return {
    name,
    arity: -4,
    flags: ["readonly"],
    keys: ONE_KEY,
    run: (context, args) => range(context, args, { ...parseOptions(args, LEGACY_WORDS[by]), by, reverse }),
  };
}

function counting(name: string, by: By): Command {
  const run = ({ db }: CommandContext, args: Arguments) => {
    const ranksIn = parseRange(by, arg(args, 2), arg(args, 3));
    const zset = db.read(arg(args, 1), "zset");
    if (zset === undefined) return 0;
    const [from, to] = ranksIn(zset);
    return to - from;
  };
  return { name, arity: 4, flags: ["readonly", "fast"], keys: ONE_KEY, run };
}

function removing(name: string, by: By): Command {
  const run = ({ db }: CommandContext, args: Arguments) => {
    const key = arg(args, 1);
    const ranksIn = parseRange(by, arg(args, 2), arg(args, 3));
    const zset = db.write(key, "zset");
    if (zset === undefined) return 0;
    const members = zset.slice(...ranksIn(zset));
    for (const { member } of members) zset.delete(member);
    if (members.length > 0) db.changed(key);
    return members.length;
  };
  return { name, arity: 4, flags: ["write"], keys: ONE_KEY, run };
}

/** ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES] */
function parseOptions(args: Arguments, words: ReadonlySet<string>): RangeOptions {
  const options: RangeOptions = {
    by: "rank",
    reverse: false,
    withScores: false,
    offset: 0,
    limit: -1,
    hasLimit: false,
  };
  for (let i = 4; i < args.length; i++) {
    const word = option(args, i);
    if (!words.has(word)) throw syntaxError();
    if (word === "BYSCORE") options.by = "score";
    else if (word === "BYLEX") options.by = "lex";
    else if (word === "REV") options.reverse = true;
    else if (word === "WITHSCORES") options.withScores = true;
    else {
      if (i + 2 >= args.length) throw syntaxError();
      options.offset = integer(arg(args, ++i));
      options.limit = integer(arg(args, ++i));
      options.hasLimit = true;
    }
  }
  if (options.hasLimit && words === RANGE_WORDS && options.by === "rank") {
    throw new CommandError("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
  }
  if (options.withScores && options.by === "lex") {
    throw new CommandError("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
  }
  return options;
}

function range({ db }: CommandContext, args: Arguments, options: RangeOptions): Reply {
  const { by, reverse, withScores, offset, limit } = options;
  // Reversed ranges by score or text name their higher end first; by rank they count from the highest member.
  const swapped = reverse && by !== "rank";
  const ranksIn = parseRange(by, arg(args, swapped ? 3 : 2), arg(args, swapped ? 2 : 3));
  const zset = db.read(arg(args, 1), "zset");
  if (zset === undefined || offset < 0) return [];
  let [from, to] = ranksIn(zset);
  if (reverse && by === "rank") [from, to] = [zset.size - to, zset.size - from];
  const count = Math.min(Math.max(0, to - from - offset), limit < 0 ? Infinity : limit);
  const members = reverse
    ? zset.slice(to - offset - count, to - offset).reverse()
    : zset.slice(from + offset, from + offset + count);
  if (!withScores) return members.map(({ member }) => member);
  return pairsReply(members.map(({ member, score }) => [member, double(score)]));
}

/** Reads both ends first, so that bad ones are refused even where there is nothing to look at. */
function parseRange(by: By, low: string, high: string): (zset: ReadonlySortedSet) => Ranks {
  if (by === "rank") {
    const [start, stop] = [integer(low), integer(high)];
    return ({ size }) => {
      const from = Math.max(0, start < 0 ? start + size : start);
      const to = Math.min(size, (stop < 0 ? stop + size : stop) + 1);
      return [from, Math.max(from, to)];
    };
  }
  const parse = by === "score" ? parseScoreBound : parseTextBound;
  const min = parse(low);
  const max = parse(high);
  return (zset) => {
    const from = zset.countWhile((entry) => min(entry) < 0 || (min(entry) === 0 && min.excludes));
    const to = zset.countWhile((entry) => max(entry) < 0 || (max(entry) === 0 && !max.excludes));
    return [from, Math.max(from, to)];
  };
}

/** Where an entry stands: below zero before the bound, zero on it. */
interface Bound {
  (entry: ScoredMember): number;
  readonly excludes: boolean;
}

/** `1.5`, `(1.5`, `-inf` */
function parseScoreBound(text: string): Bound {
  const excludes = text.startsWith("(");
  const bound = float(excludes ? text.slice(1) : text, "ERR min or max is not a float");
  return Object.assign(({ score }: ScoredMember) => score < bound ? -1 : score > bound ? 1 : 0, { excludes });
}

/** `[text`, `(text`, `-` for the very first, `+` for the very last */
function parseTextBound(text: string): Bound {
  if (text === "-") return Object.assign(() => 1, { excludes: false });
  if (text === "+") return Object.assign(() => -1, { excludes: false });
  const excludes = text.startsWith("(");
  if (!excludes && !text.startsWith("[")) throw new CommandError("ERR min or max not valid string range item");
  const bound = text.slice(1);
  return Object.assign(({ member }: ScoredMember) => member < bound ? -1 : member > bound ? 1 : 0, { excludes });
}
