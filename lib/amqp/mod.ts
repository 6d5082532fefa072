/**
 * A client for AMQP 0-9-1, which is to say for RabbitMQ.
 *
 * Two levels: `AmqpConnection` and `Channel` speak the protocol and end with their socket; `AmqpClient` reconnects, declares
 * again, resumes consumers and sends unconfirmed publishes again.
 *
 * @example
 * ```ts
 * const client = new AmqpClient({ urls: "amqp://guest:guest@localhost//" });
 * await client.declare([{ kind: "queue", declaration: { queue: "jobs", durable: true } }]);
 * await client.publish({ exchange: "", routingKey: "jobs", properties: { deliveryMode: 2 }, body: utf8("hello") });
 * await client.consume({
 *   queues: [{ queue: "jobs" }],
 *   credit: 10,
 *   creditScope: "channel",
 *   onMessage: (message, _queue, channel) => channel.ack(message.deliveryTag),
 * });
 * ```
 * @module
 */
export { Channel } from "./channel.ts";
export type { CallOptions, ConsumeOptions } from "./channel_options.ts";
export { AmqpClient } from "./client.ts";
export type { ClientOptions } from "./client.ts";
export { AmqpConnection } from "./connection.ts";
export { ResumableConsumer } from "./consumer.ts";
export type { ConsumedQueue, ConsumerOptions } from "./consumer_options.ts";
export {
  bindExchange,
  bindQueue,
  commitTransaction,
  declareExchange,
  declareQueue,
  deleteExchange,
  deleteQueue,
  inspectQueue,
  purgeQueue,
  rollbackTransaction,
  selectTransaction,
  unbindExchange,
  unbindQueue,
} from "./entities.ts";
export type { ExchangeBinding, ExchangeDeclaration, QueueBinding, QueueDeclaration, QueueState } from "./entities.ts";
export { AmqpError } from "./errors.ts";
export type { OutgoingMessage, ReceivedMessage } from "./message.ts";
export type { PublishOutcome } from "./outcomes.ts";
export { DEFAULT_CONNECTION_OPTIONS } from "./options.ts";
export type { ConnectionOptions } from "./options.ts";
export type { PublisherOptions, PublishOptions } from "./publisher.ts";
export type { Entity } from "./topology.ts";
export type { FieldTable, FieldValue } from "./wire/field_table.ts";
export type { BasicProperties } from "./wire/properties.ts";
export { ReplyCode } from "./wire/reply_code.ts";
export { SASL_MECHANISMS } from "./wire/sasl.ts";
export type { SaslMechanism } from "./wire/sasl.ts";
export { describeAmqpUrl, parseAmqpUrl } from "./wire/url.ts";
export type { AmqpUrl } from "./wire/url.ts";
