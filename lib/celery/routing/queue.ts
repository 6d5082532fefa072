import { randomUUID } from "node:crypto";
import type { Exchange, ExchangeType, Queue } from "../transport/transport.ts";
import type { HeaderValue } from "../wire/message.ts";

/** What may be said of a queue; the names are kombu's in camelCase, durations are seconds. */
export interface QueueOptions {
  /** Default: the app's default exchange in `taskQueues`, else one of the queue's own name. */
  readonly exchange?: string | Exchange;
  /** Default direct. */
  readonly exchangeType?: ExchangeType;
  /** Binding key; default: the app's default routing key in lists, the queue's name in objects. */
  readonly routingKey?: string;
  /** The same, under its other name. */
  readonly bindingKey?: string;
  /** Queue and exchange survive a restart of the broker. Default true. */
  readonly durable?: boolean;
  /** Only this connection may consume. Default false. */
  readonly exclusive?: boolean;
  /** Goes with its last consumer. Default false. */
  readonly autoDelete?: boolean;
  /** `x-…` arguments of RabbitMQ, as they are. */
  readonly queueArguments?: Readonly<Record<string, HeaderValue>>;
  /** Seconds until an unused queue goes. */
  readonly expires?: number;
  /** Seconds that a message stays. */
  readonly messageTtl?: number;
  readonly maxLength?: number;
  readonly maxLengthBytes?: number;
  readonly maxPriority?: number;
}

/** A queue as an app knows it. */
export interface KnownQueue extends Queue {
  /** Another name by which it is found: a broadcast queue's own name is different in every process. */
  readonly alias?: string;
  /** Every worker has a queue of its own; publishers do not declare any. */
  readonly isBroadcast?: boolean;
}

export function exchange(name: string, type: ExchangeType = "direct", options: Partial<Exchange> = {}): Exchange {
  return { name, type, durable: true, autoDelete: false, ...options };
}

/** Builds a queue for `taskQueues`. */
export function queue(name: string, options: QueueOptions = {}): KnownQueue {
  const { durable = true, exclusive = false, autoDelete = false, routingKey, bindingKey } = options;
  return {
    name,
    exchange: exchangeOf(name, options),
    routingKey: bindingKey ?? routingKey ?? name,
    durable,
    exclusive,
    autoDelete,
    arguments: argumentsOf(options),
  };
}

function exchangeOf(queueName: string, options: QueueOptions): Exchange {
  const { exchange: given = queueName, exchangeType = "direct", durable = true, autoDelete = false } = options;
  return typeof given === "string" ? exchange(given, exchangeType, { durable, autoDelete }) : given;
}

/** Options that kombu turns into arguments of RabbitMQ, in whole milliseconds. */
function argumentsOf(options: QueueOptions): Readonly<Record<string, HeaderValue>> {
  const { expires, messageTtl, maxLength, maxLengthBytes, maxPriority } = options;
  const given: Record<string, HeaderValue | undefined> = {
    "x-expires": expires === undefined ? undefined : Math.trunc(expires * 1000),
    "x-message-ttl": messageTtl === undefined ? undefined : Math.trunc(messageTtl * 1000),
    "x-max-length": maxLength,
    "x-max-length-bytes": maxLengthBytes,
    "x-max-priority": maxPriority,
  };
  const named = Object.entries(given).filter((entry): entry is [string, HeaderValue] => entry[1] !== undefined);
  return { ...options.queueArguments, ...Object.fromEntries(named) };
}

/**
 * A queue whose messages go to every worker. Results of such tasks overwrite each other: all runs share one id.
 *
 * Spec: kombu 5.6 kombu/common.py `Broadcast`
 */
export function broadcastQueue(name: string): KnownQueue {
  return {
    name: `bcast.${randomUUID()}`,
    exchange: exchange(name, "fanout"),
    routingKey: "",
    durable: true,
    exclusive: false,
    autoDelete: true,
    arguments: {},
    alias: name,
    isBroadcast: true,
  };
}

/**
 * The queue that only one worker consumes from: `applyAsync(args, { queue: workerDirectQueue("w1@host") })`. The worker has it with
 * the setting `workerDirect`.
 *
 * Spec: celery 5.6 celery/utils/nodenames.py `worker_direct`
 */
export function workerDirectQueue(node: string): KnownQueue {
  return queue(`${node}.dq2`, { exchange: "C.dq2", routingKey: node });
}
