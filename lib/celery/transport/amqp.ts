import {
  AmqpClient,
  AmqpError,
  deleteQueue,
  inspectQueue,
  type OutgoingMessage,
  purgeQueue,
  ReplyCode,
} from "../../amqp/mod.ts";
import { PyDateTime } from "../../base/pyvalue.ts";
import type { Message } from "../wire/message.ts";
import { AmqpConsumer } from "./amqp_consumer.ts";
import { canDelay, delayedBindings, delayedEntities, delayedRoute } from "./amqp_delayed.ts";
import { exchangeEntities, isQuorum, queueEntities } from "./amqp_entities.ts";
import { fromBasicProperties, toBasicProperties } from "./amqp_message.ts";
import { type AmqpSettings, readAmqpOptions } from "./amqp_options.ts";
import type { TransportOptions } from "./options.ts";
import type {
  Broadcast,
  CallOptions,
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

/**
 * RabbitMQ, with exactly Celery's exchanges, queues and arguments.
 *
 * Publishing and consuming have a connection each, because RabbitMQ stops reading from one that publishes too much, and
 * acknowledgements would wait behind. Every publish is confirmed. One to a queue that is known is `mandatory`: if it comes back
 * because the queue is gone, the queue is declared again and the message sent once more.
 *
 * Owns: both clients, which reconnect by themselves; each connects when it is needed first. When one gives up, so does the
 * other: half a transport would look whole.
 *
 * Spec: kombu 5.6 kombu/transport/pyamqp.py, kombu/entity.py · celery 5.6 celery/app/amqp.py
 */
export class AmqpTransport implements Transport {
  readonly name = "amqp";
  readonly capabilities: TransportCapabilities = {
    firstPriority: 9,
    rpc: true,
    queueArguments: true,
    storedBroadcasts: true,
  };
  readonly #settings: AmqpSettings;
  readonly #log: TransportOptions["log"];
  readonly #publishing: AmqpClient;
  readonly #consuming: AmqpClient;
  readonly #primary: AmqpClient; // the one whose state is shown
  readonly #declared = new WeakSet<Queue>();
  readonly #canDelayNow = new WeakSet<Queue>();

  constructor(options: TransportOptions) {
    this.#settings = readAmqpOptions(options);
    this.#log = options.log;
    this.#publishing = new AmqpClient(this.#settings.client);
    this.#consuming = new AmqpClient(this.#settings.client);
    this.#primary = options.background ? this.#publishing : this.#consuming;
    endTogether(this.#publishing, this.#consuming);
    endTogether(this.#consuming, this.#publishing);
  }

  get uri(): string {
    return this.#primary.uri;
  }

  get state(): TransportState {
    return this.#primary.state;
  }

  onState(listener: (state: TransportState) => void): () => void {
    return this.#primary.onState(listener);
  }

  async ready(options?: CallOptions): Promise<void> {
    await this.#primary.ready(options);
  }

  async declareQueue(queue: Queue, options?: CallOptions): Promise<void> {
    await this.#declare(queue.exclusive ? this.#consuming : this.#primary, queue, options);
  }

  async deleteQueue(queue: Queue, options?: CallOptions): Promise<void> {
    this.#declared.delete(queue);
    for (const client of [this.#publishing, this.#consuming]) client.forgetQueue(queue.name);
    await this.#primary.withChannel((channel) => deleteQueue(channel, queue.name, options), options);
  }

  async purge(queue: Queue, options?: CallOptions): Promise<number> {
    const purged = this.#primary.withChannel((channel) => purgeQueue(channel, queue.name, options), options);
    return await orIfMissing(purged, 0);
  }

  async counts(queue: Queue, options?: CallOptions): Promise<QueueCounts> {
    const state = this.#primary.withChannel((channel) => inspectQueue(channel, queue.name, options), options);
    const { messageCount, consumerCount } = await orIfMissing(state, { messageCount: 0, consumerCount: 0 });
    return { messages: messageCount, consumers: consumerCount };
  }

  publish(message: Message, route: Route, options: CallOptions = {}): Promise<void> {
    const { queue } = route;
    if (queue === undefined) return this.#send(message, route, options, route.mandatory);
    const isReady = this.#declared.has(queue) && !(canDelay(queue) && hasEta(message));
    return isReady ? this.#sendTo(queue, message, route, options) : this.#prepare(queue, message, route, options);
  }

  async consume(options: ConsumeOptions): Promise<Consumer> {
    const consumer = new AmqpConsumer({
      client: this.#consuming,
      log: this.#log,
      deliveryLimit: this.#settings.deliveryLimit,
      declare: (queue) => this.#declareConsumed(queue),
    }, options);
    return await consumer.start();
  }

  async broadcast(
    exchange: Exchange,
    routingKey: string,
    message: Message,
    options: CallOptions = {},
  ): Promise<undefined> {
    const missing = exchangeEntities(exchange).filter((entity) => !this.#publishing.hasDeclared(entity));
    if (missing.length > 0) await this.#publishing.declare(missing, options);
    await this.#send(message, { exchange: exchange.name, exchangeType: exchange.type, routingKey }, options);
  }

  async subscribe(
    queue: Queue,
    onBroadcast: (broadcast: Broadcast) => void,
    options?: CallOptions,
  ): Promise<Subscription> {
    const client = this.#consuming;
    await this.#declare(client, queue, options);
    const consumer = await client.consume({
      queues: [{ queue: queue.name, exclusive: queue.exclusive }],
      credit: 0,
      creditScope: "channel",
      noAck: true,
      onMessage: ({ properties, body, exchange, routingKey }) =>
        onBroadcast({ message: fromBasicProperties(properties, body), exchange, routingKey }),
    }, options);
    return {
      close: async () => {
        client.forgetQueue(queue.name);
        await consumer.close();
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.#consuming.close(), this.#publishing.close()]);
  }

  async #declare(client: AmqpClient, queue: Queue, options: CallOptions | undefined): Promise<void> {
    await client.declare(queueEntities(queue), options);
  }

  /** Once a queue is quorum, its delayed messages are kept by RabbitMQ, as far as its exchange allows. */
  async #declareConsumed(queue: Queue): Promise<void> {
    await this.#declare(this.#consuming, queue, undefined);
    if (canDelay(queue)) await this.#declareDelayed(this.#consuming, queue, undefined);
    else if (isQuorum(queue)) {
      this.#log.warn("Tasks with an ETA wait in the worker: a direct exchange has no native delayed delivery", {
        queue: queue.name,
      });
    }
  }

  async #declareDelayed(client: AmqpClient, queue: Queue, options: CallOptions | undefined): Promise<void> {
    await client.declare([...delayedEntities(this.#settings.delayedQueueType), ...delayedBindings(queue)], options);
  }

  /** What is needed once before a message can be published to a queue, or to the levels that delay it. */
  async #prepare(queue: Queue, message: Message, route: Route, options: CallOptions): Promise<void> {
    if (!this.#declared.has(queue)) {
      await this.#declare(this.#publishing, queue, options);
      this.#declared.add(queue);
    }
    const delayed = canDelay(queue) ? delayedRoute(queue, secondsUntilEta(message)) : undefined;
    if (delayed !== undefined && !this.#canDelayNow.has(queue)) {
      await this.#declareDelayed(this.#publishing, queue, options);
      this.#canDelayNow.add(queue);
    }
    await this.#sendTo(queue, message, delayed ?? route, options);
  }

  async #sendTo(queue: Queue, message: Message, to: Route, options: CallOptions): Promise<void> {
    if (isElsewhere(queue, to)) return await this.#send(message, to, options, to.mandatory);
    try {
      await this.#send(message, to, options, true);
    } catch (error) {
      if (!(error instanceof AmqpError) || error.replyCode !== ReplyCode.noRoute) throw error;
      this.#log.warn("A queue is gone; it is declared again", { queue: queue.name });
      await this.#declare(this.#publishing, queue, options);
      if (canDelay(queue)) await this.#declareDelayed(this.#publishing, queue, options);
      await this.#send(message, to, options, true);
    }
  }

  #send(message: Message, to: Route, options: CallOptions, mandatory = false): Promise<void> {
    const { exchange, routingKey } = to;
    const outgoing: OutgoingMessage = {
      exchange,
      routingKey,
      properties: toBasicProperties(message),
      body: message.body,
      mandatory,
    };
    return this.#publishing.publish(outgoing, options);
  }
}

/** `amqp://`, `amqps://`, and kombu's `pyamqp://` and `librabbitmq://`. */
export function createAmqpTransport(options: TransportOptions): Transport {
  return new AmqpTransport(options);
}

/** True for a call that names another exchange than its queue's: whether that leads to a queue is its own business. */
function isElsewhere(queue: Queue, { exchange, queue: named }: Route): boolean {
  return named === queue && exchange !== "" && exchange !== queue.exchange.name;
}

/** Ends `other` when `client` has given up. */
function endTogether(client: AmqpClient, other: AmqpClient): void {
  client.onState((state) => {
    if (state.kind === "closed" && state.reason !== undefined) void other.close(state.reason); // which never rejects
  });
}

function hasEta({ headers }: Message): boolean {
  return typeof headers.eta === "string";
}

/** A countdown of 3 s is not 3 s any more once it has become an ETA; so much of it may have passed. */
const GRACE_SECONDS = 0.05;

/** 0 for a message without ETA; negative where it has passed. */
function secondsUntilEta({ headers }: Message): number {
  if (typeof headers.eta !== "string") return 0;
  return (PyDateTime.parse(headers.eta).toDate().getTime() - Date.now()) / 1000 + GRACE_SECONDS;
}

async function orIfMissing<T, M>(answer: Promise<T>, missing: M): Promise<T | M> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof AmqpError && error.replyCode === ReplyCode.notFound) return missing;
    throw error;
  }
}
