/**
 * Exchanges, queues, bindings and transactions: requests on a channel, each with its answer.
 * @module
 */
import type { Channel } from "./channel.ts";
import type { CallOptions } from "./channel_options.ts";
import type { FieldTable } from "./wire/field_table.ts";
import type { Method, MethodKind, MethodOf } from "./wire/methods.ts";

/** A redeclaration with other values is refused with 406. */
export interface ExchangeDeclaration {
  readonly exchange: string;
  /** `direct`, `topic`, `fanout`, `headers`, or a type of the broker's. */
  readonly type: string;
  /** Survives a restart of the broker. Default false. */
  readonly durable?: boolean | undefined;
  /** Goes with its last binding. Default false. */
  readonly autoDelete?: boolean | undefined;
  /** Only other exchanges may publish to it. Default false. */
  readonly internal?: boolean | undefined;
  readonly arguments?: FieldTable | undefined;
}

/** A redeclaration with other values is refused with 406. */
export interface QueueDeclaration {
  /** "" lets the broker choose a name. */
  readonly queue: string;
  /** Survives a restart of the broker. Default false. */
  readonly durable?: boolean | undefined;
  /** Only for this connection, and goes with it. Default false. */
  readonly exclusive?: boolean | undefined;
  /** Goes with its last consumer. Default false. */
  readonly autoDelete?: boolean | undefined;
  /** `x-message-ttl`, `x-max-priority`, `x-queue-type` … */
  readonly arguments?: FieldTable | undefined;
}

export interface QueueBinding {
  readonly queue: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly arguments?: FieldTable | undefined;
}

export interface ExchangeBinding {
  /** Where messages go. */
  readonly destination: string;
  /** Where they come from. */
  readonly source: string;
  readonly routingKey: string;
  readonly arguments?: FieldTable | undefined;
}

export interface QueueState {
  readonly queue: string;
  /** Messages ready for delivery. */
  readonly messageCount: number;
  readonly consumerCount: number;
}

export async function declareExchange(
  channel: Channel,
  declaration: ExchangeDeclaration,
  options?: CallOptions,
): Promise<void> {
  const { exchange, type, durable = false, autoDelete = false, internal = false } = declaration;
  const method = {
    kind: "exchange.declare",
    exchange,
    type,
    passive: false,
    durable,
    autoDelete,
    internal,
    noWait: false,
    arguments: declaration.arguments ?? {},
  } as const;
  await channel.call(method, ["exchange.declare-ok"], `declare exchange ${exchange}`, options);
}

/** @param options.ifUnused refuse (406) while it has bindings; default false */
export async function deleteExchange(
  channel: Channel,
  exchange: string,
  options: CallOptions & { readonly ifUnused?: boolean } = {},
): Promise<void> {
  const method = { kind: "exchange.delete", exchange, ifUnused: options.ifUnused ?? false, noWait: false } as const;
  await channel.call(method, ["exchange.delete-ok"], `delete exchange ${exchange}`, options);
}

export async function bindExchange(channel: Channel, binding: ExchangeBinding, options?: CallOptions): Promise<void> {
  const method = { kind: "exchange.bind", ...binding, noWait: false, arguments: binding.arguments ?? {} } as const;
  const attempt = `bind exchange ${binding.destination} to ${binding.source}`;
  await channel.call(method, ["exchange.bind-ok"], attempt, options);
}

export async function unbindExchange(channel: Channel, binding: ExchangeBinding, options?: CallOptions): Promise<void> {
  const method = { kind: "exchange.unbind", ...binding, noWait: false, arguments: binding.arguments ?? {} } as const;
  const attempt = `unbind exchange ${binding.destination} from ${binding.source}`;
  await channel.call(method, ["exchange.unbind-ok"], attempt, options);
}

export async function declareQueue(
  channel: Channel,
  declaration: QueueDeclaration,
  options?: CallOptions,
): Promise<QueueState> {
  return await sendDeclare(channel, declaration, false, options);
}

/** Looks at a queue without creating it. @throws {AmqpError} 404 if there is none, which ends the channel. */
export async function inspectQueue(channel: Channel, queue: string, options?: CallOptions): Promise<QueueState> {
  return await sendDeclare(channel, { queue }, true, options);
}

async function sendDeclare(
  channel: Channel,
  declaration: QueueDeclaration,
  passive: boolean,
  options: CallOptions | undefined,
): Promise<QueueState> {
  const { queue, durable = false, exclusive = false, autoDelete = false } = declaration;
  const method = {
    kind: "queue.declare",
    queue,
    passive,
    durable,
    exclusive,
    autoDelete,
    noWait: false,
    arguments: declaration.arguments ?? {},
  } as const;
  return await ask(channel, method, "queue.declare-ok", `${passive ? "inspect" : "declare"} queue ${queue}`, options);
}

export async function bindQueue(channel: Channel, binding: QueueBinding, options?: CallOptions): Promise<void> {
  const method = { kind: "queue.bind", ...binding, noWait: false, arguments: binding.arguments ?? {} } as const;
  const attempt = `bind queue ${binding.queue} to exchange ${binding.exchange}`;
  await channel.call(method, ["queue.bind-ok"], attempt, options);
}

export async function unbindQueue(channel: Channel, binding: QueueBinding, options?: CallOptions): Promise<void> {
  const method = { kind: "queue.unbind", ...binding, arguments: binding.arguments ?? {} } as const;
  const attempt = `unbind queue ${binding.queue} from exchange ${binding.exchange}`;
  await channel.call(method, ["queue.unbind-ok"], attempt, options);
}

/** Drops the messages that are ready. @returns how many. */
export async function purgeQueue(channel: Channel, queue: string, options?: CallOptions): Promise<number> {
  const method = { kind: "queue.purge", queue, noWait: false } as const;
  return (await ask(channel, method, "queue.purge-ok", `purge queue ${queue}`, options)).messageCount;
}

/**
 * @param options.ifUnused refuse (406) while it has consumers; default false
 * @param options.ifEmpty refuse (406) while it has messages; default false
 * @returns how many messages went with it; 0 if there was no such queue.
 */
export async function deleteQueue(
  channel: Channel,
  queue: string,
  options: CallOptions & { readonly ifUnused?: boolean; readonly ifEmpty?: boolean } = {},
): Promise<number> {
  const { ifUnused = false, ifEmpty = false } = options;
  const method = { kind: "queue.delete", queue, ifUnused, ifEmpty, noWait: false } as const;
  return (await ask(channel, method, "queue.delete-ok", `delete queue ${queue}`, options)).messageCount;
}

/** From now on publishes and settlements of the channel wait for `commit`. */
export async function selectTransaction(channel: Channel, options?: CallOptions): Promise<void> {
  await channel.call({ kind: "tx.select" }, ["tx.select-ok"], "start a transaction", options);
}

export async function commitTransaction(channel: Channel, options?: CallOptions): Promise<void> {
  channel.flushAcks();
  await channel.call({ kind: "tx.commit" }, ["tx.commit-ok"], "commit the transaction", options);
}

export async function rollbackTransaction(channel: Channel, options?: CallOptions): Promise<void> {
  channel.flushAcks();
  await channel.call({ kind: "tx.rollback" }, ["tx.rollback-ok"], "roll the transaction back", options);
}

async function ask<K extends MethodKind>(
  channel: Channel,
  method: Method,
  reply: K,
  attempt: string,
  options: CallOptions | undefined,
): Promise<MethodOf<K>> {
  return await channel.call(method, [reply], attempt, options) as MethodOf<K>; // `call` gives nothing but `reply`
}
