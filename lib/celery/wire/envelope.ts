/**
 * Kombu's envelope: one message as the Redis transport stores it, in a list, on a channel, or among the unacknowledged.
 *
 *     {"body": "<base64>", "content-encoding": "utf-8", "content-type": "application/json", "headers": {…},
 *      "properties": {"correlation_id", "reply_to", "delivery_mode"[, "expiration"], "delivery_info": {"exchange", "routing_key"},
 *                     "priority", "body_encoding": "base64", "delivery_tag"}}
 *
 * and in `unacked`: [envelope, "exchange", "routing key"]
 *
 * Spec: kombu 5.6 kombu/transport/virtual/base.py `prepare_message`, `_inplace_augment_message`, `Message.__init__`;
 * kombu/transport/redis.py `QoS.append`, `_do_restore_message`
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { utf8, utf8ToString, viewOf } from "../../base/bytes.ts";
import { emptyDict, isPlainObject } from "../../base/pyvalue.ts";
import { DecodeError } from "./errors.ts";
import { parseJson } from "./json_read.ts";
import { stringifyJson } from "./json_write.ts";
import type { Headers, Message, MessageProperties } from "./message.ts";

/** Where a message was sent, and the tag it is settled by. */
export interface EnvelopeAddress {
  readonly exchange: string;
  readonly routingKey: string;
  readonly deliveryTag: string;
}

export interface Envelope extends EnvelopeAddress {
  readonly message: Message;
  readonly redelivered: boolean;
}

/** Text of an envelope, byte for byte as Python writes it. @throws {EncodeError} for headers that JSON cannot carry. */
export function encodeEnvelope(message: Message, { exchange, routingKey, deliveryTag }: EnvelopeAddress): string {
  const { headers, contentType, contentEncoding, body } = message;
  return stringifyJson({
    "content-encoding": contentEncoding,
    "content-type": contentType,
    headers,
    properties: writeProperties(message.properties, { exchange, routingKey, deliveryTag }),
  }, { name: "message", before: `"body": "${viewOf(body).toString("base64")}"` });
}

/** Built by assignment: spreads that add nothing cost more than all the rest of an envelope. */
function writeProperties(properties: MessageProperties, address: EnvelopeAddress): Record<string, unknown> {
  const written: Record<string, unknown> = {};
  if (properties.correlationId !== undefined) written.correlation_id = properties.correlationId;
  if (properties.replyTo !== undefined) written.reply_to = properties.replyTo;
  written.delivery_mode = properties.deliveryMode ?? 2;
  if (properties.expiration !== undefined) written.expiration = properties.expiration;
  written.delivery_info = { exchange: address.exchange, routing_key: address.routingKey };
  written.priority = properties.priority ?? 0;
  written.body_encoding = "base64";
  written.delivery_tag = address.deliveryTag;
  return written;
}

const BODY_START = '{"body": "';

/**
 * Reads an envelope.
 * @throws {DecodeError} if it is none that a consumer could settle: no JSON, no delivery tag, no delivery info.
 */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const text = utf8ToString(bytes);
  const end = text.startsWith(BODY_START) ? text.indexOf('"', BODY_START.length) : -1;
  // As kombu writes it, the body comes first: no need to parse the largest part as JSON.
  if (end !== -1 && text.startsWith('", "', end)) {
    const body = text.slice(BODY_START.length, end);
    if (!body.includes("\\")) return readEnvelope(bytes, parseJson(`{${text.slice(end + 3)}`), body);
  }
  return readEnvelope(bytes, parseJson(text), undefined);
}

/** Facts of an envelope that are needed to record it among the unacknowledged; undefined if it is none. */
export function envelopeAddress(bytes: Uint8Array): EnvelopeAddress | undefined {
  try {
    return decodeEnvelope(bytes);
  } catch {
    return undefined; // whoever gets the bytes sees why
  }
}

