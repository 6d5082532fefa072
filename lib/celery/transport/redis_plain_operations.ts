import { type OptimisticTransactions, type RedisCommand, RedisError, type RespValue, textOf } from "../../redis/mod.ts";
import { encodeUnacked, envelopeAddress, markRedelivered } from "../wire/envelope.ts";
import type { OperationPorts, RedisOperations, RequeuedMessage, ReservedMessage } from "./redis_operations.ts";
import { type DueMessage, restoreDue } from "./redis_restore.ts";
import { ackCommands, renewCommand } from "./redis_script_operations.ts";

/** Attempts to reserve before falling back to kombu's way. */
const RESERVE_ATTEMPTS = 30;
/** Attempts to put one message back; `unacked` changes with every message of every worker. */
const REQUEUE_ATTEMPTS = 100;

/**
 * The operations on a Redis where scripts are denied: watched transactions, which cost more round trips and fail when
 * somebody else is quicker.
 */
export class PlainOperations implements RedisOperations {
  readonly #ports: OperationPorts;
  readonly #transactions: OptimisticTransactions;

  constructor(ports: OperationPorts, transactions: OptimisticTransactions) {
    this.#ports = ports;
    this.#transactions = transactions;
  }

  async reserve(lists: readonly string[], now: number, limit: number): Promise<ReservedMessage[]> {
    let reserved: ReservedMessage[] = [];
    try {
      await this.#transactions.run(lists, async (read) => {
        reserved = [];
        const { unacked, unackedIndex } = this.#ports.keys;
        const contents = await read([
          ...lists.map((list) => ["LRANGE", list, -limit, -1]),
          ...[["HLEN", unacked], ["ZCARD", unackedIndex]], // EXEC does half of what is asked for if one has a wrong type
        ]);
        const refusal = contents.find((reply) => reply instanceof RedisError);
        if (refusal !== undefined) throw refusal;
        const commands: RedisCommand[] = [];
        for (const [i, list] of lists.entries()) {
          const taken = itemsOf(contents[i] ?? null).reverse().slice(0, limit - reserved.length);
          if (taken.length === 0) continue;
          commands.push(["LTRIM", list, 0, -taken.length - 1]);
          for (const envelope of taken) reserved.push({ list, tag: envelopeAddress(envelope)?.deliveryTag, envelope });
        }
        return reserved.length === 0 ? undefined : [...commands, ...this.#record(reserved, now)];
      }, { attempts: RESERVE_ATTEMPTS, retry: "unsent" });
    } catch (error) {
      if (!(error instanceof RedisError) || error.prefix !== "EXECABORT") throw error;
      return await this.#reserveOne(lists, now); // too many publishers: take one and record it, as kombu does
    }
    return reserved;
  }

  async ack(tags: readonly string[]): Promise<void> {
    await this.#ports.client.transaction(ackCommands(this.#ports, tags), { retry: "always" });
  }

  async renew(now: number, tags: readonly string[]): Promise<void> {
    await this.#ports.client.run(renewCommand(this.#ports, now, tags), { retry: "always" });
  }

  async requeue(side: "front" | "back", messages: readonly RequeuedMessage[]): Promise<void> {
    for (const { tag, list, envelope } of messages) {
      await this.#putBack(side, Infinity, { tag, lists: [list], envelope: markRedelivered(envelope) });
    }
  }

  async restore(before: number, limit: number): Promise<number> {
    const { keys } = this.#ports;
    return await restoreDue(
      this.#ports,
      { before, limit },
      async (due) => {
        let count = 0;
        for (const message of due) if (await this.#putBack("front", before, message)) count++;
        return count;
      },
      (token) =>
        this.#transactions.run([keys.unackedMutex], async (read) => {
          const [holder] = await read([["GET", keys.unackedMutex]]);
          return textOf(holder) === token ? [["DEL", keys.unackedMutex]] : undefined;
        }),
    );
  }

  #record(reserved: readonly ReservedMessage[], now: number): RedisCommand[] {
    const { keys } = this.#ports;
    const commands: RedisCommand[] = [];
    for (const { envelope } of reserved) {
      const address = envelopeAddress(envelope);
      if (address === undefined) continue;
      commands.push(["ZADD", keys.unackedIndex, now, address.deliveryTag]);
      commands.push(["HSET", keys.unacked, address.deliveryTag, encodeUnacked(envelope, address)]);
    }
    return commands;
  }

  /** Not at once: a worker that dies between the two steps loses the message, as Python's would. */
  async #reserveOne(lists: readonly string[], now: number): Promise<ReservedMessage[]> {
    const { client } = this.#ports;
    for (const list of lists) {
      const envelope = await client.run(["RPOP", list]);
      if (!(envelope instanceof Uint8Array)) continue;
      const reserved = { list, tag: envelopeAddress(envelope)?.deliveryTag, envelope };
      const commands = this.#record([reserved], now);
      if (commands.length > 0) await client.transaction(commands, { retry: "always" });
      return [reserved];
    }
    return [];
  }

  /** @returns false if it was settled, or renewed after `latest`, meanwhile. */
  async #putBack(side: "front" | "back", latest: number, { tag, lists, envelope }: DueMessage): Promise<boolean> {
    const { keys } = this.#ports;
    const replies = await this.#transactions.run([keys.unacked], async (read) => {
      const [exists, score] = await read([["HEXISTS", keys.unacked, tag], ["ZSCORE", keys.unackedIndex, tag]]);
      if (Number(textOf(score) ?? 0) > latest) return undefined;
      const drop = ackCommands(this.#ports, [tag]);
      if (exists !== 1) return drop;
      return [...drop, ...lists.map((list) => [side === "front" ? "RPUSH" : "LPUSH", list, envelope])];
    }, { attempts: REQUEUE_ATTEMPTS, retry: "always" });
    return replies !== undefined && replies.length > 2;
  }
}

function itemsOf(reply: RespValue): Uint8Array[] {
  return Array.isArray(reply) ? reply.filter((item) => item instanceof Uint8Array) : [];
}
