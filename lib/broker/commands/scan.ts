/**
 * SCAN and its kin: walks through keys and containers in pieces.
 * @module
 */
import { CommandError, syntaxError } from "../command_error.ts";
import { double, type Reply } from "../reply.ts";
import { matchesGlob } from "../store/glob.ts";
import {
  arg,
  type Arguments,
  type Command,
  type CommandContext,
  integer,
  NO_KEYS,
  ONE_KEY,
  option,
} from "./command.ts";

export const scanCommands: readonly Command[] = [
  { name: "SCAN", arity: -2, flags: ["readonly"], keys: NO_KEYS, run: scanKeys },
  {
    name: "HSCAN",
    arity: -3,
    flags: ["readonly"],
    keys: ONE_KEY,
    run: (context, args) => scanContainer(context, args, "hash"),
  },
  {
    name: "SSCAN",
    arity: -3,
    flags: ["readonly"],
    keys: ONE_KEY,
    run: (context, args) => scanContainer(context, args, "set"),
  },
  {
    name: "ZSCAN",
    arity: -3,
    flags: ["readonly"],
    keys: ONE_KEY,
    run: (context, args) => scanContainer(context, args, "zset"),
  },
];

const DEFAULT_COUNT = 10;
/** Containers up to this size are answered in one piece, whatever COUNT says, as Redis does with small encodings. */
const SMALL = 128;

interface ScanOptions {
  readonly matches: (name: string) => boolean;
  readonly count: number;
  /** Undefined: every kind. */
  readonly kind: string | undefined;
}

/** [MATCH pattern] [COUNT n] [TYPE kind] */
function parseOptions(args: Arguments, at: number): ScanOptions {
  let pattern = "*";
  let count = DEFAULT_COUNT;
  let kind: string | undefined;
  for (let i = at; i < args.length; i += 2) {
    if (i + 1 >= args.length) throw syntaxError();
    const word = option(args, i);
    if (word === "MATCH") pattern = arg(args, i + 1);
    else if (word === "COUNT") count = integer(arg(args, i + 1));
    else if (word === "TYPE" && at === 2) kind = arg(args, i + 1).toLowerCase();
    else throw syntaxError();
  }
  if (count < 1) throw syntaxError();
  return { matches: (name) => pattern === "*" || matchesGlob(pattern, name), count, kind };
}

function parseCursor(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new CommandError("ERR invalid cursor");
  return Number(text);
}

/** SCAN cursor [MATCH pattern] [COUNT n] [TYPE kind] */
function scanKeys({ db, services }: CommandContext, args: Arguments): Reply {
  const cursor = parseCursor(arg(args, 1));
  const { matches, count, kind } = parseOptions(args, 2);
  const running = cursor === 0 ? services.cursors.open(db.keys()) : cursor;
  const { items, isDone } = services.cursors.take(running, count);
  const found = items.filter((key): key is string =>
    typeof key === "string" && matches(key) && (kind === undefined || db.kind(key) === kind)
  );
  return [isDone ? "0" : String(running), found];
}

/** HSCAN key cursor [MATCH pattern] [COUNT n] */
function scanContainer({ db, services }: CommandContext, args: Arguments, kind: "hash" | "set" | "zset"): Reply {
  const cursor = parseCursor(arg(args, 2));
  const { matches, count } = parseOptions(args, 3);
  const container = db.read(arg(args, 1), kind);
  if (container === undefined) return ["0", []];
  const running = cursor === 0 ? services.cursors.open(container.entries()) : cursor;
  const { items, isDone } = services.cursors.take(running, container.size <= SMALL ? SMALL : count);
  return [isDone ? "0" : String(running), items.flatMap((item) => describe(item, matches))];
}

/** A member, or a field or member with what belongs to it, if its name matches. */
function describe(item: unknown, matches: ScanOptions["matches"]): Reply[] {
  if (typeof item === "string") return matches(item) ? [item] : [];
  if (!Array.isArray(item) || typeof item[0] !== "string" || !matches(item[0])) return [];
  const second: unknown = item[1];
  return [item[0], typeof second === "number" ? double(second) : String(second)];
}
