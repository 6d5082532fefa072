/**
 * Strings and counters.
 * @module
 */
import { CommandError, syntaxError } from "../command_error.ts";
import { OK, type Reply } from "../reply.ts";
import { addDecimals } from "./decimal.ts";
import {
  ALL_KEYS,
  arg,
  type Arguments,
  checkInt64,
  type Command,
  type CommandContext,
  int64,
  integer,
  MIN_INT64,
  ONE_KEY,
  option,
} from "./command.ts";
import { EXPIRY_OPTIONS, expiryTime } from "./expiry_time.ts";

export const stringCommands: readonly Command[] = [
  { name: "SET", arity: -3, flags: ["write", "denyoom"], keys: ONE_KEY, run: set },
  {
    name: "GET",
    arity: 2,
    flags: ["readonly", "fast"],
    keys: ONE_KEY,
    run: ({ db }, args) => db.string(arg(args, 1)) ?? null,
  },
  { name: "GETDEL", arity: 2, flags: ["write", "fast"], keys: ONE_KEY, run: getDel },
  { name: "GETEX", arity: -2, flags: ["write", "fast"], keys: ONE_KEY, run: getEx },
  { name: "GETSET", arity: 3, flags: ["write", "denyoom", "fast"], keys: ONE_KEY, run: getSet },
  { name: "SETNX", arity: 3, flags: ["write", "denyoom", "fast"], keys: ONE_KEY, run: setNx },
  {
    name: "SETEX",
    arity: 4,
    flags: ["write", "denyoom"],
    keys: ONE_KEY,
    run: (context, args) => setFor(context, args, "EX"),
  },
  {
    name: "PSETEX",
    arity: 4,
    flags: ["write", "denyoom"],
    keys: ONE_KEY,
    run: (context, args) => setFor(context, args, "PX"),
  },
  { name: "MGET", arity: -2, flags: ["readonly", "fast"], keys: ALL_KEYS, run: mGet },
  { name: "MSET", arity: -3, flags: ["write", "denyoom"], keys: [1, -1, 2], run: mSet },
  { name: "MSETNX", arity: -3, flags: ["write", "denyoom"], keys: [1, -1, 2], run: mSetNx },
  { name: "APPEND", arity: 3, flags: ["write", "denyoom", "fast"], keys: ONE_KEY, run: append },
  {
    name: "STRLEN",
    arity: 2,
    flags: ["readonly", "fast"],
    keys: ONE_KEY,
    run: ({ db }, args) => db.string(arg(args, 1))?.length ?? 0,
  },
  { name: "GETRANGE", arity: 4, flags: ["readonly"], keys: ONE_KEY, run: getRange },
  { name: "SETRANGE", arity: 4, flags: ["write", "denyoom"], keys: ONE_KEY, run: setRange },
  {
    name: "INCR",
    arity: 2,
    flags: ["write", "denyoom", "fast"],
    keys: ONE_KEY,
    run: (context, args) => increase(context, args, 1n),
  },
  {
    name: "DECR",
    arity: 2,
    flags: ["write", "denyoom", "fast"],
    keys: ONE_KEY,
    run: (context, args) => increase(context, args, -1n),
  },
  {
    name: "INCRBY",
    arity: 3,
    flags: ["write", "denyoom", "fast"],
    keys: ONE_KEY,
    run: (context, args) => increase(context, args, int64(arg(args, 2))),
  },
  {
    name: "DECRBY",
    arity: 3,
    flags: ["write", "denyoom", "fast"],
    keys: ONE_KEY,
    run: (context, args) => increase(context, args, -decrement(arg(args, 2))),
  },
  { name: "INCRBYFLOAT", arity: 3, flags: ["write", "denyoom", "fast"], keys: ONE_KEY, run: increaseByFloat },
];

/** Longest string that APPEND and SETRANGE may build, as Redis' `proto-max-bulk-len`. */
const MAX_STRING_BYTES = 512 * 1024 * 1024;

/** SET key value [NX | XX] [GET] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL] */
function set(context: CommandContext, args: Arguments): Reply {
  const { db, store } = context;
  const key = arg(args, 1);
  const value = arg(args, 2);
  if (args.length === 3) {
    db.put(key, value);
    return OK;
  }
  let condition: "NX" | "XX" | undefined;
  let wantsOld = false;
  let keepsEnd = false;
  let expiresAt: number | undefined;
  for (let i = 3; i < args.length; i++) {
    const word = option(args, i);
    if ((word === "NX" || word === "XX") && (condition ?? word) === word) condition = word;
    else if (word === "GET") wantsOld = true;
    else if (word === "KEEPTTL" && expiresAt === undefined) keepsEnd = true;
    else if (EXPIRY_OPTIONS.has(word) && !keepsEnd && expiresAt === undefined && i + 1 < args.length) {
      expiresAt = expiryTime(word, arg(args, ++i), store.now, "set");
    } else throw syntaxError();
  }
  const old = wantsOld ? db.string(key) ?? null : undefined;
  if (condition !== undefined && db.has(key) !== (condition === "XX")) return old ?? null;
  if (keepsEnd) {
    const end = db.expiresAt(key);
    if (typeof end === "number") expiresAt = end;
  }
  db.put(key, value, expiresAt);
  context.recordAs(["SET", key, value, ...(expiresAt === undefined ? [] : ["PXAT", String(expiresAt)])]);
  return wantsOld ? old ?? null : OK;
}

