import type { Entity } from "../../amqp/mod.ts";
import type { Exchange, Queue } from "./transport.ts";

/** What has to be declared for an exchange; nothing for the default one, which is always there. */
export function exchangeEntities({ name, type, durable, autoDelete }: Exchange): Entity[] {
  return name === "" ? [] : [{ kind: "exchange", declaration: { exchange: name, type, durable, autoDelete } }];
}

/**
 * What has to be declared for a queue: its exchange, itself, and the binding between them.
 *
 * Spec: kombu 5.6 kombu/entity.py `Queue.declare`
 */
export function queueEntities(queue: Queue): Entity[] {
  const { name, exchange, routingKey, durable, exclusive, autoDelete } = queue;
  const declaration = { queue: name, durable, exclusive, autoDelete, arguments: queue.arguments };
  return [
    ...exchangeEntities(exchange),
    { kind: "queue", declaration },
    ...(exchange.name === ""
      ? []
      : [{ kind: "queue-binding", binding: { queue: name, exchange: exchange.name, routingKey } } as const]),
  ];
}

/** Quorum queues know no credit that is shared by several consumers, and no priorities. */
export function isQuorum(queue: Queue): boolean {
  return queue.arguments["x-queue-type"] === "quorum";
}
