import { UsageError } from "../../base/errors.ts";
import type { Channel, ReceivedMessage } from "../../amqp/mod.ts";
import type { Message } from "../wire/message.ts";
import { fromBasicProperties } from "./amqp_message.ts";
import type { Delivery } from "./transport.ts";

/**
 * A message taken from RabbitMQ. Its tag means something on its channel only: once that has ended, the broker gives the
 * message to somebody else, and settling has no effect.
 */
export class AmqpDelivery implements Delivery {
  readonly queue: string;
  readonly deliveryTag: string;
  readonly #received: ReceivedMessage;
  readonly #channel: Channel;
  #message: Message | undefined;
  #isSettled = false;

  /** @param channelId tells the tags of one channel from another's */
  constructor(received: ReceivedMessage, queue: string, channel: Channel, channelId: number) {
    this.queue = queue;
    this.deliveryTag = `${channelId}.${received.deliveryTag}`;
    this.#received = received;
    this.#channel = channel;
  }

  get message(): Message {
    this.#message ??= fromBasicProperties(this.#received.properties, this.#received.body);
    return this.#message;
  }

  get exchange(): string {
    return this.#received.exchange;
  }

  get routingKey(): string {
    return this.#received.routingKey;
  }

  get redelivered(): boolean {
    return this.#received.redelivered;
  }

  get isCurrent(): boolean {
    return this.#channel.isOpen;
  }

  ack(): Promise<void> {
    return this.#settle("acknowledge", (channel, tag) => channel.ack(tag));
  }

  reject(): Promise<void> {
    return this.#settle("reject", (channel, tag) => channel.reject(tag, false));
  }

  requeue(): Promise<void> {
    return this.#settle("requeue", (channel, tag) => channel.reject(tag, true));
  }

  /** RabbitMQ puts it where it was, if it can. */
  release(): Promise<void> {
    return this.requeue();
  }

  async #settle(attempt: string, settle: (channel: Channel, tag: number) => void): Promise<void> {
    if (this.#isSettled) {
      throw new UsageError(`Cannot ${attempt} delivery ${this.deliveryTag}: it is settled already`, {
        code: "ERR_STATE",
      });
    }
    this.#isSettled = true;
    if (!this.#channel.isOpen) return;
    settle(this.#channel, this.#received.deliveryTag);
    await this.#channel.sent().catch(() => {}); // the connection ended: the message is somebody else's
  }
}
