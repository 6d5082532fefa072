import type { RedisCommand } from "../../redis/mod.ts";
import { markRedelivered } from "../wire/envelope.ts";
import { readReserved } from "./redis_native_operations.ts";
import type {
  ListLook,
  OperationPorts,
  RedisOperations,
  RequeuedMessage,
  ReservedMessage,
} from "./redis_operations.ts";
import { type DueMessage, restoreDue } from "./redis_restore.ts";
import { REQUEUE, RESERVE, UNLOCK } from "./redis_scripts.ts";

/** The operations on a Redis that runs scripts. */
export class ScriptOperations implements RedisOperations {
  readonly #ports: OperationPorts;

  constructor(ports: OperationPorts) {
    this.#ports = ports;
  }

  async reserve(lists: readonly string[], now: number, limit: number, look?: ListLook): Promise<ReservedMessage[]> {
    const { client, keys } = this.#ports;
    const runner = look?.client ?? client;
    const [reserved = null, ...rest] = await runner.scriptThen(
      RESERVE,
      [keys.unacked, keys.unackedIndex, ...lists],
      [now, limit],
      look?.commands ?? [],
    );
    look?.taken(rest);
    return readReserved(reserved);
  }

  async ack(tags: readonly string[]): Promise<void> {
    await this.#ports.client.transaction(ackCommands(this.#ports, tags), { retry: "always" });
  }

  async renew(now: number, tags: readonly string[]): Promise<void> {
    await this.#ports.client.run(renewCommand(this.#ports, now, tags), { retry: "always" });
  }

  async requeue(side: "front" | "back", messages: readonly RequeuedMessage[]): Promise<void> {
    await this.#putBack(
      side,
      "inf",
      messages.map(({ tag, list, envelope }) => ({ tag, lists: [list], envelope: markRedelivered(envelope) })),
    );
  }

  async restore(before: number, limit: number): Promise<number> {
    const { client, keys } = this.#ports;
    return await restoreDue(
      this.#ports,
      { before, limit },
      (due) => this.#putBack("front", before, due),
      (token) => client.script(UNLOCK, [keys.unackedMutex], [token]),
    );
  }

  async #putBack(side: "front" | "back", latest: number | "inf", messages: readonly DueMessage[]): Promise<number> {
    const { client, keys } = this.#ports;
    const lists = messages.flatMap((message) => message.lists);
    const entries = messages.flatMap(({ tag, envelope, lists }) => [tag, envelope, lists.length]);
    const push = side === "front" ? "RPUSH" : "LPUSH";
    return Number(
      await client.script(REQUEUE, [keys.unacked, keys.unackedIndex, ...lists], [push, latest, ...entries], {
        retry: "always", // what went back already is not among the unacknowledged any more
      }),
    );
  }
}

/** What settles messages, as kombu does it. */
export function ackCommands({ keys }: OperationPorts, tags: readonly string[]): RedisCommand[] {
  return [["ZREM", keys.unackedIndex, ...tags], ["HDEL", keys.unacked, ...tags]];
}

/** What renews messages that are still there, and only those. */
export function renewCommand({ keys }: OperationPorts, now: number, tags: readonly string[]): RedisCommand {
  return ["ZADD", keys.unackedIndex, "XX", ...tags.flatMap((tag) => [now, tag])];
}
