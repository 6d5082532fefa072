/**
 * Hashes.
 * @module
 */
import { CommandError } from "../command_error.ts";
import { mapReply, OK, type Reply } from "../reply.ts";
import { addDecimals } from "./decimal.ts";
import {
  arg,
  type Arguments,
  checkInt64,
  type Command,
  type CommandContext,
  float,
  int64,
  integer,
  ONE_KEY,
  option,
} from "./command.ts";

export const hashCommands: readonly Command[] = [
  { name: "HSET", arity: -4, flags: ["write", "denyoom", "fast"], keys: ONE_KEY, run: setFields },
  {
    name: "HMSET",
    arity: -4,
    flags: ["write", "denyoom", "fast"],
    keys: ONE_KEY,
    run: (context, args) => (setFields(context, args), OK),
  },
  { name: "HSETNX", arity: 4, flags: ["write", "denyoom", "fast"], keys: ONE_KEY, run: setNew },
  {
    name: "HGET",
    arity: 3,
    flags: ["readonly", "fast"],
    keys: ONE_KEY,
    run: ({ db }, args) => db.read(arg(args, 1), "hash")?.get(arg(args, 2)) ?? null,
  },
  { name: "HMGET", arity: -3, flags: ["readonly", "fast"], keys: ONE_KEY, run: getMany },
  {
    name: "HGETALL",
    arity: 2,
    flags: ["readonly"],
    keys: ONE_KEY,
    run: ({ db }, args) => mapReply([...db.read(arg(args, 1), "hash")?.entries() ?? []]),
  },
  {
    name: "HKEYS",
    arity: 2,
    flags: ["readonly"],
    keys: ONE_KEY,
    run: ({ db }, args) => db.read(arg(args, 1), "hash")?.fields() ?? [],
  },
  {
    name: "HVALS",
    arity: 2,
    flags: ["readonly"],
    keys: ONE_KEY,
    run: ({ db }, args) => db.read(arg(args, 1), "hash")?.values() ?? [],
  },
  {
    name: "HLEN",
    arity: 2,
    flags: ["readonly", "fast"],
    keys: ONE_KEY,
    run: ({ db }, args) => db.read(arg(args, 1), "hash")?.size ?? 0,
  },
  {
    name: "HEXISTS",
    arity: 3,
    flags: ["readonly", "fast"],
    keys: ONE_KEY,
    run: ({ db }, args) => db.read(arg(args, 1), "hash")?.has(arg(args, 2)) ? 1 : 0,
  },
  {
    name: "HSTRLEN",
    arity: 3,
    flags: ["readonly", "fast"],
    keys: ONE_KEY,
    run: ({ db }, args) => db.read(arg(args, 1), "hash")?.get(arg(args, 2))?.length ?? 0,
  },
  { name: "HDEL", arity: -3, flags: ["write", "fast"], keys: ONE_KEY, run: deleteFields },
  { name: "HINCRBY", arity: 4, flags: ["write", "denyoom", "fast"], keys: ONE_KEY, run: increase },
  { name: "HINCRBYFLOAT", arity: 4, flags: ["write", "denyoom", "fast"], keys: ONE_KEY, run: increaseByFloat },
  { name: "HRANDFIELD", arity: -2, flags: ["readonly"], keys: ONE_KEY, run: randomFields },
];

function setFields({ db }: CommandContext, args: Arguments): Reply {
  if (args.length % 2 === 1) {
    throw new CommandError(`ERR wrong number of arguments for '${args[0]?.toLowerCase()}' command`);
  }
  const hash = db.create(arg(args, 1), "hash");
  let added = 0;
  for (let i = 2; i < args.length; i += 2) if (hash.set(arg(args, i), arg(args, i + 1))) added++;
  db.changed(arg(args, 1));
  return added;
}

function setNew({ db }: CommandContext, args: Arguments): Reply {
  if (db.read(arg(args, 1), "hash")?.has(arg(args, 2))) return 0;
  db.create(arg(args, 1), "hash").set(arg(args, 2), arg(args, 3));
  db.changed(arg(args, 1));
  return 1;
}

function getMany({ db }: CommandContext, args: Arguments): Reply {
  const hash = db.read(arg(args, 1), "hash");
  return args.slice(2).map((field) => hash?.get(field) ?? null);
}

function deleteFields({ db }: CommandContext, args: Arguments): Reply {
  const hash = db.write(arg(args, 1), "hash");
  if (hash === undefined) return 0;
  let removed = 0;
  for (let i = 2; i < args.length; i++) if (hash.delete(arg(args, i))) removed++;
  if (removed > 0) db.changed(arg(args, 1));
  return removed;
}

function increase({ db }: CommandContext, args: Arguments): Reply {
  const by = int64(arg(args, 3));
  const before = db.read(arg(args, 1), "hash")?.get(arg(args, 2)) ?? "0";
  let value: bigint;
  try {
    value = int64(before) + by;
  } catch {
    throw new CommandError("ERR hash value is not an integer");
  }
  try {
    checkInt64(value);
  } catch {
    throw new CommandError("ERR increment or decrement would overflow");
  }
  db.create(arg(args, 1), "hash").set(arg(args, 2), String(value));
  db.changed(arg(args, 1));
  return value;
}

/** The sum is recorded, not the addition. */
function increaseByFloat(context: CommandContext, args: Arguments): Reply {
  const { db } = context;
  const [key, field] = [arg(args, 1), arg(args, 2)];
  float(arg(args, 3)); // refused before the key is looked at
  const value = addDecimals(db.read(key, "hash")?.get(field) ?? "0", arg(args, 3), "ERR hash value is not a float");
  db.create(key, "hash").set(field, value);
  db.changed(key);
  context.recordAs(["HSET", key, field, value]);
  return value;
}

/** HRANDFIELD key [count [WITHVALUES]]; a negative count may repeat fields. */
function randomFields({ db, services }: CommandContext, args: Arguments): Reply {
  const hash = db.read(arg(args, 1), "hash");
  const entries = [...hash?.entries() ?? []];
  if (args.length === 2) return entries[Math.floor(services.random() * entries.length)]?.[0] ?? null;
  const count = integer(arg(args, 2));
  const withValues = option(args, 3) === "WITHVALUES" && args.length === 4;
  if (args.length > 3 && !withValues) throw new CommandError("ERR syntax error");
  const picked = pickSome(entries, count, services.random);
  return withValues ? { kind: "pairs", items: picked } : picked.map(([field]) => field);
}

const MOST_REPEATS = 1024 * 1024;

/** `count` different items, or, for a negative count, so many that may repeat. @throws {CommandError} for absurd counts */
export function pickSome<T>(items: readonly T[], count: number, random: () => number): T[] {
  if (count < -MOST_REPEATS) throw new CommandError("ERR value is out of range");
  if (items.length === 0) return [];
  const any = () => Math.floor(random() * items.length);
  if (count < 0) return Array.from({ length: -count }, any).flatMap((i) => items.slice(i, i + 1));
  const left = items.slice();
  const out: T[] = [];
  while (out.length < count && left.length > 0) out.push(...left.splice(Math.floor(random() * left.length), 1));
  return out;
}
