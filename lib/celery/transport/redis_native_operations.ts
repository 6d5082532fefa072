import type { RespValue } from "../../redis/mod.ts";
import { textOf } from "../../redis/mod.ts";
import type { OperationPorts, RedisOperations, RequeuedMessage, ReservedMessage } from "./redis_operations.ts";

/** The operations as commands of the embedded broker. */
export class NativeOperations implements RedisOperations {
  readonly #ports: OperationPorts;

  constructor(ports: OperationPorts) {
    this.#ports = ports;
  }

  async reserve(lists: readonly string[], now: number, limit: number): Promise<ReservedMessage[]> {
    const { client, keys, holder } = this.#ports;
    const rest = [holder, now, limit, lists.length, ...lists];
    return readReserved(await client.run(["Q.RESERVE", keys.unacked, keys.unackedIndex, ...rest]));
  }

  async ack(tags: readonly string[]): Promise<void> {
    const { client, keys } = this.#ports;
    await client.run(["Q.ACK", keys.unacked, keys.unackedIndex, ...tags], { retry: "always" });
  }

  async renew(now: number, tags: readonly string[]): Promise<void> {
    const { client, keys } = this.#ports;
    await client.run(["Q.RENEW", keys.unackedIndex, now, ...tags], { retry: "always" });
  }

  async requeue(side: "front" | "back", messages: readonly RequeuedMessage[]): Promise<void> {
    const { client, keys } = this.#ports;
    const pairs = messages.flatMap(({ tag, list }) => [tag, list]);
    await client.run(["Q.REQUEUE", keys.unacked, keys.unackedIndex, side, ...pairs], { retry: "always" });
  }

  async restore(before: number, limit: number): Promise<number> {
    const { client, keys } = this.#ports;
    return Number(await client.run(["Q.RESTORE", keys.unacked, keys.unackedIndex, before, limit], { retry: "always" }));
  }
}

/** Reads the reply to a reservation: `[[list, tag or null, envelope], …]`. */
export function readReserved(reply: RespValue): ReservedMessage[] {
  const reserved: ReservedMessage[] = [];
  for (const item of Array.isArray(reply) ? reply : []) {
    const [list, tag, envelope] = Array.isArray(item) ? item : [];
    if (!(envelope instanceof Uint8Array)) continue; // no server of ours answers so
    reserved.push({ list: textOf(list) ?? "", tag: textOf(tag), envelope });
  }
  return reserved;
}
