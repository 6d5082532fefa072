/**
 * What the AMQP shell can do on a channel.
 *
 * Source: celery 5.6 celery/bin/amqp.py
 * @module
 */
import { strictUtf8ToString, utf8 } from "../../base/bytes.ts";
import {
  type BasicProperties,
  bindQueue,
  type Channel,
  deleteExchange,
  deleteQueue,
  purgeQueue,
  type ReceivedMessage,
} from "../../amqp/mod.ts";
import type { AmqpParameter, AmqpValues } from "./amqp_words.ts";
import { pformat } from "./pprint.ts";

/** What is said of an outcome: plainly, or as a fact that stands out. */
export interface AmqpAnswer {
  readonly text: string;
  readonly isFact: boolean;
}

export interface AmqpCommand {
  readonly parameters: readonly AmqpParameter[];
  readonly summary: string;
  /** @returns what to say before OK */
  run(channel: Channel, values: AmqpValues): Promise<AmqpAnswer | undefined>;
}

const text = (name: string): AmqpParameter => ({ name, kind: "text", isOptional: false });
const flag = (name: string): AmqpParameter => ({ name, kind: "flag", isOptional: true });

export const AMQP_COMMANDS: ReadonlyMap<string, AmqpCommand> = new Map<string, AmqpCommand>([
  ["basic.ack", {
    summary: "acknowledge a message that was taken",
    parameters: [{ name: "delivery_tag", kind: "number", isOptional: false }],
    async run(channel, { delivery_tag: tag }) {
      channel.ack(Number(tag));
      await channel.sent();
      return undefined;
    },
  }],
  ["basic.get", {
    summary: "take one message",
    parameters: [text("queue"), flag("no_ack")],
    async run(channel, { queue, no_ack: noAck }) {
      const message = await channel.get(String(queue), { noAck: noAck === true });
      return plain(message === undefined ? "No messages in queue. basic.publish something." : pformat(dumped(message)));
    },
  }],
  ["basic.publish", {
    summary: "send a text; mandatory: it has to reach a queue",
    parameters: [text("msg"), text("exchange"), text("routing_key"), flag("mandatory"), flag("immediate")],
    async run(channel, { msg, exchange, routing_key: key, mandatory, immediate }) {
      if (immediate === true) throw new Error("Basic.publish: (540) NOT_IMPLEMENTED - immediate=true");
      await channel.publishConfirmed({
        exchange: String(exchange),
        routingKey: String(key),
        properties: { contentEncoding: "utf-8" },
        body: utf8(String(msg)),
        mandatory: mandatory === true,
      });
      return undefined;
    },
  }],
  ["exchange.declare", {
    summary: "make an exchange; passive: only look whether it is there",
    parameters: [text("exchange"), text("type"), flag("passive"), flag("durable"), flag("auto_delete")],
    async run(channel, { exchange, type, passive, durable, auto_delete: autoDelete }) {
      const method = {
        kind: "exchange.declare",
        ...{ exchange: String(exchange), type: String(type), passive: passive === true },
        ...{ durable: durable === true, autoDelete: autoDelete === true, internal: false, noWait: false },
        arguments: {},
      } as const;
      await channel.call(method, ["exchange.declare-ok"], `declare exchange ${exchange}`);
      return undefined;
    },
  }],
  ["exchange.delete", {
    summary: "delete an exchange",
    parameters: [text("exchange"), { name: "if_unused", kind: "flag", isOptional: false }],
    async run(channel, { exchange, if_unused: ifUnused }) {
      await deleteExchange(channel, String(exchange), { ifUnused: ifUnused === true });
      return undefined;
    },
  }],
  ["queue.bind", {
    summary: "lead messages of an exchange to a queue",
    parameters: [text("queue"), text("exchange"), text("routing_key")],
    async run(channel, { queue, exchange, routing_key: key }) {
      await bindQueue(channel, { queue: String(queue), exchange: String(exchange), routingKey: String(key) });
      return undefined;
    },
  }],
  ["queue.declare", {
    summary: "make a queue, and count what is in it; passive: only look",
    parameters: [text("queue"), flag("passive"), flag("durable"), flag("auto_delete")],
    async run(channel, { queue, passive, durable, auto_delete: autoDelete }) {
      const method = {
        kind: "queue.declare",
        ...{ queue: String(queue), passive: passive === true, durable: durable === true },
        ...{ exclusive: false, autoDelete: autoDelete === true, noWait: false, arguments: {} },
      } as const;
      const state = await channel.call(method, ["queue.declare-ok"], `declare queue ${queue}`);
      if (state.kind !== "queue.declare-ok") return undefined;
      return fact(`queue:${state.queue} messages:${state.messageCount} consumers:${state.consumerCount}`);
    },
  }],
  ["queue.delete", {
    summary: "delete a queue with what is in it",
    parameters: [text("queue"), flag("if_unused"), flag("if_empty")],
    async run(channel, { queue, if_unused: ifUnused, if_empty: ifEmpty }) {
      const options = { ifUnused: ifUnused === true, ifEmpty: ifEmpty === true };
      return fact(`${await deleteQueue(channel, String(queue), options)} messages deleted.`);
    },
  }],
  ["queue.purge", {
    summary: "delete what is in a queue",
    parameters: [text("queue")],
    async run(channel, { queue }) {
      return fact(`${await purgeQueue(channel, String(queue))} messages deleted.`);
    },
  }],
]);

function plain(said: string): AmqpAnswer {
  return { text: said, isFact: false };
}

function fact(said: string): AmqpAnswer {
  return { text: said, isFact: true };
}

/** py-amqp's names of properties. */
const PROPERTY_NAMES: { readonly [Name in keyof Required<BasicProperties>]: string } = {
  contentType: "content_type",
  contentEncoding: "content_encoding",
  headers: "application_headers",
  deliveryMode: "delivery_mode",
  priority: "priority",
  correlationId: "correlation_id",
  replyTo: "reply_to",
  expiration: "expiration",
  messageId: "message_id",
  timestamp: "timestamp",
  type: "type",
  userId: "user_id",
  appId: "app_id",
  clusterId: "cluster_id",
};

/** A message as py-amqp has it. */
function dumped(message: ReceivedMessage & { readonly messageCount: number }): Readonly<Record<string, unknown>> {
  const { body, properties, deliveryTag, redelivered, exchange, routingKey, messageCount } = message;
  const values: Readonly<Record<string, unknown>> = { ...properties };
  return {
    body: /^utf-?8$/i.test(properties.contentEncoding ?? "") ? textOf(body) : body,
    properties: Object.fromEntries(
      Object.entries(PROPERTY_NAMES).filter(([name]) => values[name] !== undefined)
        .map(([name, python]) => [python, values[name]]),
    ),
    delivery_info: {
      delivery_tag: deliveryTag,
      redelivered,
      exchange,
      routing_key: routingKey,
      message_count: messageCount,
    },
  };
}

/** Bytes that are no text after all stay bytes. */
function textOf(body: Uint8Array): string | Uint8Array {
  try {
    return strictUtf8ToString(body);
  } catch {
    return body;
  }
}