function readEnvelope(bytes: Uint8Array, envelope: unknown, firstBody: string | undefined): Envelope {
  if (!isPlainObject(envelope)) throw notAnEnvelope("it is no object");
  const properties = own(envelope, "properties");
  if (!isPlainObject(properties)) throw notAnEnvelope("it has no properties");
  const info = own(properties, "delivery_info");
  const deliveryTag = own(properties, "delivery_tag");
  if (typeof deliveryTag !== "string") throw notAnEnvelope("it has no delivery_tag");
  if (!isPlainObject(info)) throw notAnEnvelope("it has no delivery_info");
  const headers = own(envelope, "headers");
  const body = firstBody ?? own(envelope, "body");
  return {
    exchange: textOr(own(info, "exchange"), ""),
    routingKey: textOr(own(info, "routing_key"), ""),
    deliveryTag,
    redelivered: own(info, "redelivered") === true,
    message: {
      headers: (isPlainObject(headers) ? headers : emptyDict()) as Headers,
      properties: readProperties(properties),
      contentType: textOr(own(envelope, "content-type"), ""),
      contentEncoding: textOr(own(envelope, "content-encoding"), ""),
      body: decodeBody(body, own(properties, "body_encoding")),
      envelope: bytes,
    },
  };
}

function decodeBody(body: unknown, encoding: unknown): Uint8Array {
  if (typeof body !== "string") throw notAnEnvelope("it has no body");
  return encoding === "base64" ? Buffer.from(body, "base64") : utf8(body);
}

/** Built by assignment, as they are written. */
function readProperties(properties: Record<string, unknown>): MessageProperties {
  const correlationId = own(properties, "correlation_id");
  const replyTo = own(properties, "reply_to");
  const expiration = own(properties, "expiration");
  const mode = own(properties, "delivery_mode");
  const read: { -readonly [Name in keyof MessageProperties]: MessageProperties[Name] } = {
    priority: toPriority(own(properties, "priority")),
  };
  if (typeof correlationId === "string") read.correlationId = correlationId;
  if (typeof replyTo === "string") read.replyTo = replyTo;
  if (mode === 1 || mode === 2) read.deliveryMode = mode;
  if (typeof expiration === "string" || typeof expiration === "number") read.expiration = String(expiration);
  return read;
}

/** As Python's `int()`: also digits in a text; whatever is no number is 0. */
function toPriority(value: unknown): number {
  const number = typeof value === "string" && /^\s*[+-]?\d+\s*$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? Math.min(Math.max(Math.trunc(number), 0), 9) : 0;
}

/** A record of `unacked`: the envelope as it was taken, and where it came from. */
export interface UnackedRecord {
  readonly envelope: Uint8Array;
  readonly exchange: string;
  readonly routingKey: string;
  readonly priority: number;
}

/** Text of a record, with the envelope as it is. */
export function encodeUnacked(envelope: Uint8Array, { exchange, routingKey }: EnvelopeAddress): string {
  return `[${utf8ToString(envelope)}, ${stringifyJson(exchange)}, ${stringifyJson(routingKey)}]`;
}

/**
 * Reads a record and marks its message as redelivered, as kombu does before it goes back to a queue.
 * @throws {DecodeError} if it is no record of kombu's
 */
export function decodeUnacked(bytes: Uint8Array): UnackedRecord {
  const record = parseJson(utf8ToString(bytes), { floats: "exact" });
  const [envelope, exchange, routingKey] = Array.isArray(record) ? record as readonly unknown[] : [];
  if (!isPlainObject(envelope)) {
    throw new DecodeError("Cannot read the record of an unacknowledged message: no envelope");
  }
  const properties = own(envelope, "properties");
  return {
    envelope: utf8(stringifyJson(marked(envelope))),
    exchange: textOr(exchange, ""),
    routingKey: textOr(routingKey, ""),
    priority: toPriority(isPlainObject(properties) ? own(properties, "priority") : 0),
  };
}

/** Marks an envelope as redelivered: in its headers and in its delivery info. What cannot be read stays as it is. */
export function markRedelivered(bytes: Uint8Array): Uint8Array {
  try {
    const envelope = parseJson(utf8ToString(bytes), { floats: "exact" });
    return isPlainObject(envelope) ? utf8(stringifyJson(marked(envelope))) : bytes;
  } catch {
    return bytes; // nested too deeply, half a surrogate pair: better unmarked than lost
  }
}

function marked(envelope: Record<string, unknown>): Record<string, unknown> {
  const { headers, properties } = envelope;
  const info = isPlainObject(properties) ? properties.delivery_info : undefined;
  return {
    ...envelope,
    ...(isPlainObject(headers) ? { headers: { ...headers, redelivered: true } } : {}),
    ...(isPlainObject(info)
      ? { properties: { ...properties as object, delivery_info: { ...info, redelivered: true } } }
      : {}),
  };
}

function own(dict: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(dict, name) ? dict[name] : undefined;
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

function notAnEnvelope(why: string): DecodeError {
  return new DecodeError(`Cannot read the envelope of a message: ${why}`);
}
