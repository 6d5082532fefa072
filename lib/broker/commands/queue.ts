/**
 * Commands of our own: what a worker needs in one step, on the keys that kombu uses, so that Python peers see the same data.
 *
 * | command | answers |
 * |---|---|
 * | `Q.RESERVE unacked index holder now limit numlists list …` | `[[list, tag, envelope], …]`: up to `limit` messages from the right ends of the lists, in the order given, each recorded among the unacknowledged. What is no envelope is removed and comes with a null tag |
 * | `Q.ACK unacked index tag …` | how many were unacknowledged and are gone now |
 * | `Q.RENEW index now tag …` | how many are still unacknowledged, and are counted from now on |
 * | `Q.REQUEUE unacked index front\|back tag list [tag list …]` | how many went back, marked as redelivered: to be delivered next, or behind all others |
 * | `Q.RESTORE unacked index before limit` | how many, unacknowledged since `before` or longer, went back to the front, marked as redelivered |
 * | `Q.STORE key ttl value` | 1, or 0 where a SUCCESS is stored already; the value is also published under the key's name |
 * | `Q.WAIT timeout numlists list …` | the first list that is not empty; null after `timeout` milliseconds (0: never). Takes nothing |
 * | `Q.HOLD holder grace` | OK; what `holder` reserved goes back to the front once all its connections have been gone for `grace` milliseconds |
 *
 * Times are Unix seconds with a fraction, as kombu's scores. `unacked` is a hash from tag to `[envelope, exchange, routing key]`,
 * `index` a sorted set from tag to the time of delivery.
 * @module
 */
import { saysSuccess } from "../../base/stored_result.ts";
import { CommandError, syntaxError } from "../command_error.ts";
import { OK, type Reply } from "../reply.ts";
import type { Database } from "../store/database.ts";
import { markRedelivered, readEnvelope, readUnacked, writeUnacked } from "../wire/envelope.ts";
import type { Reservation } from "../holders.ts";
import {
  arg,
  type Arguments,
  type Command,
  type CommandContext,
  countedKeys,
  float,
  NO_KEYS,
  ONE_KEY,
  option,
  positive,
  TWO_KEYS,
} from "./command.ts";
import { databaseIndex } from "./keys.ts";
import { listsOf } from "./queue_routes.ts";

export const queueCommands: readonly Command[] = [
  {
    name: "Q.RESERVE",
    arity: -8,
    flags: ["write", "denyoom"],
    keys: TWO_KEYS,
    summary: "Takes messages off queues and records them as unacknowledged, in one step",
    run: reserve,
  },
  {
    name: "Q.ACK",
    arity: -4,
    flags: ["write", "fast"],
    keys: TWO_KEYS,
    summary: "Drops unacknowledged messages: they are done",
    run: acknowledge,
  },
  {
    name: "Q.RENEW",
    arity: -4,
    flags: ["write", "fast"],
    keys: ONE_KEY,
    summary: "Counts messages that are still worked on from now",
    run: renew,
  },
  {
    name: "Q.REQUEUE",
    arity: -6,
    flags: ["write"],
    keys: TWO_KEYS,
    summary: "Gives unacknowledged messages back to their queues",
    run: requeue,
  },
  {
    name: "Q.RESTORE",
    arity: 5,
    flags: ["write"],
    keys: TWO_KEYS,
    summary: "Gives back what was not acknowledged for too long",
    run: restore,
  },
  {
    name: "Q.STORE",
    arity: 4,
    flags: ["write", "denyoom"],
    keys: ONE_KEY,
    summary: "Stores and publishes a task's result unless a success is stored",
    run: storeResult,
  },
  {
    name: "Q.WAIT",
    arity: -4,
    flags: ["readonly", "blocking"],
    keys: NO_KEYS,
    summary: "Waits until a queue has messages",
    run: waitForMessages,
  },
  {
    name: "Q.HOLD",
    arity: 3,
    flags: ["write"],
    keys: NO_KEYS,
    summary: "Says in whose name this connection reserves",
    run: hold,
  },
  {
    name: "Q.HELD",
    arity: 7,
    flags: ["write"],
    keys: NO_KEYS,
    summary: "Used by the journal: a reservation as it was",
    run: held,
  },
];

function reserve(context: CommandContext, args: Arguments): Reply {
  const { db, services } = context;
  const [unackedKey, indexKey, holder] = [arg(args, 1), arg(args, 2), arg(args, 3)];
  const now = float(arg(args, 4));
  const limit = positive(arg(args, 5));
  const { keys: lists } = countedKeys(args, 6);
  db.read(unackedKey, "hash"); // refuses wrong types before anything is changed
  db.read(indexKey, "zset");
  for (const key of lists) db.read(key, "list");

  const taken: Reply[] = [];
  for (const list of lists) {
    while (taken.length < limit) {
      const text = db.write(list, "list")?.popRight();
      if (text === undefined) break;
      db.changed(list);
      const facts = readEnvelope(text);
      taken.push([list, facts?.deliveryTag ?? null, text]);
      if (facts === undefined) continue;
      db.create(unackedKey, "hash").set(facts.deliveryTag, writeUnacked(text, facts));
      db.changed(unackedKey);
      db.create(indexKey, "zset").set(facts.deliveryTag, now);
      db.changed(indexKey);
      services.holders.reserve(holder, { database: db.index, unackedKey, indexKey, tag: facts.deliveryTag, list });
    }
  }
  return taken;
}

