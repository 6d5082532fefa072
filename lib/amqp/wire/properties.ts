/**
 * Content headers: the payload of a frame of type 2.
 *
 *     0          2          4            12      14
 *     +----------+----------+------------+-------+------------------------------------+
 *     | class id | 0        | body size  | flags | the properties whose flags are set |
 *     +----------+----------+------------+-------+------------------------------------+
 *
 * The first property of the list below has the highest bit. Bit 0 would announce another word of flags, which the class
 * `basic`, the only one with contents, never needs.
 *
 * Spec: AMQP 0-9-1 §4.2.6.1, §1.8 · py-amqp 5.1 amqp/serialization.py `decode_properties_basic`
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { ByteReader, syntaxError } from "./byte_reader.ts";
import type { ByteWriter } from "./byte_writer.ts";
import { type FieldTable, readTable, writeTable } from "./field_table.ts";

/** Properties of a message; what is undefined is not sent. 0 and "" are values. */
export interface BasicProperties {
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly headers?: FieldTable | undefined;
  /** 1 transient, 2 persistent. */
  readonly deliveryMode?: number | undefined;
  /** 0..255; RabbitMQ serves the highest first, on queues declared with `x-max-priority`. */
  readonly priority?: number | undefined;
  readonly correlationId?: string | undefined;
  readonly replyTo?: string | undefined;
  /** Time to live, a decimal text of milliseconds. */
  readonly expiration?: string | undefined;
  readonly messageId?: string | undefined;
  /** Seconds since the Unix epoch; a bigint past 2^53. */
  readonly timestamp?: number | bigint | undefined;
  readonly type?: string | undefined;
  /** RabbitMQ refuses any but the user who is logged in. */
  readonly userId?: string | undefined;
  readonly appId?: string | undefined;
  readonly clusterId?: string | undefined;
}

export interface ContentHeader {
  /** Bytes that follow in body frames. */
  readonly bodySize: number;
  readonly properties: BasicProperties;
}

export const BASIC_CLASS_ID = 60;

const Flag = {
  contentType: 1 << 15,
  contentEncoding: 1 << 14,
  headers: 1 << 13,
  deliveryMode: 1 << 12,
  priority: 1 << 11,
  correlationId: 1 << 10,
  replyTo: 1 << 9,
  expiration: 1 << 8,
  messageId: 1 << 7,
  timestamp: 1 << 6,
  type: 1 << 5,
  userId: 1 << 4,
  appId: 1 << 3,
  clusterId: 1 << 2,
} as const satisfies Record<keyof BasicProperties, number>;

const UNUSED_FLAGS = 0b11;

/** Appends the payload of a content header frame. @throws {UsageError} for a value that has no place in its property. */
export function writeContentHeader(writer: ByteWriter, bodySize: number, properties: BasicProperties): void {
  const { contentType, contentEncoding, headers, deliveryMode, priority, correlationId, replyTo } = properties;
  const { expiration, messageId, timestamp, type, userId, appId, clusterId } = properties;
  writer.short(BASIC_CLASS_ID);
  writer.short(0);
  writer.longlong(bodySize);
  writer.short(
    (contentType === undefined ? 0 : Flag.contentType) | (contentEncoding === undefined ? 0 : Flag.contentEncoding) |
      (headers === undefined ? 0 : Flag.headers) | (deliveryMode === undefined ? 0 : Flag.deliveryMode) |
      (priority === undefined ? 0 : Flag.priority) | (correlationId === undefined ? 0 : Flag.correlationId) |
      (replyTo === undefined ? 0 : Flag.replyTo) | (expiration === undefined ? 0 : Flag.expiration) |
      (messageId === undefined ? 0 : Flag.messageId) | (timestamp === undefined ? 0 : Flag.timestamp) |
      (type === undefined ? 0 : Flag.type) | (userId === undefined ? 0 : Flag.userId) |
      (appId === undefined ? 0 : Flag.appId) | (clusterId === undefined ? 0 : Flag.clusterId),
  );
  if (contentType !== undefined) writer.shortstr(contentType);
  if (contentEncoding !== undefined) writer.shortstr(contentEncoding);
  if (headers !== undefined) writeTable(writer, headers);
  if (deliveryMode !== undefined) writer.octet(deliveryMode);
  if (priority !== undefined) writer.octet(priority);
  if (correlationId !== undefined) writer.shortstr(correlationId);
  if (replyTo !== undefined) writer.shortstr(replyTo);
  if (expiration !== undefined) writer.shortstr(expiration);
  if (messageId !== undefined) writer.shortstr(messageId);
  if (timestamp !== undefined) writer.longlong(timestamp);
  if (type !== undefined) writer.shortstr(type);
  if (userId !== undefined) writer.shortstr(userId);
  if (appId !== undefined) writer.shortstr(appId);
  if (clusterId !== undefined) writer.shortstr(clusterId);
}

/** Size of the body that a content header announces: all a receiver needs to find the next message. @throws {ProtocolError} */
export function readBodySize(payload: Uint8Array): number {
  const reader = new ByteReader(payload);
  const classId = reader.short();
  if (classId !== BASIC_CLASS_ID) throw syntaxError(`a content of class ${classId} was announced, expected 60`, 0);
  reader.short();
  return reader.safeLonglong();
}

/** @throws {ProtocolError} for anything but a whole, well-formed content header. */
export function readContentHeader(payload: Uint8Array): ContentHeader {
  const bodySize = readBodySize(payload);
  const reader = new ByteReader(payload);
  reader.bytes(12);
  return { bodySize, properties: readProperties(reader) };
}

function readProperties(reader: ByteReader): BasicProperties {
  const flags = reader.short();
  if (flags & UNUSED_FLAGS) throw syntaxError(`the property flags 0x${flags.toString(16)} are not those of basic`, 12);
  const properties: { -readonly [N in keyof BasicProperties]: BasicProperties[N] } = {};
  if (flags & Flag.contentType) properties.contentType = reader.shortstr();
  if (flags & Flag.contentEncoding) properties.contentEncoding = reader.shortstr();
  if (flags & Flag.headers) properties.headers = readTable(reader);
  if (flags & Flag.deliveryMode) properties.deliveryMode = reader.octet();
  if (flags & Flag.priority) properties.priority = reader.octet();
  if (flags & Flag.correlationId) properties.correlationId = reader.shortstr();
  if (flags & Flag.replyTo) properties.replyTo = reader.shortstr();
  if (flags & Flag.expiration) properties.expiration = reader.shortstr();
  if (flags & Flag.messageId) properties.messageId = reader.shortstr();
  if (flags & Flag.timestamp) properties.timestamp = reader.longlong();
  if (flags & Flag.type) properties.type = reader.shortstr();
  if (flags & Flag.userId) properties.userId = reader.shortstr();
  if (flags & Flag.appId) properties.appId = reader.shortstr();
  if (flags & Flag.clusterId) properties.clusterId = reader.shortstr();
  if (reader.left > 0) throw syntaxError(`${reader.left} bytes are left over behind the properties`, reader.offset);
  return properties;
}
