/**
 * What Celery needs of a broker, whichever it is.
 *
 * Not what Redis or AMQP have: everything here can be done by both, and what one of them cannot do it refuses by name in
 * `check`, when the app or the worker starts, never at run time.
 * @module
 */
import type { HeaderValue, Message } from "../wire/message.ts";

export type ExchangeType = "direct" | "topic" | "fanout" | "headers";

/** Equal to what Python declares, flag by flag: a redeclare with other values is refused by RabbitMQ (406). */
export interface Exchange {
  /** "" is the default exchange: the routing key is the queue's name. */
  readonly name: string;
  readonly type: ExchangeType;
  readonly durable: boolean;
  readonly autoDelete: boolean;
}

/** A queue with its one binding. */
export interface Queue {
  readonly name: string;
  readonly exchange: Exchange;
  /** Binding key; "" for fanout. */
  readonly routingKey: string;
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly autoDelete: boolean;
  /** AMQP's `x-…` arguments, milliseconds as whole numbers; transports without them ignore what has no meaning there. */
  readonly arguments: { readonly [key: string]: HeaderValue };
}

/** Where a message goes. `queue` is set where the sender knows it: it is declared before the first publish to it. */
export interface Route {
  readonly exchange: string;
  readonly exchangeType: ExchangeType;
  readonly routingKey: string;
  readonly queue?: Queue;
  /** A message that reaches no queue fails, where brokers say so (AMQP). */
  readonly mandatory?: boolean;
  /**
   * So long after this message an unread queue of the default exchange may go, where brokers know no queues but only lists.
   * Elsewhere it goes by what it was declared with.
   */
  readonly unreadMs?: number | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Undefined: as long as the transport's own retry policy allows. */
  readonly timeoutMs?: number | undefined;
}

/**
 * One message in the hands of this process. Exactly one of `ack`, `reject`, `requeue`, `release` settles it; each resolves
 * when the broker has it, and settling twice is a {UsageError}. A delivery of an older connection is void: its settling
 * resolves without effect, because the broker gives the message to somebody anyway.
 */
export interface Delivery {
  readonly message: Message;
  /** Name of the queue it was consumed from. */
  readonly queue: string;
  /** As the message says it was published; with `routingKey` this is Python's `delivery_info`. */
  readonly exchange: string;
  readonly routingKey: string;
  readonly redelivered: boolean;
  /** Unique among the deliveries this process holds. */
  readonly deliveryTag: string;
  /** False once the connection it came over is gone. */
  readonly isCurrent: boolean;
  ack(): Promise<void>;
  /** Drops the message: to the dead-letter exchange where there is one. */
  reject(): Promise<void>;
  /** Back to the queue, behind the others where the transport has a choice (`basic.reject` with requeue). */
  requeue(): Promise<void>;
  /** Back to the queue, in front, marked as redelivered: what a shutdown does with what it did not start. */
  release(): Promise<void>;
}

export interface ConsumeOptions {
  readonly queues: readonly Queue[];
  /** How many deliveries may be unsettled at once; 0 = no limit. */
  readonly credit: number;
  /** How many more may be taken now, whatever the credit is; asked before each look, and again after `setCredit`. Not AMQP. */
  readonly room?: () => number;
  /** Nothing to settle: deliveries count as acknowledged when they are handed over (control, events, replies). */
  readonly noAck?: boolean;
  /** Called for each delivery, in order, never after `stop` has resolved. Must not throw and must not run user code. */
  readonly onDelivery: (delivery: Delivery) => void;
  /**
   * Deliveries have stopped for now and go on by themselves; what lay in a queue that does not outlive its consumer's
   * connection is gone.
   */
  readonly onInterrupted?: (reason: Error) => void;
  /** The broker itself ended the consumer (its queue was deleted) and it could not be re-created. */
  readonly onCancelled?: (reason: Error) => void;
}