function acknowledge({ db, services }: CommandContext, args: Arguments): Reply {
  const tags = args.slice(3);
  for (const tag of tags) services.holders.settle(tag);
  return drop(db, arg(args, 1), arg(args, 2), tags);
}

/** Removes the records of tags. @returns how many there were */
function drop(db: Database, unackedKey: string, indexKey: string, tags: readonly string[]): number {
  const unacked = db.write(unackedKey, "hash");
  const index = db.write(indexKey, "zset");
  const gone = tags.filter((tag) => unacked?.delete(tag)).length;
  const struck = tags.filter((tag) => index?.delete(tag)).length;
  if (gone > 0) db.changed(unackedKey);
  if (struck > 0) db.changed(indexKey);
  return gone;
}

function renew({ db }: CommandContext, args: Arguments): Reply {
  const indexKey = arg(args, 1);
  const now = float(arg(args, 2));
  const index = db.write(indexKey, "zset");
  const tags = args.slice(3).filter((tag) => index?.score(tag) !== undefined);
  for (const tag of tags) index?.set(tag, now);
  if (tags.length > 0) db.changed(indexKey);
  return tags.length;
}

function requeue(context: CommandContext, args: Arguments): Reply {
  const [unackedKey, indexKey] = [arg(args, 1), arg(args, 2)];
  const side = option(args, 3);
  if ((side !== "FRONT" && side !== "BACK") || args.length % 2 === 1) throw syntaxError();
  let count = 0;
  for (let i = 4; i < args.length; i += 2) {
    if (giveBack(context, { unackedKey, indexKey, tag: arg(args, i) }, side, [arg(args, i + 1)])) count++;
  }
  return count;
}

function restore(context: CommandContext, args: Arguments): Reply {
  const [unackedKey, indexKey] = [arg(args, 1), arg(args, 2)];
  const before = float(arg(args, 3));
  const limit = positive(arg(args, 4));
  const index = context.db.read(indexKey, "zset");
  const due = index?.slice(0, Math.min(limit, index.countWhile(({ score }) => score <= before))) ?? [];
  let count = 0;
  for (const { member: tag } of due) {
    const lists = listsOf(context, unackedKey, tag);
    // A record that nobody can read, or that no queue is bound for, stays: kombu would drop it.
    if (lists.length === 0 && context.db.read(unackedKey, "hash")?.get(tag) !== undefined) continue;
    if (giveBack(context, { unackedKey, indexKey, tag }, "FRONT", lists)) count++;
  }
  return count;
}

/** Takes back what a holder that has gone had reserved. @returns how many messages */
export function takeBack(context: CommandContext, reservation: Reservation): boolean {
  return giveBack(context, reservation, "FRONT", [reservation.list]);
}

/** Ends a reservation and puts its message back. @returns false if it was settled already */
function giveBack(
  { db, services }: CommandContext,
  { unackedKey, indexKey, tag }: Pick<Reservation, "unackedKey" | "indexKey" | "tag">,
  side: "FRONT" | "BACK",
  lists: readonly string[],
): boolean {
  for (const list of lists) db.read(list, "list"); // refuses a wrong type before anything is changed
  const record = db.read(unackedKey, "hash")?.get(tag);
  services.holders.settle(tag);
  drop(db, unackedKey, indexKey, [tag]);
  const unacked = record === undefined ? undefined : readUnacked(record);
  if (unacked === undefined) return false;
  const envelope = markRedelivered(unacked.envelope);
  for (const key of lists) {
    const list = db.create(key, "list");
    if (side === "FRONT") list.pushRight(envelope);
    else list.pushLeft(envelope);
    db.changed(key);
  }
  return true;
}

function storeResult(context: CommandContext, args: Arguments): Reply {
  const { db, store, services } = context;
  const key = arg(args, 1);
  const seconds = float(arg(args, 2));
  const value = arg(args, 3);
  if (seconds < 0) throw new CommandError("ERR invalid expire time in 'q.store' command");
  const before = db.string(key);
  if (before !== undefined && saysSuccess(before)) return 0;
  const expiresAt = seconds === 0 ? undefined : Math.ceil(store.now + seconds * 1000);
  db.put(key, value, expiresAt);
  context.recordAs(["SET", key, value, ...(expiresAt === undefined ? [] : ["PXAT", String(expiresAt)])]);
  services.pubsub.publish(key, value);
  return 1;
}

function waitForMessages(context: CommandContext, args: Arguments): Reply | undefined {
  const timeoutMs = positive(arg(args, 1), "ERR timeout is negative");
  const { keys } = countedKeys(args, 2);
  return context.wait({
    keys,
    timeoutMs: timeoutMs === 0 ? Infinity : timeoutMs,
    whenOver: null,
    attempt: ({ db }) => keys.find((key) => db.kind(key) === "list"),
  });
}

function hold({ client, db, services, store }: CommandContext, args: Arguments): Reply {
  services.holders.hold(client.id === 0 ? undefined : client, arg(args, 1), positive(arg(args, 2)));
  store.record(db.index, ["Q.HOLD", arg(args, 1), arg(args, 2)]); // so that the grace time holds after a restart too
  return OK;
}

function held({ services }: CommandContext, args: Arguments): Reply {
  services.holders.reserve(arg(args, 1), {
    database: databaseIndex(arg(args, 2)),
    unackedKey: arg(args, 3),
    indexKey: arg(args, 4),
    tag: arg(args, 5),
    list: arg(args, 6),
  });
  return OK;
}
