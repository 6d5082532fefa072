import type { BasicProperties } from "./wire/properties.ts";

/** A message to publish. */
export interface OutgoingMessage {
  /** "" is the default exchange: the routing key is the queue's name. */
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: BasicProperties;
  /** Not copied: the caller must not change it until the publish has settled. */
  readonly body: Uint8Array;
  /** True: a message that reaches no queue comes back, and the publish fails with reply code 312. Default false. */
  readonly mandatory?: boolean;
}

/** A message from a queue. */
export interface ReceivedMessage {
  readonly consumerTag: string;
  /** Counts from 1 on its channel, and means nothing on any other. */
  readonly deliveryTag: number;
  readonly redelivered: boolean;
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: BasicProperties;
  readonly body: Uint8Array;
}

/** Completes "Cannot …". */
export function describePublish(to: { readonly exchange: string; readonly routingKey: string }): string {
  const { exchange, routingKey } = to;
  return exchange === "" ? `publish to queue ${routingKey}` : `publish to exchange ${exchange} with key ${routingKey}`;
}
