/**
 * Sorted sets: members, scores and ranks. Ranges are in `sorted_set_ranges.ts`.
 * @module
 */
import { CommandError, syntaxError } from "../command_error.ts";
import { double, NOTHING, pairsReply, type Reply } from "../reply.ts";
import type { Database } from "../store/database.ts";
import type { ScoredMember } from "../store/sorted_set.ts";
import {
  arg,
  type Arguments,
  type Command,
  type CommandContext,
  float,
  ONE_KEY,
  option,
  positive,
  waitingTime,
} from "./command.ts";

export type End = "MIN" | "MAX";

export const sortedSetCommands: readonly Command[] = [
  { name: "ZADD", arity: -4, flags: ["write", "denyoom", "fast"], keys: ONE_KEY, run: add },
  { name: "ZINCRBY", arity: 4, flags: ["write", "denyoom", "fast"], keys: ONE_KEY, run: increase },
  { name: "ZREM", arity: -3, flags: ["write", "fast"], keys: ONE_KEY, run: remove },
  {
    name: "ZSCORE",
    arity: 3,
    flags: ["readonly", "fast"],
    keys: ONE_KEY,
    run: ({ db }, args) => scoreReply(db.read(arg(args, 1), "zset")?.score(arg(args, 2))),
  },
  { name: "ZMSCORE", arity: -3, flags: ["readonly", "fast"], keys: ONE_KEY, run: scores },
  {
    name: "ZCARD",
    arity: 2,
    flags: ["readonly", "fast"],
    keys: ONE_KEY,
    run: ({ db }, args) => db.read(arg(args, 1), "zset")?.size ?? 0,
  },
  {
    name: "ZRANK",
    arity: 3,
    flags: ["readonly", "fast"],
    keys: ONE_KEY,
    run: ({ db }, args) => db.read(arg(args, 1), "zset")?.rank(arg(args, 2)) ?? null,
  },
  { name: "ZREVRANK", arity: 3, flags: ["readonly", "fast"], keys: ONE_KEY, run: reverseRank },
  { name: "ZPOPMIN", arity: -2, flags: ["write", "fast"], keys: ONE_KEY, run: ({ db }, args) => pop(db, args, "MIN") },
  { name: "ZPOPMAX", arity: -2, flags: ["write", "fast"], keys: ONE_KEY, run: ({ db }, args) => pop(db, args, "MAX") },
  {
    name: "BZPOPMIN",
    arity: -3,
    flags: ["write", "blocking"],
    keys: [1, -2, 1],
    run: (context, args) => blockingPop(context, args, "MIN"),
  },
  {
    name: "BZPOPMAX",
    arity: -3,
    flags: ["write", "blocking"],
    keys: [1, -2, 1],
    run: (context, args) => blockingPop(context, args, "MAX"),
  },
];

const ADD_OPTIONS: ReadonlySet<string> = new Set(["NX", "XX", "GT", "LT", "CH", "INCR"]);

function scoreReply(score: number | undefined): Reply {
  return score === undefined ? null : double(score);
}

/** ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member … */
function add(context: CommandContext, args: Arguments): Reply {
  const options = new Set<string>();
  let at = 2;
  for (; ADD_OPTIONS.has(option(args, at)); at++) options.add(option(args, at));
  const pairs = (args.length - at) / 2;
  if (pairs < 1 || !Number.isInteger(pairs)) throw syntaxError();
  if (options.has("NX") && options.has("XX")) {
    throw new CommandError("ERR XX and NX options at the same time are not compatible");
  }
  if ((options.has("GT") && (options.has("LT") || options.has("NX"))) || (options.has("LT") && options.has("NX"))) {
    throw new CommandError("ERR GT, LT, and/or NX options at the same time are not compatible");
  }
  if (options.has("INCR") && pairs > 1) {
    throw new CommandError("ERR INCR option supports a single increment-element pair");
  }
  const members: ScoredMember[] = [];
  for (let i = at; i < args.length; i += 2) members.push({ score: float(arg(args, i)), member: arg(args, i + 1) });
  if (options.has("INCR")) return addTo(context, arg(args, 1), members[0], options);

  const { db } = context;
  const key = arg(args, 1);
  if (db.read(key, "zset") === undefined && options.has("XX")) return 0;
  const zset = db.create(key, "zset");
  let added = 0;
  let updated = 0;
  for (const { member, score } of members) {
    const before = zset.score(member);
    if (!isAllowed(before, score, options) || before === score) continue;
    if (zset.set(member, score)) added++;
    else updated++;
  }
  if (added + updated > 0) db.changed(key);
  return options.has("CH") ? added + updated : added;
}

