/**
 * Keys of any kind: existence, names, copies.
 * @module
 */
import { CommandError, syntaxError } from "../command_error.ts";
import { OK, type Reply, status } from "../reply.ts";
import { matchesGlob } from "../store/glob.ts";
import { DATABASES } from "../store/store.ts";
import { frozenCopy } from "../store/value.ts";
import {
  ALL_KEYS,
  arg,
  type Arguments,
  type Command,
  type CommandContext,
  integer,
  NO_KEYS,
  ONE_KEY,
  option,
  TWO_KEYS,
} from "./command.ts";

export const keyCommands: readonly Command[] = [
  { name: "DEL", arity: -2, flags: ["write"], keys: ALL_KEYS, run: del },
  { name: "UNLINK", arity: -2, flags: ["write", "fast"], keys: ALL_KEYS, run: del },
  { name: "EXISTS", arity: -2, flags: ["readonly", "fast"], keys: ALL_KEYS, run: exists },
  { name: "TOUCH", arity: -2, flags: ["readonly", "fast"], keys: ALL_KEYS, run: exists },
  {
    name: "TYPE",
    arity: 2,
    flags: ["readonly", "fast"],
    keys: ONE_KEY,
    run: ({ db }, args) => status(db.kind(arg(args, 1)) ?? "none"),
  },
  { name: "KEYS", arity: 2, flags: ["readonly"], keys: NO_KEYS, run: keys },
  { name: "RANDOMKEY", arity: 1, flags: ["readonly"], keys: NO_KEYS, run: randomKey },
  { name: "RENAME", arity: 3, flags: ["write"], keys: TWO_KEYS, run: rename },
  { name: "RENAMENX", arity: 3, flags: ["write", "fast"], keys: TWO_KEYS, run: renameNx },
  { name: "COPY", arity: -3, flags: ["write", "denyoom"], keys: TWO_KEYS, run: copy },
  { name: "MOVE", arity: 3, flags: ["write", "fast"], keys: ONE_KEY, run: move },
  { name: "DBSIZE", arity: 1, flags: ["readonly", "fast"], keys: NO_KEYS, run: dbSize },
  { name: "FLUSHDB", arity: -1, flags: ["write"], keys: NO_KEYS, run: flushDb },
  { name: "FLUSHALL", arity: -1, flags: ["write"], keys: NO_KEYS, run: flushAll },
];

function del({ db }: CommandContext, args: Arguments): Reply {
  let removed = 0;
  for (let i = 1; i < args.length; i++) if (db.remove(arg(args, i))) removed++;
  return removed;
}

function exists({ db }: CommandContext, args: Arguments): Reply {
  return args.slice(1).filter((key) => db.has(key)).length;
}

function keys({ db }: CommandContext, args: Arguments): Reply {
  const pattern = arg(args, 1);
  return [...db.keys()].filter((key) => pattern === "*" || matchesGlob(pattern, key));
}

/** Any key will do: the walk over a random number of keys is bounded. */
function randomKey({ db, services }: CommandContext): Reply {
  const steps = Math.floor(services.random() * Math.min(db.size, 100));
  let last: string | null = null;
  let left = steps;
  for (const key of db.keys()) {
    last = key;
    if (left-- === 0) break;
  }
  return last;
}

function rename({ db }: CommandContext, args: Arguments): Reply {
  if (!db.rename(arg(args, 1), arg(args, 2))) throw noSuchKey();
  return OK;
}

function renameNx({ db }: CommandContext, args: Arguments): Reply {
  if (!db.has(arg(args, 1))) throw noSuchKey();
  if (db.has(arg(args, 2))) return 0;
  db.rename(arg(args, 1), arg(args, 2));
  return 1;
}

/** COPY source destination [DB index] [REPLACE] */
function copy({ db, store }: CommandContext, args: Arguments): Reply {
  let target = db;
  let replaces = false;
  for (let i = 3; i < args.length; i++) {
    if (option(args, i) === "REPLACE") replaces = true;
    else if (option(args, i) === "DB" && i + 1 < args.length) target = store.database(databaseIndex(arg(args, ++i)));
    else throw syntaxError();
  }
  const [from, to] = [arg(args, 1), arg(args, 2)];
  if (target === db && from === to) throw new CommandError("ERR source and destination objects are the same");
  const entry = db.peek(from);
  if (entry === undefined || (target.has(to) && !replaces)) return 0;
  target.put(to, frozenCopy(entry.value), entry.expiresAt);
  return 1;
}

function move({ db, store }: CommandContext, args: Arguments): Reply {
  const key = arg(args, 1);
  const target = store.database(databaseIndex(arg(args, 2)));
  if (target === db) throw new CommandError("ERR source and destination objects are the same");
  const entry = db.peek(key);
  if (entry === undefined || target.has(key)) return 0;
  const { value, expiresAt } = entry;
  db.remove(key);
  target.put(key, value, expiresAt);
  return 1;
}

/** Expired keys that nobody met yet are counted, as Redis does. */
function dbSize({ db }: CommandContext): Reply {
  return db.size;
}

function flushDb({ db }: CommandContext, args: Arguments): Reply {
  checkFlushOption(args);
  db.clear();
  return OK;
}

function flushAll({ store }: CommandContext, args: Arguments): Reply {
  checkFlushOption(args);
  for (const db of store.databases) db.clear();
  return OK;
}

function checkFlushOption(args: Arguments): void {
  const word = option(args, 1);
  if (args.length > 2 || (word !== "" && word !== "SYNC" && word !== "ASYNC")) throw syntaxError();
}

/** @throws {CommandError} unless there is such a database */
export function databaseIndex(text: string): number {
  const index = integer(text);
  if (index < 0 || index >= DATABASES) throw new CommandError("ERR DB index is out of range");
  return index;
}

export function noSuchKey(): CommandError {
  return new CommandError("ERR no such key");
}
