/**
 * Sets.
 * @module
 */
import { syntaxError } from "../command_error.ts";
import { type Reply, setReply } from "../reply.ts";
import type { Database } from "../store/database.ts";
import {
  ALL_KEYS,
  arg,
  type Arguments,
  type Command,
  type CommandContext,
  countedKeys,
  integer,
  NO_KEYS,
  ONE_KEY,
  option,
  positive,
  TWO_KEYS,
} from "./command.ts";
import { pickSome } from "./hashes.ts";

export const setCommands: readonly Command[] = [
  { name: "SADD", arity: -3, flags: ["write", "denyoom", "fast"], keys: ONE_KEY, run: add },
  { name: "SREM", arity: -3, flags: ["write", "fast"], keys: ONE_KEY, run: remove },
  {
    name: "SMEMBERS",
    arity: 2,
    flags: ["readonly"],
    keys: ONE_KEY,
    run: ({ db }, args) => setReply(membersOf(db, arg(args, 1))),
  },
  {
    name: "SISMEMBER",
    arity: 3,
    flags: ["readonly", "fast"],
    keys: ONE_KEY,
    run: ({ db }, args) => db.read(arg(args, 1), "set")?.has(arg(args, 2)) ? 1 : 0,
  },
  { name: "SMISMEMBER", arity: -3, flags: ["readonly", "fast"], keys: ONE_KEY, run: areMembers },
  {
    name: "SCARD",
    arity: 2,
    flags: ["readonly", "fast"],
    keys: ONE_KEY,
    run: ({ db }, args) => db.read(arg(args, 1), "set")?.size ?? 0,
  },
  { name: "SMOVE", arity: 4, flags: ["write", "fast"], keys: TWO_KEYS, run: move },
  { name: "SPOP", arity: -2, flags: ["write", "fast"], keys: ONE_KEY, run: pop },
  { name: "SRANDMEMBER", arity: -2, flags: ["readonly"], keys: ONE_KEY, run: randomMembers },
  {
    name: "SINTER",
    arity: -2,
    flags: ["readonly"],
    keys: ALL_KEYS,
    run: ({ db }, args) => setReply([...intersect(db, args.slice(1))]),
  },
  {
    name: "SUNION",
    arity: -2,
    flags: ["readonly"],
    keys: ALL_KEYS,
    run: ({ db }, args) => setReply([...unite(db, args.slice(1))]),
  },
  {
    name: "SDIFF",
    arity: -2,
    flags: ["readonly"],
    keys: ALL_KEYS,
    run: ({ db }, args) => setReply([...subtract(db, args.slice(1))]),
  },
  { name: "SINTERCARD", arity: -3, flags: ["readonly"], keys: NO_KEYS, run: countIntersection },
  {
    name: "SINTERSTORE",
    arity: -3,
    flags: ["write", "denyoom"],
    keys: ALL_KEYS,
    run: ({ db }, args) => store(db, arg(args, 1), intersect(db, args.slice(2))),
  },
  {
    name: "SUNIONSTORE",
    arity: -3,
    flags: ["write", "denyoom"],
    keys: ALL_KEYS,
    run: ({ db }, args) => store(db, arg(args, 1), unite(db, args.slice(2))),
  },
  {
    name: "SDIFFSTORE",
    arity: -3,
    flags: ["write", "denyoom"],
    keys: ALL_KEYS,
    run: ({ db }, args) => store(db, arg(args, 1), subtract(db, args.slice(2))),
  },
];

function membersOf(db: Database, key: string): string[] {
  return db.read(key, "set")?.members() ?? [];
}

function add({ db }: CommandContext, args: Arguments): Reply {
  const set = db.create(arg(args, 1), "set");
  let added = 0;
  for (let i = 2; i < args.length; i++) if (set.add(arg(args, i))) added++;
  if (added > 0) db.changed(arg(args, 1));
  return added;
}

function remove({ db }: CommandContext, args: Arguments): Reply {
  const set = db.write(arg(args, 1), "set");
  if (set === undefined) return 0;
  let removed = 0;
  for (let i = 2; i < args.length; i++) if (set.delete(arg(args, i))) removed++;
  if (removed > 0) db.changed(arg(args, 1));
  return removed;
}

function areMembers({ db }: CommandContext, args: Arguments): Reply {
  const set = db.read(arg(args, 1), "set");
  return args.slice(2).map((member) => set?.has(member) ? 1 : 0);
}

function move({ db }: CommandContext, args: Arguments): Reply {
  const [from, to, member] = [arg(args, 1), arg(args, 2), arg(args, 3)];
  const source = db.read(from, "set");
  if (source === undefined) return 0;
  db.read(to, "set"); // refuses a wrong type before anything is changed
  if (!source.has(member)) return 0;
  if (from === to) return 1;
  db.write(from, "set")?.delete(member);
  db.changed(from);
  if (db.create(to, "set").add(member)) db.changed(to);
  return 1;
}

/** Chance decides, so what went is recorded. */
function pop(context: CommandContext, args: Arguments): Reply {
  const { db, services } = context;
  const key = arg(args, 1);
  if (args.length > 3) throw syntaxError();
  const count = args.length === 3 ? positive(arg(args, 2)) : 1;
  const set = db.write(key, "set");
  const picked = set?.pick(count, services.random) ?? [];
  for (const member of picked) set?.delete(member);
  if (picked.length > 0) {
    db.changed(key);
    context.recordAs(["SREM", key, ...picked]);
  }
  return args.length === 3 ? setReply(picked) : picked[0] ?? null;
}

/** SRANDMEMBER key [count]; a negative count may repeat members. */
function randomMembers({ db, services }: CommandContext, args: Arguments): Reply {
  if (args.length > 3) throw syntaxError();
  const members = membersOf(db, arg(args, 1));
  if (args.length === 2) return members[Math.floor(services.random() * members.length)] ?? null;
  return pickSome(members, integer(arg(args, 2)), services.random);
}

function intersect(db: Database, keys: readonly string[]): Set<string> {
  const sets = keys.map((key) => db.read(key, "set"));
  const [first, ...others] = sets;
  return new Set(first?.members().filter((member) => others.every((set) => set?.has(member))));
}

function unite(db: Database, keys: readonly string[]): Set<string> {
  return new Set(keys.flatMap((key) => membersOf(db, key)));
}

function subtract(db: Database, keys: readonly string[]): Set<string> {
  const [first, ...others] = keys.map((key) => db.read(key, "set"));
  return new Set(first?.members().filter((member) => !others.some((set) => set?.has(member))));
}

/** SINTERCARD numkeys key … [LIMIT n] */
function countIntersection({ db }: CommandContext, args: Arguments): Reply {
  const { keys, next } = countedKeys(args, 1);
  let limit = Infinity;
  if (next < args.length) {
    if (option(args, next) !== "LIMIT" || args.length !== next + 2) throw syntaxError();
    limit = positive(arg(args, next + 1), "ERR LIMIT can't be negative") || Infinity;
  }
  return Math.min(limit, intersect(db, keys).size);
}

function store(db: Database, target: string, members: ReadonlySet<string>): Reply {
  db.remove(target);
  if (members.size === 0) return 0;
  const set = db.create(target, "set");
  for (const member of members) set.add(member);
  db.changed(target);
  return set.size;
}
