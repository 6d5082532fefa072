/**
 * Kombu's message envelope and its record among the unacknowledged, as far as the broker has to understand them.
 *
 *     queue:    {"body": …, "headers": {…}, "properties": {"delivery_tag": …, "delivery_info": {…}, "priority": 0, …}, …}
 *     unacked:  [envelope, exchange, routing key]
 *
 * Spec: kombu 5.6 kombu/transport/redis.py `QoS.append`, `_do_restore_message`, `_q_for_pri`; virtual/base.py `_lookup`
 *
 * Everything here is binary strings: UTF-8, one character a byte. Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { elementsOf, setTrue } from "./json_text.ts";

/** Between the parts of a binding, and between a queue's name and its priority. */
export const SEPARATOR = "\x06\x16";
const PRIORITY_STEPS: readonly number[] = [9, 6, 3];
const ASCII_ONLY = /^[\0-\x7f]*$/;

export interface EnvelopeFacts {
  readonly deliveryTag: string;
  readonly exchange: string;
  readonly routingKey: string;
}

export interface UnackedRecord {
  readonly envelope: string;
  readonly exchange: string;
  readonly routingKey: string;
}

/** @returns undefined if this is no envelope that a consumer could take and settle */
export function readEnvelope(text: string): EnvelopeFacts | undefined {
  const properties = memberOf(parse(text), "properties");
  const info = memberOf(properties, "delivery_info");
  const deliveryTag = memberOf(properties, "delivery_tag");
  if (typeof deliveryTag !== "string" || typeof info !== "object" || info === null) return undefined;
  return {
    deliveryTag: binary(deliveryTag),
    exchange: binary(memberOf(info, "exchange")),
    routingKey: binary(memberOf(info, "routing_key")),
  };
}

/** The record kombu writes, with the envelope as it was published. */
export function writeUnacked(envelope: string, { exchange, routingKey }: EnvelopeFacts): string {
  return `[${envelope}, ${quote(exchange)}, ${quote(routingKey)}]`;
}

/** @returns undefined if this is no record of kombu's; the envelope is as it stands there, byte for byte */
export function readUnacked(text: string): UnackedRecord | undefined {
  const record = parse(text);
  if (!Array.isArray(record)) return undefined;
  const [parsed, exchange, routingKey]: unknown[] = record;
  const [envelope] = elementsOf(text);
  if (typeof parsed !== "object" || parsed === null || envelope === undefined) return undefined;
  return { envelope, exchange: binary(exchange), routingKey: binary(routingKey) };
}

/** Marks an envelope as kombu does before it goes back to its queue. */
export function markRedelivered(envelope: string): string {
  const marked = setTrue(envelope, ["headers"], "redelivered");
  return setTrue(marked, ["properties", "delivery_info"], "redelivered");
}

/** The list of a queue that messages of the envelope's priority are in. */
export function listFor(queue: string, envelope: string): string {
  const priority = Number(memberOf(memberOf(parse(envelope), "properties"), "priority") ?? 0);
  const step = PRIORITY_STEPS.find((each) => Math.min(priority, 9) >= each);
  return step === undefined ? queue : `${queue}${SEPARATOR}${step}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(ASCII_ONLY.test(text) ? text : Buffer.from(text, "latin1").toString("utf8"));
  } catch {
    return undefined; // whoever asked sees that it is not what it should be
  }
}

/** An own member of a parsed object; never something inherited. */
function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}

/** Bytes of a text; "" for whatever is no text. */
function binary(text: unknown): string {
  if (typeof text !== "string") return "";
  return ASCII_ONLY.test(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}

/** JSON of a binary string: ASCII, as Python's `json.dumps` writes it. */
function quote(text: string): string {
  if (ASCII_ONLY.test(text)) return JSON.stringify(text);
  const json = JSON.stringify(Buffer.from(text, "latin1").toString("utf8"));
  return json.replace(/[^\0-\x7f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
