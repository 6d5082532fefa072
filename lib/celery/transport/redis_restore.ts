import { utf8ToString } from "../../base/bytes.ts";
import { type RespValue, textOf } from "../../redis/mod.ts";
import { decodeUnacked } from "../wire/envelope.ts";
import type { OperationPorts } from "./redis_operations.ts";

/** A message whose time is up, and where it goes. */
export interface DueMessage {
  readonly tag: string;
  readonly lists: readonly string[];
  /** Marked as redelivered. */
  readonly envelope: Uint8Array;
}

/**
 * Finds what was reserved before `before`, while holding kombu's lock, and hands it to `putBack`.
 *
 * A record that cannot be read, or that no queue is bound for, stays where it is: kombu would drop it.
 *
 * Spec: kombu 5.6 kombu/transport/redis.py `QoS.restore_visible`, `restore_by_tag`, `Channel._do_restore_message`
 *
 * @param release lets go of the lock if it still holds the token
 * @returns what `putBack` returned; 0 where nothing is due or somebody else holds the lock
 */
export async function restoreDue(
  ports: OperationPorts,
  range: { readonly before: number; readonly limit: number },
  putBack: (messages: readonly DueMessage[]) => Promise<number>,
  release: (token: string) => Promise<unknown>,
): Promise<number> {
  const { client, keys, mutexMs, newId } = ports;
  const token = newId();
  const { before, limit } = range;
  const search = ["ZREVRANGEBYSCORE", keys.unackedIndex, before, "0", "LIMIT", "0", limit];
  if (!listOf(await client.run(search)).length) return 0;
  if (await client.run(["SET", keys.unackedMutex, token, "PX", mutexMs, "NX"]) === null) return 0;
  try {
    const tags = listOf(await client.run(search)).map((tag) => textOf(tag) ?? "");
    if (tags.length === 0) return 0;
    const records = listOf(await client.run(["HMGET", keys.unacked, ...tags]));
    const due: DueMessage[] = [];
    for (const [i, tag] of tags.entries()) {
      const message = await readDue(ports, tag, records[i] ?? null);
      if (message !== undefined) due.push(message);
    }
    return due.length === 0 ? 0 : await putBack(due);
  } finally {
    await release(token).catch(() => {}); // it expires by itself
  }
}

async function readDue(ports: OperationPorts, tag: string, record: RespValue): Promise<DueMessage | undefined> {
  // Settled a moment ago, or half a record of a Python worker that died between two commands: nothing to put back.
  if (!(record instanceof Uint8Array)) return { tag, lists: [], envelope: new Uint8Array(0) };
  try {
    const { envelope, exchange, routingKey, priority } = decodeUnacked(record);
    const queues = exchange === "" ? [routingKey] : await ports.queuesOf(exchange, routingKey);
    if (queues.length === 0) {
      ports.log.warn("Cannot restore a message: no queue is bound for it", { exchange, routingKey, tag });
      return undefined;
    }
    return { tag, lists: queues.map((queue) => ports.keys.list(queue, priority)), envelope };
  } catch (error) {
    const shown = utf8ToString(record.subarray(0, 64));
    ports.log.warn("Cannot restore a message: its record cannot be read", { error, tag, record: shown });
    return undefined;
  }
}

function listOf(reply: RespValue): readonly RespValue[] {
  return Array.isArray(reply) ? reply : [];
}
