import { UsageError } from "../../base/errors.ts";
import type { Exchange, Route } from "../transport/transport.ts";
import type { KnownQueue } from "./queue.ts";
import type { QueueTable } from "./queue_table.ts";
import type { RoutedOptions } from "./router.ts";

export interface Destination {
  readonly route: Route;
  /** Null where a call names an exchange alone. */
  readonly queueName: string | null;
}

const plain = new WeakMap<KnownQueue, Destination>();

/**
 * Where a message with these options goes.
 *
 * For a direct exchange that is the default exchange with the queue's name, whatever exchange the queue is bound to; an exchange
 * and routing key that were both given are taken as they are; other exchanges get the queue's.
 *
 * Spec: celery 5.6 celery/app/amqp.py `send_task_message`
 *
 * @throws {UsageError} for a queue and exchange that lead nowhere
 */
export function destination(options: RoutedOptions, queues: QueueTable): Destination {
  const { exchange: given, routing_key: routingKey } = options;
  if (!given && !routingKey && options.queue !== undefined) return ofQueue(options.queue, queues);
  const queue = options.queue ?? (given ? undefined : queues.defaultQueue);
  const exchange = typeof given === "object" && given !== null ? given : undefined;
  const name = exchange?.name ?? (typeof given === "string" ? given : undefined);
  const type = options.exchange_type ?? exchange?.type ?? queue?.exchange.type ?? "direct";
  if (type === "direct" && (!name || !routingKey)) {
    if (queue === undefined) {
      throw new UsageError(`Cannot send the task: the direct exchange "${name}" needs a routing key or a queue`);
    }
    return ofQueue(queue, queues);
  }
  const target: Exchange | undefined = queue?.exchange;
  return {
    queueName: queue?.name ?? null,
    route: {
      exchange: name ?? target?.name ?? queues.defaultExchange.name,
      exchangeType: type,
      routingKey: routingKey ?? (name ? "" : queue?.routingKey || queues.defaultRoutingKey),
      ...(queue === undefined || queue.isBroadcast === true ? {} : { queue }),
    },
  };
}

/** The commonest destination is made once for each queue. */
function ofQueue(queue: KnownQueue, queues: QueueTable): Destination {
  let known = plain.get(queue);
  if (known === undefined) plain.set(queue, known = makeOfQueue(queue, queues));
  return known;
}

function makeOfQueue(queue: KnownQueue, queues: QueueTable): Destination {
  const { name, exchange } = queue;
  const declared = queue.isBroadcast === true ? {} : { queue };
  if (exchange.type === "direct") {
    return { queueName: name, route: { exchange: "", exchangeType: "direct", routingKey: name, ...declared } };
  }
  const routingKey = queue.routingKey || (exchange.type === "fanout" ? "" : queues.defaultRoutingKey);
  return { queueName: name, route: { exchange: exchange.name, exchangeType: exchange.type, routingKey, ...declared } };
}
