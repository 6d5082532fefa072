import {
  OptimisticTransactions,
  type RedisClient,
  type RedisConnection,
  RedisError,
  type ServerInfo,
} from "../../redis/mod.ts";
import { NativeOperations } from "./redis_native_operations.ts";
import {
  isEmbeddedBroker,
  type ListLook,
  type OperationKind,
  type OperationPorts,
  type RedisOperations,
  type RequeuedMessage,
  type ReservedMessage,
} from "./redis_operations.ts";
import { PlainOperations } from "./redis_plain_operations.ts";
import { ScriptOperations } from "./redis_script_operations.ts";

/**
 * The operations in the way that the present server offers. Found out on every new connection, because the next one may
 * lead to another server.
 *
 * Owns: the connection for watched transactions, opened if it is needed.
 */
export class ServerOperations implements RedisOperations {
  readonly #client: RedisClient;
  readonly #native: RedisOperations;
  readonly #script: RedisOperations;
  readonly #plain: RedisOperations;
  readonly #transactions: OptimisticTransactions;
  #kind: OperationKind | undefined;

  constructor(ports: OperationPorts) {
    this.#client = ports.client;
    this.#transactions = new OptimisticTransactions(ports.client);
    this.#native = new NativeOperations(ports);
    this.#script = new ScriptOperations(ports);
    this.#plain = new PlainOperations(ports, this.#transactions);
  }

  /** What the present server offers; undefined before the first connection. */
  get kind(): OperationKind | undefined {
    return this.#kind;
  }

  /** To be called with every new connection, before it is used. */
  async prepare(
    connection: RedisConnection,
    info: ServerInfo,
    hold: { holder: string; graceMs: number },
  ): Promise<void> {
    if (isEmbeddedBroker(info)) {
      await connection.run(["Q.HOLD", hold.holder, hold.graceMs]);
      this.#kind = "native";
      return;
    }
    const [reply] = await connection.runAll([["EVALSHA", "0".repeat(40), "0"]]);
    this.#kind = reply instanceof RedisError && reply.prefix === "NOSCRIPT" ? "script" : "plain";
  }

  async reserve(lists: readonly string[], now: number, limit: number, look?: ListLook): Promise<ReservedMessage[]> {
    return await (await this.#present()).reserve(lists, now, limit, look);
  }

  async ack(tags: readonly string[]): Promise<void> {
    await (await this.#present()).ack(tags);
  }

  async renew(now: number, tags: readonly string[]): Promise<void> {
    await (await this.#present()).renew(now, tags);
  }

  async requeue(side: "front" | "back", messages: readonly RequeuedMessage[]): Promise<void> {
    await (await this.#present()).requeue(side, messages);
  }

  async restore(before: number, limit: number): Promise<number> {
    return await (await this.#present()).restore(before, limit);
  }

  async close(): Promise<void> {
    await this.#transactions.close();
  }

  async #present(): Promise<RedisOperations> {
    if (this.#kind === undefined) await this.#client.ready();
    switch (this.#kind) {
      case "native":
        return this.#native;
      case "script":
        return this.#script;
      default:
        return this.#plain;
    }
  }
}
