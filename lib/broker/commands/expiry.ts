/**
 * When keys end.
 * @module
 */
import { CommandError } from "../command_error.ts";
import type { Reply } from "../reply.ts";
import { arg, type Arguments, type Command, type CommandContext, ONE_KEY } from "./command.ts";
import { anyExpiryTime } from "./expiry_time.ts";

export const expiryCommands: readonly Command[] = [
  {
    name: "EXPIRE",
    arity: -3,
    flags: ["write", "fast"],
    keys: ONE_KEY,
    run: (context, args) => expire(context, args, "EX"),
  },
  {
    name: "PEXPIRE",
    arity: -3,
    flags: ["write", "fast"],
    keys: ONE_KEY,
    run: (context, args) => expire(context, args, "PX"),
  },
  {
    name: "EXPIREAT",
    arity: -3,
    flags: ["write", "fast"],
    keys: ONE_KEY,
    run: (context, args) => expire(context, args, "EXAT"),
  },
  {
    name: "PEXPIREAT",
    arity: -3,
    flags: ["write", "fast"],
    keys: ONE_KEY,
    run: (context, args) => expire(context, args, "PXAT"),
  },
  { name: "PERSIST", arity: 2, flags: ["write", "fast"], keys: ONE_KEY, run: persist },
  {
    name: "TTL",
    arity: 2,
    flags: ["readonly", "fast"],
    keys: ONE_KEY,
    run: (context, args) => end(context, args, { left: true, unit: 1000 }),
  },
  {
    name: "PTTL",
    arity: 2,
    flags: ["readonly", "fast"],
    keys: ONE_KEY,
    run: (context, args) => end(context, args, { left: true, unit: 1 }),
  },
  {
    name: "EXPIRETIME",
    arity: 2,
    flags: ["readonly", "fast"],
    keys: ONE_KEY,
    run: (context, args) => end(context, args, { left: false, unit: 1000 }),
  },
  {
    name: "PEXPIRETIME",
    arity: 2,
    flags: ["readonly", "fast"],
    keys: ONE_KEY,
    run: (context, args) => end(context, args, { left: false, unit: 1 }),
  },
];

const CONDITIONS: ReadonlySet<string> = new Set(["NX", "XX", "GT", "LT"]);

/** EXPIRE key time [NX | XX | GT | LT]: a time in the past removes the key. */
function expire(context: CommandContext, args: Arguments, unit: string): Reply {
  const { db, store } = context;
  const key = arg(args, 1);
  const conditions = new Set(args.slice(3).map(readCondition));
  if (conditions.has("NX") && conditions.size > 1) {
    throw new CommandError("ERR NX and XX, GT or LT options at the same time are not compatible");
  }
  if (conditions.has("GT") && conditions.has("LT")) {
    throw new CommandError("ERR GT and LT options at the same time are not compatible");
  }
  const at = anyExpiryTime(unit, arg(args, 2), store.now, arg(args, 0).toLowerCase());
  const current = db.expiresAt(key);
  if (current === undefined || ![...conditions].every((condition) => holds(condition, current, at))) return 0;
  if (at <= store.now) {
    db.remove(key);
    context.recordAs(["DEL", key]);
  } else {
    db.expireAt(key, at);
    context.recordAs(["PEXPIREAT", key, String(at)]);
  }
  return 1;
}

function readCondition(word: string): string {
  const condition = word.toUpperCase();
  if (!CONDITIONS.has(condition)) throw new CommandError(`ERR Unsupported option ${word}`);
  return condition;
}

function holds(condition: string, current: number | "never", at: number): boolean {
  switch (condition) {
    case "NX":
      return current === "never";
    case "XX":
      return current !== "never";
    case "GT":
      return current !== "never" && at > current;
    default:
      return current === "never" || at < current;
  }
}

function persist({ db }: CommandContext, args: Arguments): Reply {
  const current = db.expiresAt(arg(args, 1));
  if (current === undefined || current === "never") return 0;
  db.expireAt(arg(args, 1), undefined);
  return 1;
}

/** -2 without such a key, -1 without an end. Seconds are rounded to the nearest. */
function end({ db, store }: CommandContext, args: Arguments, { left, unit }: { left: boolean; unit: number }): Reply {
  const at = db.expiresAt(arg(args, 1));
  if (at === undefined) return -2;
  if (at === "never") return -1;
  return Math.floor(((left ? Math.max(0, at - store.now) : at) + unit / 2) / unit);
}
