/**
 * Every method of AMQP 0-9-1 as RabbitMQ speaks it: the table that the codec runs on, and the types that follow from it.
 *
 * Names are the specification's, in our case: `basic.deliver` has the field `deliveryTag`. Fields whose name begins with
 * `reserved` are written as zero, skipped when read, and have no place in the types.
 *
 * Spec: AMQP 0-9-1 §1.4–1.8 (amqp0-9-1.extended.xml, with RabbitMQ's confirm.*, basic.nack, exchange.bind,
 * connection.blocked and connection.update-secret)
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import type { FieldTable } from "./field_table.ts";

/** AMQP's argument types as TypeScript has them. `tag` is a longlong below 2^53; `bytes` is a longstr that is no text. */
export interface FieldTypes {
  bit: boolean;
  octet: number;
  short: number;
  long: number;
  tag: number;
  shortstr: string;
  longstr: string;
  bytes: Uint8Array;
  table: FieldTable;
}

export type FieldType = keyof FieldTypes;

type FieldSpecs = { readonly [name: string]: FieldType };

interface MethodSpec<F extends FieldSpecs = FieldSpecs> {
  readonly classId: number;
  readonly methodId: number;
  /** In the order of the wire. */
  readonly fields: F;
}

function method<F extends FieldSpecs>(classId: number, methodId: number, fields: F): MethodSpec<F> {
  return { classId, methodId, fields };
}

const CLOSE = { replyCode: "short", replyText: "shortstr", classId: "short", methodId: "short" } as const;

const EXCHANGE_BINDING = {
  reserved1: "short",
  destination: "shortstr",
  source: "shortstr",
  routingKey: "shortstr",
  noWait: "bit",
  arguments: "table",
} as const;

const COUNTS = { messageCount: "long" } as const;

