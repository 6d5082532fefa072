import { Decimal, emptyDict, PyDateTime } from "../../base/pyvalue.ts";
import type { BasicProperties, FieldTable, FieldValue } from "../../amqp/mod.ts";
import type { Headers, HeaderValue, Message, MessageProperties } from "../wire/message.ts";

const NO_HEADERS: Headers = Object.freeze(emptyDict()) as Headers;

/** A task message as AMQP's properties; the body travels beside them as it is. */
export function toBasicProperties({ properties, headers, contentType, contentEncoding }: Message): BasicProperties {
  return {
    contentType,
    contentEncoding,
    headers,
    deliveryMode: properties.deliveryMode,
    priority: properties.priority,
    correlationId: properties.correlationId,
    replyTo: properties.replyTo,
    expiration: properties.expiration,
  };
}

/** The other way round. Times and decimals in headers, which no other broker carries, become their texts. */
export function fromBasicProperties(properties: BasicProperties, body: Uint8Array): Message {
  return {
    headers: properties.headers === undefined ? NO_HEADERS : toHeaders(properties.headers),
    properties: toMessageProperties(properties),
    contentType: properties.contentType ?? "",
    contentEncoding: properties.contentEncoding ?? "",
    body,
  };
}

function toMessageProperties(from: BasicProperties): MessageProperties {
  const { correlationId, replyTo, priority, deliveryMode, expiration } = from;
  const to: { -readonly [N in keyof MessageProperties]: MessageProperties[N] } = {};
  if (correlationId !== undefined) to.correlationId = correlationId;
  if (replyTo !== undefined) to.replyTo = replyTo;
  if (priority !== undefined) to.priority = priority;
  if (deliveryMode === 1 || deliveryMode === 2) to.deliveryMode = deliveryMode;
  if (expiration !== undefined) to.expiration = expiration;
  return to;
}

/** The table itself where every value is a header's; a copy where one has to be changed. */
function toHeaders(table: FieldTable): Headers {
  return isForeign(table) ? copyTable(table) : table as Headers;
}

/** True for a value that no other broker carries, or that holds one. */
function isForeign(value: FieldValue | FieldTable): boolean {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return false;
  if (Array.isArray(value)) return value.some(isForeign);
  if (value instanceof PyDateTime || value instanceof Decimal) return true;
  const table = value as FieldTable;
  for (const name in table) if (isForeign(table[name])) return true; // tables from a peer inherit nothing
  return false;
}

function copyTable(table: FieldTable): { [name: string]: HeaderValue } {
  const copy = emptyDict() as { [name: string]: HeaderValue };
  for (const name of Object.keys(table)) copy[name] = toHeaderValue(table[name]);
  return copy;
}

function toHeaderValue(value: FieldValue): HeaderValue {
  if (typeof value !== "object" || value === null) return value ?? null;
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(toHeaderValue);
  if (value instanceof PyDateTime || value instanceof Decimal) return value.toString();
  return copyTable(value as FieldTable);
}
