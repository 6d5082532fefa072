import { LimitError } from "../../base/errors.ts";
import type { Message } from "../wire/message.ts";
import type { Broadcast, Queue, Route } from "./transport.ts";

/** Messages that one queue holds at most. */
const MAX_QUEUED = 1_000_000;

/** A message in a queue. */
export interface Queued {
  readonly message: Message;
  readonly exchange: string;
  readonly routingKey: string;
  readonly redelivered: boolean;
}

interface MemoryQueue {
  /** By priority, 0 first; oldest first in each. */
  readonly byPriority: Map<number, Queued[]>;
  readonly listeners: Set<() => void>;
}

interface MemorySubscription {
  readonly exchange: string;
  readonly matches: (key: string) => boolean;
  readonly onBroadcast: (broadcast: Broadcast) => void;
}

/**
 * Queues, bindings and subscriptions in the memory of this process. Apps that share one see each other's messages:
 * `brokerTransportOptions: { broker: new MemoryBroker() }`; otherwise each app has its own.
 */
export class MemoryBroker {
  readonly #queues = new Map<string, MemoryQueue>();
  /** Queues by exchange. */
  readonly #bindings = new Map<string, Map<string, Queue>>();
  readonly #subscriptions = new Set<MemorySubscription>();

  declare(queue: Queue): void {
    this.#queue(queue.name);
    const bound = this.#bindings.get(queue.exchange.name) ?? new Map<string, Queue>();
    this.#bindings.set(queue.exchange.name, bound.set(queue.name, queue));
  }

  delete(queue: Queue): void {
    this.#queues.delete(queue.name);
    this.#bindings.get(queue.exchange.name)?.delete(queue.name);
  }

  /** Puts a message into every queue that its route reaches; nowhere, if none does. */
  publish(message: Message, route: Route): void {
    const queued = { message, exchange: route.exchange, routingKey: route.routingKey, redelivered: false };
    for (const name of this.#destinations(route)) this.put(name, queued, "back");
  }

  put(queueName: string, queued: Queued, side: "front" | "back"): void {
    const queue = this.#queue(queueName);
    const priority = queued.message.properties.priority ?? 0;
    const list = queue.byPriority.get(priority) ?? [];
    if (list.length >= MAX_QUEUED) {
      throw new LimitError(`Cannot queue in ${queueName}: it holds ${list.length} messages, limit is ${MAX_QUEUED}`);
    }
    queue.byPriority.set(priority, list);
    if (side === "front") list.unshift(queued);
    else list.push(queued);
    for (const listener of queue.listeners) listener();
  }

  /** Takes the next message, most urgent first. */
  take(queueName: string): Queued | undefined {
    const queue = this.#queue(queueName);
    const priorities = [...queue.byPriority.keys()].sort((a, b) => a - b);
    for (const priority of priorities) {
      const list = queue.byPriority.get(priority) ?? [];
      const next = list.shift();
      if (list.length === 0) queue.byPriority.delete(priority);
      if (next !== undefined) return next;
    }
    return undefined;
  }

  count(queueName: string): number {
    return [...this.#queue(queueName).byPriority.values()].reduce((sum, list) => sum + list.length, 0);
  }

  consumers(queueName: string): number {
    return this.#queue(queueName).listeners.size;
  }

  purge(queueName: string): number {
    const count = this.count(queueName);
    this.#queue(queueName).byPriority.clear();
    return count;
  }

  /** Calls `listener` whenever a message arrives in the queue; returns how to stop. */
  listen(queueName: string, listener: () => void): () => void {
    const { listeners } = this.#queue(queueName);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  subscribe(exchange: string, pattern: string, onBroadcast: (broadcast: Broadcast) => void): () => void {
    const subscription = { exchange, matches: topicMatcher(pattern === "" ? "#" : pattern), onBroadcast };
    this.#subscriptions.add(subscription);
    return () => void this.#subscriptions.delete(subscription);
  }

  /** @returns how many heard it */
  broadcast(broadcast: Broadcast): number {
    const listeners = [...this.#subscriptions].filter(({ exchange, matches }) =>
      exchange === broadcast.exchange && matches(broadcast.routingKey)
    );
    for (const { onBroadcast } of listeners) onBroadcast(broadcast);
    return listeners.length;
  }

  #destinations({ exchange, exchangeType, routingKey }: Route): string[] {
    if (exchange === "") return [routingKey];
    const bound = [...this.#bindings.get(exchange)?.values() ?? []];
    const reached = bound.filter((queue) =>
      exchangeType === "fanout" ||
      (exchangeType === "topic" ? topicMatcher(queue.routingKey)(routingKey) : queue.routingKey === routingKey)
    );
    return reached.map((queue) => queue.name);
  }

  #queue(name: string): MemoryQueue {
    let queue = this.#queues.get(name);
    if (queue === undefined) this.#queues.set(name, queue = { byPriority: new Map(), listeners: new Set() });
    return queue;
  }
}

/** AMQP's topics: `*` is one word, `#` any number of them. */
function topicMatcher(pattern: string): (key: string) => boolean {
  const words = pattern.split(".").map((word) => {
    if (word === "*") return "\\.[^.]+";
    return word === "#" ? "(?:\\.[^.]+)*" : `\\.${word.replace(/[^\w]/g, "\\$&")}`;
  });
  const whole = new RegExp(`^${words.join("")}$`);
  return (key) => whole.test(key === "" ? "" : `.${key}`);
}