/** Method name → numbers and fields. */
export const METHODS = {
  "connection.start": method(10, 10, {
    versionMajor: "octet",
    versionMinor: "octet",
    serverProperties: "table",
    mechanisms: "longstr",
    locales: "longstr",
  }),
  "connection.start-ok": method(10, 11, {
    clientProperties: "table",
    mechanism: "shortstr",
    response: "bytes",
    locale: "shortstr",
  }),
  "connection.secure": method(10, 20, { challenge: "bytes" }),
  "connection.secure-ok": method(10, 21, { response: "bytes" }),
  "connection.tune": method(10, 30, { channelMax: "short", frameMax: "long", heartbeat: "short" }),
  "connection.tune-ok": method(10, 31, { channelMax: "short", frameMax: "long", heartbeat: "short" }),
  "connection.open": method(10, 40, { virtualHost: "shortstr", reserved1: "shortstr", reserved2: "bit" }),
  "connection.open-ok": method(10, 41, { reserved1: "shortstr" }),
  "connection.close": method(10, 50, CLOSE),
  "connection.close-ok": method(10, 51, {}),
  "connection.blocked": method(10, 60, { reason: "shortstr" }),
  "connection.unblocked": method(10, 61, {}),
  "connection.update-secret": method(10, 70, { newSecret: "bytes", reason: "shortstr" }),
  "connection.update-secret-ok": method(10, 71, {}),

  "channel.open": method(20, 10, { reserved1: "shortstr" }),
  "channel.open-ok": method(20, 11, { reserved1: "longstr" }),
  "channel.flow": method(20, 20, { active: "bit" }),
  "channel.flow-ok": method(20, 21, { active: "bit" }),
  "channel.close": method(20, 40, CLOSE),
  "channel.close-ok": method(20, 41, {}),

  "exchange.declare": method(40, 10, {
    reserved1: "short",
    exchange: "shortstr",
    type: "shortstr",
    passive: "bit",
    durable: "bit",
    autoDelete: "bit",
    internal: "bit",
    noWait: "bit",
    arguments: "table",
  }),
  "exchange.declare-ok": method(40, 11, {}),
  "exchange.delete": method(40, 20, { reserved1: "short", exchange: "shortstr", ifUnused: "bit", noWait: "bit" }),
  "exchange.delete-ok": method(40, 21, {}),
  "exchange.bind": method(40, 30, EXCHANGE_BINDING),
  "exchange.bind-ok": method(40, 31, {}),
  "exchange.unbind": method(40, 40, EXCHANGE_BINDING),
  "exchange.unbind-ok": method(40, 51, {}), // 51, not 41: a slip of RabbitMQ's that became the rule

  "queue.declare": method(50, 10, {
    reserved1: "short",
    queue: "shortstr",
    passive: "bit",
    durable: "bit",
    exclusive: "bit",
    autoDelete: "bit",
    noWait: "bit",
    arguments: "table",
  }),
  "queue.declare-ok": method(50, 11, { queue: "shortstr", messageCount: "long", consumerCount: "long" }),
  "queue.bind": method(50, 20, {
    reserved1: "short",
    queue: "shortstr",
    exchange: "shortstr",
    routingKey: "shortstr",
    noWait: "bit",
    arguments: "table",
  }),
  "queue.bind-ok": method(50, 21, {}),
  "queue.purge": method(50, 30, { reserved1: "short", queue: "shortstr", noWait: "bit" }),
  "queue.purge-ok": method(50, 31, COUNTS),
  "queue.delete": method(50, 40, {
    reserved1: "short",
    queue: "shortstr",
    ifUnused: "bit",
    ifEmpty: "bit",
    noWait: "bit",
  }),
  "queue.delete-ok": method(50, 41, COUNTS),
  "queue.unbind": method(50, 50, {
    reserved1: "short",
    queue: "shortstr",
    exchange: "shortstr",
    routingKey: "shortstr",
    arguments: "table",
  }),
  "queue.unbind-ok": method(50, 51, {}),

  "basic.qos": method(60, 10, { prefetchSize: "long", prefetchCount: "short", global: "bit" }),
  "basic.qos-ok": method(60, 11, {}),
  "basic.consume": method(60, 20, {
    reserved1: "short",
    queue: "shortstr",
    consumerTag: "shortstr",
    noLocal: "bit",
    noAck: "bit",
    exclusive: "bit",
    noWait: "bit",
    arguments: "table",
  }),
  "basic.consume-ok": method(60, 21, { consumerTag: "shortstr" }),
  "basic.cancel": method(60, 30, { consumerTag: "shortstr", noWait: "bit" }),
  "basic.cancel-ok": method(60, 31, { consumerTag: "shortstr" }),
  "basic.publish": method(60, 40, {
    reserved1: "short",
    exchange: "shortstr",
    routingKey: "shortstr",
    mandatory: "bit",
    immediate: "bit",
  }),
  "basic.return": method(60, 50, {
    replyCode: "short",
    replyText: "shortstr",
    exchange: "shortstr",
    routingKey: "shortstr",
  }),
  "basic.deliver": method(60, 60, {
    consumerTag: "shortstr",
    deliveryTag: "tag",
    redelivered: "bit",
    exchange: "shortstr",
    routingKey: "shortstr",
  }),
  "basic.get": method(60, 70, { reserved1: "short", queue: "shortstr", noAck: "bit" }),
  "basic.get-ok": method(60, 71, {
    deliveryTag: "tag",
    redelivered: "bit",
    exchange: "shortstr",
    routingKey: "shortstr",
    messageCount: "long",
  }),
  "basic.get-empty": method(60, 72, { reserved1: "shortstr" }),
  "basic.ack": method(60, 80, { deliveryTag: "tag", multiple: "bit" }),
  "basic.reject": method(60, 90, { deliveryTag: "tag", requeue: "bit" }),
  "basic.recover-async": method(60, 100, { requeue: "bit" }),
  "basic.recover": method(60, 110, { requeue: "bit" }),
  "basic.recover-ok": method(60, 111, {}),
  "basic.nack": method(60, 120, { deliveryTag: "tag", multiple: "bit", requeue: "bit" }),

  "confirm.select": method(85, 10, { noWait: "bit" }),
  "confirm.select-ok": method(85, 11, {}),

  "tx.select": method(90, 10, {}),
  "tx.select-ok": method(90, 11, {}),
  "tx.commit": method(90, 20, {}),
  "tx.commit-ok": method(90, 21, {}),
  "tx.rollback": method(90, 30, {}),
  "tx.rollback-ok": method(90, 31, {}),
} as const;

export type MethodKind = keyof typeof METHODS;

type Visible<F extends FieldSpecs> = {
  readonly [N in keyof F as N extends `reserved${string}` ? never : N]: FieldTypes[F[N]];
};

/** The one method called `K`, with its fields. */
export type MethodOf<K extends MethodKind> = { readonly kind: K } & Visible<(typeof METHODS)[K]["fields"]>;

/** A method with its fields: a closed union, told apart by `kind`. */
export type Method = { [K in MethodKind]: MethodOf<K> }[MethodKind];

type ContentKind = "basic.publish" | "basic.return" | "basic.deliver" | "basic.get-ok";

/** Methods that are followed by a content header and body frames. */
export type ContentMethod = { [K in ContentKind]: MethodOf<K> }[ContentKind];

/** All the others. */
export type PlainMethod = Exclude<Method, ContentMethod>;

const CONTENT_KINDS: ReadonlySet<string> = new Set<ContentKind>([
  "basic.publish",
  "basic.return",
  "basic.deliver",
  "basic.get-ok",
]);

export function hasContent(method: Method): method is ContentMethod {
  return CONTENT_KINDS.has(method.kind);
}
