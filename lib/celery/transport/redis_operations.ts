/**
 * What the Redis transport does to messages that somebody has taken. Each operation happens at once, or not at all:
 *
 * | operation | embedded broker | Redis | where scripts are denied |
 * |---|---|---|---|
 * | reserve | `Q.RESERVE` | script | WATCH the lists, read, MULTI |
 * | ack | `Q.ACK` | MULTI ZREM HDEL | the same |
 * | renew | `Q.RENEW` | ZADD XX | the same |
 * | requeue | `Q.REQUEUE` | script | WATCH `unacked`, as kombu |
 * | restore | `Q.RESTORE` | lock, read, script | lock, read, WATCH |
 *
 * Spec: kombu 5.6 kombu/transport/redis.py `QoS`, `Channel._brpop_read`
 * @module
 */
import type { Logger } from "../../base/log.ts";
import type { RedisClient, RedisCommand, RespValue, ServerInfo } from "../../redis/mod.ts";
import type { RedisKeys } from "../wire/redis_keys.ts";

/** A message that was taken from a list and is recorded among the unacknowledged. */
export interface ReservedMessage {
  readonly list: string;
  /** Undefined for what was no envelope: it is gone from the list and recorded nowhere. */
  readonly tag: string | undefined;
  readonly envelope: Uint8Array;
}

/** A message to put back. */
export interface RequeuedMessage {
  readonly tag: string;
  readonly list: string;
  /** As it was taken. */
  readonly envelope: Uint8Array;
}

/** A look at lists that can go along with another command; see {@link RedisWaiter}. */
export interface ListLook {
  /** What has to run it. */
  readonly client: RedisClient;
  /** Behind the other command. */
  readonly commands: readonly RedisCommand[];
  /** To be told of the replies to `commands`. */
  taken(replies: readonly RespValue[]): void;
}

export interface RedisOperations {
  /**
   * Takes up to `limit` messages, most urgent list first.
   * @param now seconds, the score in `unacked_index`
   * @param look a look at the lists, taken in the same round trip where that can be
   */
  reserve(lists: readonly string[], now: number, limit: number, look?: ListLook): Promise<ReservedMessage[]>;
  /** Settles messages. One that is settled already changes nothing. */
  ack(tags: readonly string[]): Promise<void>;
  /** Counts messages that are still held from `now` on; one that is settled already is left alone. */
  renew(now: number, tags: readonly string[]): Promise<void>;
  /** Puts messages back, marked as redelivered, at the `front`, to be delivered next, or at the `back`. */
  requeue(side: "front" | "back", messages: readonly RequeuedMessage[]): Promise<void>;
  /**
   * Puts back to the front what was reserved before `before` (seconds) and neither settled nor renewed since.
   * @returns how many messages, at most `limit`
   */
  restore(before: number, limit: number): Promise<number>;
}

export interface OperationPorts {
  readonly client: RedisClient;
  readonly keys: RedisKeys;
  /** Names this process to the embedded broker. */
  readonly holder: string;
  /** The lists that a message of the exchange and routing key goes to, without suffix for its priority. */
  readonly queuesOf: (exchange: string, routingKey: string) => Promise<readonly string[]>;
  /** `unacked_mutex_expire` in milliseconds. */
  readonly mutexMs: number;
  readonly newId: () => string;
  readonly log: Logger;
}

/** How a server can be asked for the operations. */
export type OperationKind = "native" | "script" | "plain";

/** What the embedded broker calls itself in the reply to HELLO. */
const EMBEDDED_BROKER = "three-classics-broker";

export function isEmbeddedBroker(info: ServerInfo): boolean {
  return info.server === EMBEDDED_BROKER;
}
