import type { Channel } from "./channel.ts";
import {
  bindExchange,
  bindQueue,
  declareExchange,
  declareQueue,
  type ExchangeBinding,
  type ExchangeDeclaration,
  type QueueBinding,
  type QueueDeclaration,
} from "./entities.ts";
import { AmqpError } from "./errors.ts";
import type { FieldTable } from "./wire/field_table.ts";

/** Something that was declared and has to be there again after a reconnect. */
export type Entity =
  | { readonly kind: "exchange"; readonly declaration: ExchangeDeclaration }
  | { readonly kind: "queue"; readonly declaration: QueueDeclaration }
  | { readonly kind: "queue-binding"; readonly binding: QueueBinding }
  | { readonly kind: "exchange-binding"; readonly binding: ExchangeBinding };

/** Declares one entity; resolves when the broker has it. */
export async function declareEntity(channel: Channel, entity: Entity): Promise<void> {
  switch (entity.kind) {
    case "exchange":
      return await declareExchange(channel, entity.declaration);
    case "queue":
      return void await declareQueue(channel, entity.declaration);
    case "queue-binding":
      return await bindQueue(channel, entity.binding);
    case "exchange-binding":
      return await bindExchange(channel, entity.binding);
  }
}

/** What was declared over a client, in that order: what a broker that lost it (a restart, a deleted queue) is told again. */
export class Topology {
  readonly #entities = new Map<string, Entity>();

  get size(): number {
    return this.#entities.size;
  }

  add(entity: Entity): void {
    this.#entities.set(keyOf(entity), entity);
  }

  has(entity: Entity): boolean {
    return this.#entities.has(keyOf(entity));
  }

  remove(entity: Entity): void {
    this.#entities.delete(keyOf(entity));
  }

  /** Forgets a queue and its bindings. */
  removeQueue(queue: string): void {
    for (const [key, entity] of this.#entities) {
      if (isAboutQueue(entity, queue)) this.#entities.delete(key);
    }
  }

  /** Forgets an exchange and its bindings. */
  removeExchange(exchange: string): void {
    for (const [key, entity] of this.#entities) {
      if (exchangesOf(entity).includes(exchange)) this.#entities.delete(key);
    }
  }

  /** All that has to be declared, in order. */
  all(): Entity[] {
    return [...this.#entities.values()];
  }

  /** What one queue needs: itself, its bindings, and the exchanges they name. */
  forQueue(queue: string): Entity[] {
    const own = this.all().filter((entity) => isAboutQueue(entity, queue));
    const exchanges = new Set(own.flatMap(exchangesOf));
    const needed = this.all().filter((entity) =>
      entity.kind === "exchange" && exchanges.has(entity.declaration.exchange)
    );
    return [...needed, ...own];
  }
}

/**
 * Declares entities again, all in one go. One that the broker refuses, which ends the channel, is handed to `onRefused`,
 * and the rest goes on over the next channel.
 *
 * @throws {ConnectionError} if the connection ends.
 */
export async function restoreEntities(
  entities: readonly Entity[],
  openChannel: () => Promise<Channel>,
  onRefused: (entity: Entity, error: AmqpError) => void,
): Promise<void> {
  let rest = entities;
  while (rest.length > 0) {
    const channel = await openChannel();
    const outcomes = await Promise.allSettled(rest.map((entity) => declareEntity(channel, entity)));
    const failed = outcomes.findIndex(({ status }) => status === "rejected");
    const outcome = outcomes[failed];
    if (outcome?.status !== "rejected") return await channel.close();
    const entity = rest[failed];
    if (!(outcome.reason instanceof AmqpError) || entity === undefined) throw outcome.reason;
    onRefused(entity, outcome.reason);
    rest = rest.slice(failed + 1);
  }
}

function isAboutQueue(entity: Entity, queue: string): boolean {
  return entity.kind === "queue" && entity.declaration.queue === queue ||
    entity.kind === "queue-binding" && entity.binding.queue === queue;
}

function exchangesOf(entity: Entity): string[] {
  switch (entity.kind) {
    case "exchange":
      return [entity.declaration.exchange];
    case "queue":
      return [];
    case "queue-binding":
      return [entity.binding.exchange];
    case "exchange-binding":
      return [entity.binding.source, entity.binding.destination];
  }
}

function keyOf(entity: Entity): string {
  switch (entity.kind) {
    case "exchange":
      return JSON.stringify(["exchange", entity.declaration.exchange]);
    case "queue":
      return JSON.stringify(["queue", entity.declaration.queue]);
    case "queue-binding": {
      const { queue, exchange, routingKey } = entity.binding;
      return JSON.stringify(["queue-binding", queue, exchange, routingKey, textOf(entity.binding.arguments)]);
    }
    case "exchange-binding": {
      const { destination, source, routingKey } = entity.binding;
      return JSON.stringify(["exchange-binding", destination, source, routingKey, textOf(entity.binding.arguments)]);
    }
  }
}

function textOf(table: FieldTable = {}): string {
  return Object.entries(table).map(([name, value]) => `${name}=${String(value)}`).join();
}
