/**
 * Lists: the queues themselves. Blocking commands are in `blocking_lists.ts`.
 * @module
 */
import { CommandError, syntaxError } from "../command_error.ts";
import { NOTHING, OK, type Reply } from "../reply.ts";
import type { Database } from "../store/database.ts";
import type { ReadonlyList } from "../store/list.ts";
import {
  arg,
  type Arguments,
  type Command,
  type CommandContext,
  fromEnd,
  integer,
  ONE_KEY,
  option,
  positive,
  TWO_KEYS,
} from "./command.ts";
import { noSuchKey } from "./keys.ts";

export type Side = "LEFT" | "RIGHT";

export const listCommands: readonly Command[] = [
  {
    name: "LPUSH",
    arity: -3,
    flags: ["write", "denyoom", "fast"],
    keys: ONE_KEY,
    run: ({ db }, args) => pushTo(db, args, "LEFT"),
  },
  {
    name: "RPUSH",
    arity: -3,
    flags: ["write", "denyoom", "fast"],
    keys: ONE_KEY,
    run: ({ db }, args) => pushTo(db, args, "RIGHT"),
  },
  {
    name: "LPUSHX",
    arity: -3,
    flags: ["write", "denyoom", "fast"],
    keys: ONE_KEY,
    run: ({ db }, args) => pushIfExists(db, args, "LEFT"),
  },
  {
    name: "RPUSHX",
    arity: -3,
    flags: ["write", "denyoom", "fast"],
    keys: ONE_KEY,
    run: ({ db }, args) => pushIfExists(db, args, "RIGHT"),
  },
  { name: "LPOP", arity: -2, flags: ["write", "fast"], keys: ONE_KEY, run: ({ db }, args) => pop(db, args, "LEFT") },
  { name: "RPOP", arity: -2, flags: ["write", "fast"], keys: ONE_KEY, run: ({ db }, args) => pop(db, args, "RIGHT") },
  {
    name: "LLEN",
    arity: 2,
    flags: ["readonly", "fast"],
    keys: ONE_KEY,
    run: ({ db }, args) => db.read(arg(args, 1), "list")?.size ?? 0,
  },
  { name: "LRANGE", arity: 4, flags: ["readonly"], keys: ONE_KEY, run: range },
  { name: "LINDEX", arity: 3, flags: ["readonly"], keys: ONE_KEY, run: index },
  { name: "LPOS", arity: -3, flags: ["readonly"], keys: ONE_KEY, run: positions },
  { name: "LSET", arity: 4, flags: ["write", "denyoom"], keys: ONE_KEY, run: setAt },
  { name: "LINSERT", arity: 5, flags: ["write", "denyoom"], keys: ONE_KEY, run: insert },
  { name: "LREM", arity: 4, flags: ["write"], keys: ONE_KEY, run: removeEqual },
  { name: "LTRIM", arity: 4, flags: ["write"], keys: ONE_KEY, run: trim },
  {
    name: "RPOPLPUSH",
    arity: 3,
    flags: ["write", "denyoom"],
    keys: TWO_KEYS,
    run: ({ db }, args) => moveElement(db, arg(args, 1), arg(args, 2), "RIGHT", "LEFT") ?? null,
  },
  {
    name: "LMOVE",
    arity: 5,
    flags: ["write", "denyoom"],
    keys: TWO_KEYS,
    run: ({ db }, args) => moveElement(db, arg(args, 1), arg(args, 2), side(arg(args, 3)), side(arg(args, 4))) ?? null,
  },
];

export function side(word: string): Side {
  const upper = word.toUpperCase();
  if (upper !== "LEFT" && upper !== "RIGHT") throw syntaxError();
  return upper;
}

function pushTo(db: Database, args: Arguments, at: Side): Reply {
  const key = arg(args, 1);
  const list = db.create(key, "list");
  for (let i = 2; i < args.length; i++) {
    if (at === "LEFT") list.pushLeft(arg(args, i));
    else list.pushRight(arg(args, i));
  }
  const { size } = list; // before whoever waits for it is served
  db.changed(key);
  return size;
}

function pushIfExists(db: Database, args: Arguments, at: Side): Reply {
  return db.read(arg(args, 1), "list") === undefined ? 0 : pushTo(db, args, at);
}

function pop(db: Database, args: Arguments, from: Side): Reply {
  const key = arg(args, 1);
  if (args.length > 3) throw new CommandError(`ERR wrong number of arguments for '${args[0]?.toLowerCase()}' command`);
  const count = args.length === 3 ? positive(arg(args, 2)) : undefined;
  if (count === undefined) return popElements(db, key, from, 1)[0] ?? null;
  if (db.read(key, "list") === undefined) return NOTHING;
  return popElements(db, key, from, count);
}

