import type { RedisClient, RunOptions } from "../../redis/mod.ts";
import { textOf } from "../../redis/mod.ts";
import { catchesRoutingKey, type RedisKeys, topicPattern } from "../wire/redis_keys.ts";
import type { CallOptions, Queue } from "./transport.ts";

/**
 * The bindings of queues to exchanges, which kombu keeps in sets.
 *
 * A binding is written once per process, and again by `renew`: after a reconnect the server may have lost it.
 *
 * Spec: kombu 5.6 kombu/transport/redis.py `_queue_bind`, `get_table`, `_delete`, `_purge`, `_size`
 */
export class RedisBindings {
  readonly #client: RedisClient;
  readonly #keys: RedisKeys;
  readonly #declared = new Map<string, Queue>();
  #known = new WeakSet<Queue>(); // those of them that were asked for: an answer without looking at names

  constructor(client: RedisClient, keys: RedisKeys) {
    this.#client = client;
    this.#keys = keys;
  }

  isDeclared(queue: Queue): boolean {
    if (this.#known.has(queue)) return true;
    const isDeclared = this.#declared.has(this.#id(queue));
    if (isDeclared) this.#known.add(queue);
    return isDeclared;
  }

  async declare(queue: Queue, options: CallOptions = {}): Promise<void> {
    if (this.isDeclared(queue)) return;
    if (isBound(queue)) await this.#client.run(this.#command("SADD", queue), repeatable(options));
    this.#declared.set(this.#id(queue), queue);
  }

  /** Writes every binding again. */
  async renew(): Promise<void> {
    const commands = [...this.#declared.values()].filter(isBound).map((queue) => this.#command("SADD", queue));
    if (commands.length > 0) await this.#client.runAll(commands, { retry: "always" });
  }

  /** Forgets the queue, its binding and its messages. */
  async delete(queue: Queue, options: CallOptions = {}): Promise<void> {
    this.#declared.delete(this.#id(queue));
    this.#known = new WeakSet();
    const lists = this.#keys.lists(queue.name);
    const unbind = isBound(queue) ? [this.#command("SREM", queue)] : [];
    await this.#client.runAll([...unbind, ["DEL", ...lists]], repeatable(options));
  }

  /** @returns how many messages were dropped. */
  async purge(queue: Queue, options: CallOptions = {}): Promise<number> {
    const lists = this.#keys.lists(queue.name);
    const replies = await this.#client.transaction(lists.flatMap((list) => [["LLEN", list], ["DEL", list]]), options);
    return replies.filter((_, i) => i % 2 === 0).reduce((sum: number, length) => sum + Number(length), 0);
  }

  async count(queue: Queue, options: CallOptions = {}): Promise<number> {
    const lists = this.#keys.lists(queue.name);
    const lengths = await this.#client.transaction(lists.map((list) => ["LLEN", list]), repeatable(options));
    return lengths.reduce((sum: number, length) => sum + Number(length), 0);
  }

  /** Names of the queues that a message of the exchange and routing key goes to. */
  async queuesOf(exchange: string, routingKey: string, options: CallOptions = {}): Promise<string[]> {
    if (exchange === "") return [routingKey];
    const members = await this.#client.run(["SMEMBERS", this.#keys.bindings(exchange)], repeatable(options));
    const queues = new Set<string>();
    for (const member of Array.isArray(members) ? members : []) {
      const binding = this.#keys.parseBinding(textOf(member) ?? "");
      if (binding !== undefined && catchesRoutingKey(binding, routingKey)) queues.add(binding.queue);
    }
    return [...queues];
  }

  #command(name: "SADD" | "SREM", { name: queue, exchange, routingKey }: Queue): string[] {
    const pattern = exchange.type === "topic" ? topicPattern(routingKey) : "";
    return [name, this.#keys.bindings(exchange.name), this.#keys.bindingMember({ routingKey, pattern, queue })];
  }

  #id({ name, exchange, routingKey }: Queue): string {
    return JSON.stringify([exchange.name, routingKey, name]);
  }
}

/** The default exchange reaches every queue by its name: kombu keeps no set of it, which would grow with every client. */
function isBound({ exchange }: Queue): boolean {
  return exchange.name !== "";
}

function repeatable(options: CallOptions): RunOptions {
  return { ...options, retry: "always" };
}
