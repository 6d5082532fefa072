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
  return {
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(priority === undefined ? {} : { priority }),
    ...(deliveryMode === 1 || deliveryMode === 2 ? { deliveryMode } : {}),
    ...(expiration === undefined ? {} : { expiration }),
  };
}

/** The table itself where every value is a header's; a copy where one has to be changed. */
function toHeaders(table: FieldTable): Headers {
  for (const name of Object.keys(table)) {
    const value = table[name];
    if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) return copyTable(table);
  }
  return table as Headers; // what else a table can hold when it comes from a peer is a header's value
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
