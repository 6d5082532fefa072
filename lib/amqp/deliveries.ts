import { AckWindow } from "./ack_window.ts";
import type { ReceivedMessage } from "./message.ts";
import type { Content } from "./wire/content.ts";
import type { Method, MethodOf } from "./wire/methods.ts";

/** Who takes a consumer's deliveries. */
export interface ConsumerEntry {
  readonly noAck: boolean;
  readonly onMessage: (message: ReceivedMessage) => void;
  readonly onCancel: (() => void) | undefined;
}

/** Consumers of one channel, and what was delivered and is not settled. */
export class Deliveries {
  readonly consumers = new Map<string, ConsumerEntry>();
  readonly #window = new AckWindow();
  readonly #send: (method: Method) => void;

  constructor(send: (method: Method) => void) {
    this.#send = send;
  }

  /** Deliveries that are not settled. */
  get unsettled(): number {
    return this.#window.unsettled;
  }

  /** @throws {ProtocolError} if its tag is out of order */
  onDeliver(method: MethodOf<"basic.deliver">, content: Content): void {
    const { consumerTag, deliveryTag, redelivered, exchange, routingKey } = method;
    const consumer = this.consumers.get(consumerTag);
    this.#window.delivered(deliveryTag, consumer?.noAck ?? false);
    if (consumer === undefined) return this.reject(deliveryTag, true); // the broker forgot a cancel: it is somebody else's then
    const { properties, body } = content;
    consumer.onMessage({ consumerTag, deliveryTag, redelivered, exchange, routingKey, properties, body });
  }

  onGot(deliveryTag: number, asked: Method): void {
    this.#window.delivered(deliveryTag, asked.kind === "basic.get" && asked.noAck);
  }

  /** Notes a delivery that was not read, and drops it, so that it does not come again and again. */
  onRefused({ consumerTag, deliveryTag }: MethodOf<"basic.deliver">): void {
    this.#window.delivered(deliveryTag, this.consumers.get(consumerTag)?.noAck ?? false);
    this.drop(deliveryTag);
  }

  onCancel({ consumerTag, noWait }: MethodOf<"basic.cancel">): void {
    const consumer = this.consumers.get(consumerTag);
    this.consumers.delete(consumerTag);
    if (!noWait) this.#send({ kind: "basic.cancel-ok", consumerTag });
    consumer?.onCancel?.();
  }

  /** Collects an acknowledgement for `flushAcks`. @throws {UsageError} if the delivery is settled already */
  ack(deliveryTag: number): void {
    this.#window.ack(deliveryTag);
  }

  /** @throws {UsageError} if the delivery is settled already */
  reject(deliveryTag: number, requeue: boolean): void {
    this.#window.settle(deliveryTag);
    this.#send({ kind: "basic.reject", deliveryTag, requeue });
  }

  /** Rejects without requeue what is still open. */
  drop(deliveryTag: number): void {
    if (this.#window.isOpen(deliveryTag)) this.reject(deliveryTag, false);
  }

  nackUpTo(deliveryTag: number, requeue: boolean): void {
    this.flushAcks(); // the broker would take them along
    if (this.#window.unsettled === 0) return;
    this.#window.settleUpTo(deliveryTag);
    this.#send({ kind: "basic.nack", deliveryTag, multiple: true, requeue });
  }

  /** Everything that is open will come again, under other tags. */
  forgetAll(): void {
    this.flushAcks();
    this.#window.settleUpTo(0);
  }

  flushAcks(): void {
    if (!this.#window.hasAcks) return;
    for (const { deliveryTag, multiple } of this.#window.takeAcks()) {
      this.#send({ kind: "basic.ack", deliveryTag, multiple });
    }
  }
}
