import { ConnectionError } from "../../base/errors.ts";
import { type RedisClient, textOf } from "../../redis/mod.ts";
import { decodeUnacked } from "../wire/envelope.ts";
import type {
  ListLook,
  OperationPorts,
  RedisOperations,
  RequeuedMessage,
  ReservedMessage,
} from "./redis_operations.ts";
import type { RedisLeases } from "./redis_leases.ts";

/** As {@link ReservedMessage}; without a tag also where nothing is recorded, and so nothing can be settled. */
export type TakenMessage = ReservedMessage;

/**
 * Takes messages and records them. If the connection is lost before the answer, nobody here knows which messages were taken:
 * their score tells, which no other reservation has, and they go back to the front.
 */
export async function takeRecorded(
  ports: OperationPorts & { readonly operations: RedisOperations; readonly leases: RedisLeases },
  lists: readonly string[],
  limit: number,
  look?: ListLook,
): Promise<readonly TakenMessage[]> {
  const score = ports.leases.now();
  try {
    return await ports.operations.reserve(lists, score, limit, look);
  } catch (error) {
    if (error instanceof ConnectionError && error.maybeSent) {
      giveBackLost(ports, lists, score).catch((reason) => { // they come back by their visibility timeout
        ports.log.warn("Cannot find the messages that were taken while the connection was lost", { error: reason });
      });
    }
    throw error;
  }
}

async function giveBackLost(
  ports: OperationPorts & { readonly operations: RedisOperations },
  lists: readonly string[],
  score: number,
): Promise<void> {
  const { client, keys, log, operations } = ports;
  const found = await client.run(["ZRANGEBYSCORE", keys.unackedIndex, score, score], { retry: "always" });
  const tags = Array.isArray(found) ? found.map((tag) => textOf(tag) ?? "") : [];
  if (tags.length === 0) return;
  const records = await client.run(["HMGET", keys.unacked, ...tags], { retry: "always" });
  const lost: RequeuedMessage[] = [];
  for (const [i, tag] of tags.entries()) {
    const record = Array.isArray(records) ? records[i] : undefined;
    if (!(record instanceof Uint8Array)) continue;
    const { envelope, exchange, routingKey, priority } = decodeUnacked(record);
    const queues = exchange === "" ? [routingKey] : await ports.queuesOf(exchange, routingKey);
    const list = queues.map((queue) => keys.list(queue, priority)).find((one) => lists.includes(one));
    if (list !== undefined) lost.push({ tag, list, envelope });
  }
  if (lost.length > 0) await operations.requeue("front", lost);
  log.warn("The connection was lost while messages were taken: they go back to their queues", {
    messages: lost.length,
  });
}

/** Takes messages that nobody has to settle, one from each list at a time: at most once, as control messages are meant. */
export async function takeUnrecorded(
  client: RedisClient,
  lists: readonly string[],
  limit: number,
): Promise<readonly TakenMessage[]> {
  const replies = await client.runAll(lists.slice(0, limit).map((list) => ["RPOP", list]), { retry: "unsent" });
  return replies.flatMap((envelope, i) =>
    envelope instanceof Uint8Array ? [{ list: lists[i] ?? "", tag: undefined, envelope }] : []
  );
}