function getDel({ db }: CommandContext, args: Arguments): Reply {
  const value = db.string(arg(args, 1));
  if (value === undefined) return null;
  db.remove(arg(args, 1));
  return value;
}

/** GETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST] */
function getEx(context: CommandContext, args: Arguments): Reply {
  const { db, store } = context;
  const key = arg(args, 1);
  const word = option(args, 2);
  const isPersist = word === "PERSIST" && args.length === 3;
  if (args.length > 2 && !isPersist && !(EXPIRY_OPTIONS.has(word) && args.length === 4)) throw syntaxError();
  const value = db.string(key);
  const expiresAt = args.length === 4 ? expiryTime(word, arg(args, 3), store.now, "getex") : undefined;
  if (value === undefined) return null;
  if (isPersist) {
    if (db.expiresAt(key) !== "never") db.expireAt(key, undefined);
  } else if (expiresAt !== undefined) {
    if (expiresAt <= store.now) db.remove(key);
    else db.expireAt(key, expiresAt);
    context.recordAs(["PEXPIREAT", key, String(expiresAt)]);
  }
  return value;
}

function getSet({ db }: CommandContext, args: Arguments): Reply {
  const old = db.string(arg(args, 1)) ?? null;
  db.put(arg(args, 1), arg(args, 2));
  return old;
}

function setNx({ db }: CommandContext, args: Arguments): Reply {
  if (db.has(arg(args, 1))) return 0;
  db.put(arg(args, 1), arg(args, 2));
  return 1;
}

function setFor(context: CommandContext, args: Arguments, unit: "EX" | "PX"): Reply {
  const key = arg(args, 1);
  const value = arg(args, 3);
  const expiresAt = expiryTime(unit, arg(args, 2), context.store.now, arg(args, 0).toLowerCase());
  context.db.put(key, value, expiresAt);
  context.recordAs(["SET", key, value, "PXAT", String(expiresAt)]);
  return OK;
}

function mGet({ db }: CommandContext, args: Arguments): Reply {
  return args.slice(1).map((key) => db.kind(key) === "string" ? db.string(key) ?? null : null);
}

function mSet({ db }: CommandContext, args: Arguments): Reply {
  checkPairs(args);
  for (let i = 1; i < args.length; i += 2) db.put(arg(args, i), arg(args, i + 1));
  return OK;
}

function mSetNx(context: CommandContext, args: Arguments): Reply {
  checkPairs(args);
  for (let i = 1; i < args.length; i += 2) if (context.db.has(arg(args, i))) return 0;
  mSet(context, args);
  return 1;
}

function checkPairs(args: Arguments): void {
  if (args.length % 2 === 1) return;
  throw new CommandError(`ERR wrong number of arguments for '${args[0]?.toLowerCase()}' command`);
}

function append({ db }: CommandContext, args: Arguments): Reply {
  const key = arg(args, 1);
  const before = db.string(key);
  const value = (before ?? "") + arg(args, 2);
  checkLength(value.length);
  const end = before === undefined ? "never" : db.expiresAt(key);
  db.put(key, value, typeof end === "number" ? end : undefined);
  return value.length;
}

function getRange({ db }: CommandContext, args: Arguments): Reply {
  const start = integer(arg(args, 2));
  const end = integer(arg(args, 3));
  const value = db.string(arg(args, 1)) ?? "";
  if (start < 0 && end < 0 && start > end) return "";
  const from = Math.max(0, start < 0 ? start + value.length : start);
  const to = Math.max(0, end < 0 ? end + value.length : end);
  return value.slice(from, to + 1);
}

function setRange({ db }: CommandContext, args: Arguments): Reply {
  const key = arg(args, 1);
  const offset = integer(arg(args, 2));
  const piece = arg(args, 3);
  if (offset < 0) throw new CommandError("ERR offset is out of range");
  const before = db.string(key) ?? "";
  if (piece === "") return before.length;
  checkLength(offset + piece.length);
  const value = before.padEnd(offset, "\0").slice(0, offset) + piece + before.slice(offset + piece.length);
  const end = db.expiresAt(key);
  db.put(key, value, typeof end === "number" ? end : undefined);
  return value.length;
}

function checkLength(bytes: number): void {
  if (bytes > MAX_STRING_BYTES) throw new CommandError("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
}

function decrement(text: string): bigint {
  const value = int64(text);
  if (value === MIN_INT64) throw new CommandError("ERR decrement would overflow");
  return value;
}

function increase({ db }: CommandContext, args: Arguments, by: bigint): Reply {
  const key = arg(args, 1);
  const before = db.string(key);
  const value = int64(before ?? "0") + by;
  try {
    checkInt64(value);
  } catch {
    throw new CommandError("ERR increment or decrement would overflow");
  }
  const end = before === undefined ? undefined : db.expiresAt(key);
  db.put(key, String(value), typeof end === "number" ? end : undefined);
  return value;
}

/** The sum is recorded, not the addition: another machine might round it otherwise. */
function increaseByFloat(context: CommandContext, args: Arguments): Reply {
  const { db } = context;
  const key = arg(args, 1);
  const value = addDecimals(db.string(key) ?? "0", arg(args, 2));
  const end = db.expiresAt(key);
  const expiresAt = typeof end === "number" ? end : undefined;
  db.put(key, value, expiresAt);
  context.recordAs(["SET", key, value, ...(expiresAt === undefined ? [] : ["PXAT", String(expiresAt)])]);
  return value;
}