/** Removes and returns up to `count` elements; none where there is no list. */
export function popElements(db: Database, key: string, from: Side, count: number): string[] {
  const out: string[] = [];
  const list = db.write(key, "list");
  if (list === undefined || count === 0) return out;
  while (out.length < count) {
    const value = from === "LEFT" ? list.popLeft() : list.popRight();
    if (value === undefined) break;
    out.push(value);
  }
  db.changed(key);
  return out;
}

/** Moves one element. @returns it, or undefined where there is none to move */
export function moveElement(db: Database, from: string, to: string, out: Side, into: Side): string | undefined {
  if (db.read(from, "list") === undefined) return undefined;
  db.read(to, "list"); // refuses a wrong type before anything is changed
  const [value] = popElements(db, from, out, 1);
  if (value === undefined) return undefined;
  pushTo(db, ["LMOVE", to, value], into);
  return value;
}

function range({ db }: CommandContext, args: Arguments): Reply {
  const [start, stop] = [integer(arg(args, 2)), integer(arg(args, 3))];
  const list = db.read(arg(args, 1), "list");
  return list === undefined ? [] : list.slice(...bounds(list, start, stop));
}

/** From indexes as LRANGE has them (the last one included, negative from the end) to `slice`'s. */
function bounds(list: ReadonlyList, start: number, stop: number): [from: number, to: number] {
  const last = stop < 0 ? stop + list.size : stop;
  return [fromEnd(start, list.size), Math.min(last + 1, list.size)];
}

function index({ db }: CommandContext, args: Arguments): Reply {
  const list = db.read(arg(args, 1), "list");
  return list === undefined ? null : list.at(integer(arg(args, 2))) ?? null;
}

/** LPOS key element [RANK n] [COUNT n] [MAXLEN n] */
function positions({ db }: CommandContext, args: Arguments): Reply {
  let rank = 1;
  let count: number | undefined;
  let most = Infinity;
  for (let i = 3; i < args.length; i += 2) {
    const value = args[i + 1] ?? syntax();
    if (option(args, i) === "RANK") rank = readRank(value);
    else if (option(args, i) === "COUNT") count = positive(value, "ERR COUNT can't be negative");
    else if (option(args, i) === "MAXLEN") most = positive(value, "ERR MAXLEN can't be negative") || Infinity;
    else syntax();
  }
  const list = db.read(arg(args, 1), "list");
  const wanted = count === undefined ? 1 : count || Infinity;
  const found: number[] = [];
  let skip = Math.abs(rank) - 1;
  for (let i = 0; list !== undefined && i < Math.min(list.size, most) && found.length < wanted; i++) {
    const place = rank > 0 ? i : list.size - 1 - i;
    if (list.at(place) === arg(args, 2) && skip-- <= 0) found.push(place);
  }
  return count === undefined ? found[0] ?? null : found;
}

function readRank(text: string): number {
  const rank = integer(text);
  if (rank !== 0) return rank;
  throw new CommandError(
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
  );
}

function syntax(): never {
  throw syntaxError();
}

function setAt({ db }: CommandContext, args: Arguments): Reply {
  const key = arg(args, 1);
  if (db.read(key, "list") === undefined) throw noSuchKey();
  if (!db.write(key, "list")?.set(integer(arg(args, 2)), arg(args, 3))) {
    throw new CommandError("ERR index out of range");
  }
  db.changed(key);
  return OK;
}

function insert({ db }: CommandContext, args: Arguments): Reply {
  const key = arg(args, 1);
  const where = option(args, 2);
  if (where !== "BEFORE" && where !== "AFTER") throw syntaxError();
  const pivot = db.read(key, "list")?.indexOf(arg(args, 3));
  if (pivot === undefined) return 0;
  if (pivot === -1) return -1;
  const list = db.create(key, "list");
  const at = where === "BEFORE" ? pivot : pivot + 1;
  list.replace([...list.slice(0, at), arg(args, 4), ...list.slice(at)]);
  db.changed(key);
  return list.size;
}

/** LREM key count element: from the left, from the right if `count` is negative, all if it is 0. */
function removeEqual({ db }: CommandContext, args: Arguments): Reply {
  const key = arg(args, 1);
  const count = integer(arg(args, 2));
  const values = db.read(key, "list")?.slice() ?? [];
  let left = Math.abs(count) || Infinity;
  const keep = (value: string) => value !== arg(args, 3) || left-- <= 0;
  const kept = count < 0 ? values.reverse().filter(keep).reverse() : values.filter(keep);
  const removed = values.length - kept.length;
  if (removed > 0) {
    db.write(key, "list")?.replace(kept);
    db.changed(key);
  }
  return removed;
}

function trim({ db }: CommandContext, args: Arguments): Reply {
  const key = arg(args, 1);
  const [start, stop] = [integer(arg(args, 2)), integer(arg(args, 3))];
  const list = db.write(key, "list");
  if (list === undefined) return OK;
  const [from, to] = bounds(list, start, stop);
  for (let end = list.size; end > Math.max(from, to); end--) list.popRight();
  for (let i = 0; i < from; i++) list.popLeft();
  db.changed(key);
  return OK;
}