/** A running consumer; goes on by itself after every reconnect. */
export interface Consumer {
  addQueue(queue: Queue): Promise<void>;
  /** Stops consuming from one queue; what is held of it stays valid. */
  cancelQueue(name: string): Promise<void>;
  readonly queues: readonly Queue[];
  /** Takes effect for the next deliveries. */
  setCredit(credit: number): void;
  readonly credit: number;
  /** Deliveries that are not settled yet. */
  readonly unsettled: number;
  /** No new deliveries; those in hand can still be settled. */
  stop(): Promise<void>;
  /** `stop`, and what is still in hand goes back to the broker (`release`). */
  close(): Promise<void>;
}

/** One message of a fanout or topic subscription. */
export interface Broadcast {
  readonly message: Message;
  readonly exchange: string;
  readonly routingKey: string;
}

export interface Subscription {
  close(): Promise<void>;
}

export type TransportState =
  | { readonly kind: "idle" }
  | { readonly kind: "connecting"; readonly attempt: number }
  | { readonly kind: "ready"; readonly generation: number }
  | { readonly kind: "waiting"; readonly attempt: number; readonly waitMs: number; readonly reason: Error }
  | { readonly kind: "closing" }
  | { readonly kind: "closed"; readonly reason: Error | undefined };

export interface QueueCounts {
  readonly messages: number;
  /** Undefined where the transport cannot know. */
  readonly consumers: number | undefined;
}

/** What differs between brokers and shows to users. */
export interface TransportCapabilities {
  /** Which priority is served first. */
  readonly firstPriority: 0 | 9;
  /** `rpc://` results work here. */
  readonly rpc: boolean;
  /** Queues can be declared with arguments that the broker enforces (TTL, length, dead letters). */
  readonly queueArguments: boolean;
  /** Undelivered broadcasts wait in a queue of the subscriber, instead of being lost while it is away. */
  readonly storedBroadcasts: boolean;
}

/** Runs over one supervised connection set; `lost → waiting → connecting` is its own business and visible through `state`. */
export interface Transport {
  /** `redis`, `amqp`, `memory`; the embedded broker is `redis` with other atomic operations. */
  readonly name: string;
  /** For banners and logs: password replaced by `**`, in kombu's form (`redis://localhost:6379//`). */
  readonly uri: string;
  readonly capabilities: TransportCapabilities;
  readonly state: TransportState;
  /** @returns how to stop listening. */
  onState(listener: (state: TransportState) => void): () => void;

  /** Connects if need be; rejects when the retry policy has ended or the credentials are wrong. */
  ready(options?: CallOptions): Promise<void>;
  /** Idempotent, and remembered: re-declared after a reconnect. */
  declareQueue(queue: Queue, options?: CallOptions): Promise<void>;
  deleteQueue(queue: Queue, options?: CallOptions): Promise<void>;
  /** @returns how many messages were dropped. */
  purge(queue: Queue, options?: CallOptions): Promise<number>;
  counts(queue: Queue, options?: CallOptions): Promise<QueueCounts>;
  /**
   * Resolves when the broker has confirmed the message. What is published in one tick leaves in one write.
   * @throws {ConnectionError} with `maybeSent` when the connection ended before the confirmation and no retry was allowed.
   */
  publish(message: Message, route: Route, options?: CallOptions): Promise<void>;
  consume(options: ConsumeOptions): Promise<Consumer>;
  /**
   * Sends to everybody who subscribes to `exchange` now.
   *
   * @returns how many that are, if the broker tells
   */
  broadcast(
    exchange: Exchange,
    routingKey: string,
    message: Message,
    options?: CallOptions,
  ): Promise<number | undefined>;
  /**
   * Receives what is broadcast to `queue.exchange` under `queue.routingKey` (`#` and `*` as in AMQP topics). Resolves once
   * nothing sent from now on can be missed; resubscribes by itself after a reconnect.
   */
  subscribe(queue: Queue, onBroadcast: (broadcast: Broadcast) => void, options?: CallOptions): Promise<Subscription>;
  /** Settles or releases nothing: close the consumers first. */
  close(): Promise<void>;
}
