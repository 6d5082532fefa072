/**
 * Where kombu would put a message back: through the bindings of its exchange, into the list of its priority.
 *
 * Spec: kombu 5.6 kombu/transport/virtual/base.py `_lookup`, exchange.py `DirectExchange.lookup`, `TopicExchange.lookup`
 * @module
 */
import type { Database } from "../store/database.ts";
import { listFor, readUnacked, SEPARATOR } from "../wire/envelope.ts";
import type { CommandContext } from "./command.ts";

const BINDING_PREFIX = "_kombu.binding.";
const UNACKED = "unacked";

/** The lists that the unacknowledged message goes back to; none where no queue is bound. */
export function listsOf({ db, services }: CommandContext, unackedKey: string, tag: string): string[] {
  const reservedFrom = services.holders.listOf(tag);
  if (reservedFrom !== undefined) return [reservedFrom];
  const record = db.read(unackedKey, "hash")?.get(tag);
  const unacked = record === undefined ? undefined : readUnacked(record);
  if (unacked === undefined) return [];
  // A key prefix of the peer's (kombu's global_keyprefix) stands before this key as before all others.
  const prefix = unackedKey.endsWith(UNACKED) ? unackedKey.slice(0, -UNACKED.length) : "";
  const { envelope, exchange, routingKey } = unacked;
  return queuesOf(db, prefix, exchange, routingKey).map((queue) => prefix + listFor(queue, envelope));
}

function queuesOf(db: Database, prefix: string, exchange: string, routingKey: string): string[] {
  if (exchange === "") return [routingKey];
  const queues = new Set<string>();
  for (const binding of db.read(`${prefix}${BINDING_PREFIX}${exchange}`, "set")?.members() ?? []) {
    const [key = "", pattern = "", queue = ""] = binding.split(SEPARATOR);
    if (pattern === "" ? key === routingKey : matchesTopic(key, routingKey)) queues.add(queue);
  }
  return [...queues];
}

/**
 * Matches as kombu's regular expressions do (`*` is `.*?[^.]`, `#` is `.*?`), dots included: there `a.*` also matches `a.b.c`.
 * Texts are short, and the walk over pattern and text is bounded by their product.
 */
function matchesTopic(pattern: string, text: string): boolean {
  const words = pattern.split(".");
  let ends = new Set([0]); // where in the text the words so far may have ended
  words.forEach((word, i) => {
    const next = new Set<number>();
    for (const end of ends) {
      const start = i === 0 ? end : text[end] === "." ? end + 1 : -1;
      if (start === -1) continue;
      if (word === "#") { for (let to = start; to <= text.length; to++) next.add(to); }
      else if (word === "*") {
        for (let to = start + 1; to <= text.length; to++) if (text[to - 1] !== ".") next.add(to);
      } else if (text.startsWith(word, start)) next.add(start + word.length);
    }
    ends = next;
  });
  return ends.has(text.length);
}