function isAllowed(before: number | undefined, score: number, options: ReadonlySet<string>): boolean {
  if (before === undefined) return !options.has("XX");
  return !options.has("NX") && (!options.has("GT") || score > before) && (!options.has("LT") || score < before);
}

function increase(context: CommandContext, args: Arguments): Reply {
  return addTo(context, arg(args, 1), { score: float(arg(args, 2)), member: arg(args, 3) }, new Set());
}

function addTo(
  context: CommandContext,
  key: string,
  by: ScoredMember | undefined,
  options: ReadonlySet<string>,
): Reply {
  const { db } = context;
  if (by === undefined) throw syntaxError();
  const before = db.read(key, "zset")?.score(by.member);
  const score = (before ?? 0) + by.score;
  if (Number.isNaN(score)) throw new CommandError("ERR resulting score is not a number (NaN)");
  if (!isAllowed(before, score, options)) return null;
  db.create(key, "zset").set(by.member, score);
  db.changed(key);
  return double(score);
}

function remove({ db }: CommandContext, args: Arguments): Reply {
  const zset = db.write(arg(args, 1), "zset");
  if (zset === undefined) return 0;
  let removed = 0;
  for (let i = 2; i < args.length; i++) if (zset.delete(arg(args, i))) removed++;
  if (removed > 0) db.changed(arg(args, 1));
  return removed;
}

function scores({ db }: CommandContext, args: Arguments): Reply {
  const zset = db.read(arg(args, 1), "zset");
  return args.slice(2).map((member) => scoreReply(zset?.score(member)));
}

function reverseRank({ db }: CommandContext, args: Arguments): Reply {
  const zset = db.read(arg(args, 1), "zset");
  const rank = zset?.rank(arg(args, 2));
  return zset === undefined || rank === undefined ? null : zset.size - 1 - rank;
}

function pop(db: Database, args: Arguments, end: End): Reply {
  if (args.length > 3) throw syntaxError();
  const count = args.length === 3 ? positive(arg(args, 2)) : 1;
  const popped = popMembers(db, arg(args, 1), end, count);
  if (args.length === 3) return pairsReply(popped.map(({ member, score }) => [member, double(score)]));
  return popped.flatMap(({ member, score }) => [member, double(score)]);
}

/** Removes and returns up to `count` members, the most extreme first; none where there is no sorted set. */
export function popMembers(db: Database, key: string, end: End, count: number): ScoredMember[] {
  const zset = db.write(key, "zset");
  if (zset === undefined || count === 0) return [];
  const popped = end === "MIN" ? zset.slice(0, count) : zset.slice(Math.max(0, zset.size - count), zset.size).reverse();
  for (const { member } of popped) zset.delete(member);
  db.changed(key);
  return popped;
}

/** BZPOPMIN key … timeout */
function blockingPop(context: CommandContext, args: Arguments, end: End): Reply | undefined {
  const keys = args.slice(1, -1);
  return context.wait({
    keys,
    timeoutMs: waitingTime(arg(args, args.length - 1)),
    whenOver: NOTHING,
    attempt: ({ db, recordAs }) => {
      for (const key of keys) {
        const [popped] = popMembers(db, key, end, 1);
        if (popped === undefined) continue;
        recordAs(["ZREM", key, popped.member]);
        return [key, popped.member, double(popped.score)];
      }
      return undefined;
    },
  });
}
