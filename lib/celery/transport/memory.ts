// deno-lint-ignore-file require-await -- async by interface: what is thrown has to reject
import { ConnectionError } from "../../base/errors.ts";
import { MemoryBroker } from "./memory_broker.ts";
import { MemoryConsumer } from "./memory_consumer.ts";
import type { TransportOptions } from "./options.ts";
import type {
  Broadcast,
  ConsumeOptions,
  Consumer,
  Exchange,
  Queue,
  QueueCounts,
  Route,
  Subscription,
  Transport,
  TransportCapabilities,
  TransportState,
} from "./transport.ts";
import type { Message } from "../wire/message.ts";

/** Queues in the memory of this process: for tests, and for apps that need no broker. */
export class MemoryTransport implements Transport {
  readonly name = "memory";
  readonly uri = "memory://localhost//";
  readonly capabilities: TransportCapabilities = {
    firstPriority: 0,
    rpc: true,
    queueArguments: false,
    storedBroadcasts: false,
  };
  readonly #broker: MemoryBroker;
  readonly #consumers = new Set<Consumer>();
  readonly #listeners = new Set<(state: TransportState) => void>();
  #state: TransportState = { kind: "ready", generation: 1 };

  constructor(broker: MemoryBroker = new MemoryBroker()) {
    this.#broker = broker;
  }

  get state(): TransportState {
    return this.#state;
  }

  onState(listener: (state: TransportState) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async ready(): Promise<void> {
    this.#checkOpen("use the broker");
  }

  async declareQueue(queue: Queue): Promise<void> {
    this.#broker.declare(queue);
  }

  async deleteQueue(queue: Queue): Promise<void> {
    this.#broker.delete(queue);
  }

  async purge(queue: Queue): Promise<number> {
    return this.#broker.purge(queue.name);
  }

  async counts(queue: Queue): Promise<QueueCounts> {
    return { messages: this.#broker.count(queue.name), consumers: this.#broker.consumers(queue.name) };
  }

  async publish(message: Message, route: Route): Promise<void> {
    this.#checkOpen("publish");
    if (route.queue !== undefined) this.#broker.declare(route.queue);
    this.#broker.publish(message, route);
  }

  async consume(options: ConsumeOptions): Promise<Consumer> {
    this.#checkOpen("consume");
    const consumer = new MemoryConsumer(this.#broker, options);
    this.#consumers.add(consumer);
    return consumer;
  }

  async broadcast(exchange: Exchange, routingKey: string, message: Message): Promise<number> {
    this.#checkOpen("broadcast");
    return this.#broker.broadcast({ message, exchange: exchange.name, routingKey });
  }

  async subscribe(queue: Queue, onBroadcast: (broadcast: Broadcast) => void): Promise<Subscription> {
    const unsubscribe = this.#broker.subscribe(queue.exchange.name, queue.routingKey, onBroadcast);
    return { close: async () => unsubscribe() };
  }

  async close(): Promise<void> {
    for (const consumer of this.#consumers) await consumer.close();
    this.#state = { kind: "closed", reason: undefined };
    for (const listener of this.#listeners) listener(this.#state);
  }

  #checkOpen(attempt: string): void {
    if (this.#state.kind === "closed") throw new ConnectionError(`Cannot ${attempt}: the transport was closed`);
  }
}

/** `memory://`; the option `broker` shares a {@link MemoryBroker} between apps. */
export function createMemoryTransport({ transportOptions }: TransportOptions): Transport {
  const { broker } = transportOptions;
  return new MemoryTransport(broker instanceof MemoryBroker ? broker : undefined);
}
