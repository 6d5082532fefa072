import type { AmqpClient, Channel, ReceivedMessage, ResumableConsumer } from "../../amqp/mod.ts";
import type { Logger } from "../../base/log.ts";
import { AmqpDelivery } from "./amqp_delivery.ts";
import { isQuorum } from "./amqp_entities.ts";
import type { ConsumeOptions, Consumer, Queue } from "./transport.ts";

/** What a consumer needs of its transport. */
export interface ConsumerHost {
  readonly client: AmqpClient;
  readonly log: Logger;
  readonly deliveryLimit: number;
  /** Declares a queue, with what it takes to delay its messages. */
  declare(queue: Queue): Promise<void>;
}

/** The ids of channels: only there to tell delivery tags apart. */
const channelIds = new WeakMap<Channel, number>();
let lastChannelId = 0;

/**
 * Consumes from any number of queues. Classic queues share one credit on one channel, as Celery has it; quorum queues, which
 * cannot, have a channel of their own with a credit for each queue.
 *
 * Owns: a consumer of the AMQP client for each of the two kinds that is met.
 */
export class AmqpConsumer implements Consumer {
  readonly #host: ConsumerHost;
  readonly #options: ConsumeOptions;
  readonly #queues = new Map<string, Queue>();
  readonly #consumers = new Map<"classic" | "quorum", ResumableConsumer>();
  #credit: number;

  constructor(host: ConsumerHost, options: ConsumeOptions) {
    this.#host = host;
    this.#options = options;
    this.#credit = options.credit;
  }

  get queues(): readonly Queue[] {
    return [...this.#queues.values()];
  }

  get credit(): number {
    return this.#credit;
  }

  get unsettled(): number {
    return this.#all().reduce((sum, consumer) => sum + consumer.unsettled, 0);
  }

  /** Consumes from the queues of the options. */
  async start(): Promise<this> {
    for (const queue of this.#options.queues) await this.#host.declare(queue);
    for (const kind of ["classic", "quorum"] as const) {
      const queues = this.#options.queues.filter((queue) => kindOf(queue) === kind);
      if (queues.length > 0) await this.#open(kind, queues);
    }
    return this;
  }

  async addQueue(queue: Queue): Promise<void> {
    if (this.#queues.has(queue.name)) return;
    await this.#host.declare(queue);
    const kind = kindOf(queue);
    const consumer = this.#consumers.get(kind);
    if (consumer === undefined) return await this.#open(kind, [queue]);
    await consumer.addQueue({ queue: queue.name, exclusive: queue.exclusive });
    this.#queues.set(queue.name, queue);
  }

  async cancelQueue(name: string): Promise<void> {
    this.#queues.delete(name);
    await Promise.all(this.#all().map((consumer) => consumer.cancelQueue(name)));
  }

  setCredit(credit: number): void {
    this.#credit = credit;
    for (const consumer of this.#all()) consumer.setCredit(credit);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all().map((consumer) => consumer.stop()));
  }

  async close(): Promise<void> {
    await Promise.all(this.#all().map((consumer) => consumer.close()));
  }

  async #open(kind: "classic" | "quorum", queues: readonly Queue[]): Promise<void> {
    const consumer = await this.#host.client.consume({
      queues: queues.map((queue) => ({ queue: queue.name, exclusive: queue.exclusive })),
      credit: this.#credit,
      creditScope: kind === "quorum" ? "consumer" : "channel",
      watchesStalls: kind === "quorum" && !queues.some((queue) => queue.arguments["x-single-active-consumer"] === true),
      noAck: this.#options.noAck ?? false,
      onMessage: (message, queue, channel) => this.#deliver(message, queue, channel),
      onInterrupted: this.#options.onInterrupted,
      onLost: (queue, reason) => {
        this.#queues.delete(queue);
        this.#options.onCancelled?.(reason);
      },
    });
    this.#consumers.set(kind, consumer);
    for (const queue of queues) this.#queues.set(queue.name, queue);
  }

  #deliver(message: ReceivedMessage, queue: string, channel: Channel): void {
    if (this.#isPoison(message)) {
      this.#host.log.error("A message was delivered too often and is dropped", {
        queue,
        taskId: message.properties.correlationId,
        deliveryCount: message.properties.headers?.["x-delivery-count"],
      });
      return channel.reject(message.deliveryTag, false);
    }
    this.#options.onDelivery(new AmqpDelivery(message, queue, channel, channelIdOf(channel)));
  }

  #isPoison({ redelivered, properties }: ReceivedMessage): boolean {
    const { deliveryLimit } = this.#host;
    if (!redelivered || deliveryLimit === 0 || this.#options.noAck === true) return false;
    const count = properties.headers?.["x-delivery-count"];
    return (typeof count === "number" || typeof count === "bigint") && count > deliveryLimit;
  }

  #all(): ResumableConsumer[] {
    return [...this.#consumers.values()];
  }
}

function kindOf(queue: Queue): "classic" | "quorum" {
  return isQuorum(queue) ? "quorum" : "classic";
}

function channelIdOf(channel: Channel): number {
  let id = channelIds.get(channel);
  if (id === undefined) channelIds.set(channel, id = ++lastChannelId);
  return id;
}
