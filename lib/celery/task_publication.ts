import { randomUuid } from "./uuid.ts";
import { UsageError } from "../base/errors.ts";
import { isPlainObject, PyDateTime } from "../base/pyvalue.ts";
import type { SignatureLike, When, WireOptions } from "./apply_options.ts";
import { compress } from "./compression.ts";
import type { Config } from "./config.ts";
import { destination } from "./routing/destination.ts";
import type { RoutedOptions, Router } from "./routing/router.ts";
import type { QueueTable } from "./routing/queue_table.ts";
import type { TaskRequest } from "./task_request.ts";
import type { Signal } from "./signals/signal.ts";
import type { BeforeTaskPublish } from "./signals/task_events.ts";
import type { Route } from "./transport/transport.ts";
import type { Headers, HeaderValue, Message, MessageProperties } from "./wire/message.ts";
import { saferepr, safereprArgs } from "./wire/saferepr.ts";
import type { Serializer, SerializerRegistry } from "./wire/serializer.ts";
import type { SignatureData } from "./wire/signature.ts";
import { EMPTY_EMBED, type TaskEmbed, type TaskHeaders, writeTaskHeaders, writeTaskV1 } from "./wire/task_message.ts";
import { instantOf } from "./wire/task_message.ts";
import { isoAt } from "./wire/timezone.ts";

/** One call of a task, to be sent. */
export interface TaskCall {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** Those of the call over those of the task. */
  readonly options: WireOptions;
  /** The task that sends it, if one does. */
  readonly sender: TaskRequest | undefined;
}

/** A call as a message, with where it goes. */
export interface TaskPublication {
  readonly id: string;
  readonly headers: Omit<TaskHeaders, "compression">;
  readonly message: Message;
  readonly embed: TaskEmbed;
  readonly route: Route;
  /** Name of the queue, where the route has one. */
  readonly queueName: string | null;
}

export interface PublicationContext {
  readonly conf: Config;
  readonly queues: QueueTable;
  readonly router: Router;
  readonly serializers: SerializerRegistry;
  /** Sent before a message is encoded. */
  readonly beforePublish?: Signal<BeforeTaskPublish>;
  /** Queue for rpc results, sent with every task. */
  readonly replyTo: string;
  /** `gen<pid>@<host>`. */
  readonly origin: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const EMPTY: Headers = Object.freeze({});

/**
 * Makes the message of a call, with every header as Celery 5.6 writes it.
 *
 * Spec: celery 5.6 celery/app/base.py `send_task`, celery/app/amqp.py `as_task_v2`, `send_task_message`
 *
 * @throws {UsageError}, {EncodeError} for calls that cannot be sent
 */
export function publicationOf(call: TaskCall, context: PublicationContext): TaskPublication {
  const { name, args, kwargs } = call;
  if (!Array.isArray(args)) throw new UsageError("Cannot send the task: task args must be a list or tuple");
  if (!isPlainObject(kwargs)) throw new UsageError("Cannot send the task: task keyword arguments must be a mapping");
  const options = context.router.route(call.options, call.options.route_name ?? name, args, kwargs);
  const headers = headersOf(call, options, context);
  const embed = embedOf(options);
  const serializer = context.serializers.get(options.serializer ?? context.conf.taskSerializer);
  const isV2 = context.conf.taskProtocol === 2;
  const written = isV2 ? writeTaskHeaders(headers) : { ...headers.custom };
  const properties = propertiesOf(headers.id, call, options, context);
  const { route: known, queueName } = destination(options, context.queues);
  const route = options.mandatory === true ? { ...known, mandatory: true } : known;
  const { beforePublish } = context;
  if (beforePublish?.isConnected === true) {
    void beforePublish.send({
      sender: name,
      body: [args, kwargs, embed],
      headers: written,
      properties,
      exchange: route.exchange,
      routingKey: route.routingKey,
      declare: route.queue === undefined ? [] : [route.queue],
      retryPolicy: call.options.retry_policy ?? null,
    });
  }
  const body = isV2
    ? encodeBody(serializer, args, kwargs, embed)
    : serializer.encode(writeTaskV1(headers, { args, kwargs, embed }, context.conf.enableUtc), "task");
  const method = options.compression ?? context.conf.taskCompression;
  const packed = method === null ? undefined : compress(body, method);
  return {
    id: headers.id,
    headers,
    embed,
    route,
    queueName,
    message: {
      headers: packed === undefined ? written : { ...written, compression: packed.contentType },
      properties,
      contentType: serializer.contentType,
      contentEncoding: serializer.contentEncoding,
      body: packed?.body ?? body,
    },
  };
}

function headersOf(
  { name, args, kwargs, sender }: TaskCall,
  options: RoutedOptions,
  context: PublicationContext,
): Omit<TaskHeaders, "compression"> {
  const id = options.task_id ?? randomUuid();
  return {
    lang: "js",
    task: name,
    id,
    shadow: options.shadow ?? null,
    eta: etaOf(options, context),
    expires: expiresOf(options, context),
    group: options.group_id ?? null,
    groupIndex: options.group_index ?? null,
    retries: options.retries ?? 0,
    timelimit: [options.time_limit ?? null, options.soft_time_limit ?? null],
    rootId: options.root_id ?? sender?.rootId ?? id,
    parentId: options.parent_id ?? sender?.id ?? null,
    argsrepr: options.argsrepr ?? safereprArgs(args),
    kwargsrepr: options.kwargsrepr ?? reprOfKwargs(kwargs),
    origin: options.origin ?? context.origin,
    ignoreResult: options.ignore_result ?? false,
    replacedTaskNesting: options.replaced_task_nesting ?? 0,
    stampedHeaders: options.stamped_headers ?? null,
    stamps: stampsOf(options),
    custom: options.headers ?? EMPTY,
  };
}

function reprOfKwargs(kwargs: Readonly<Record<string, unknown>>): string {
  for (const _ in kwargs) return saferepr(kwargs);
  return "{}";
}

function etaOf({ countdown, eta }: RoutedOptions, { conf, now }: PublicationContext): string | null {
  if (countdown) return isoAt(now() + countdown * 1000, conf.timezone ?? "UTC"); // 0 is no countdown, in Python too
  return eta === undefined || eta === null ? null : momentText(eta, "eta");
}

function expiresOf({ expires }: RoutedOptions, { conf, now }: PublicationContext): string | null {
  if (expires === undefined || expires === null) return null;
  return typeof expires === "number"
    ? isoAt(now() + expires * 1000, conf.timezone ?? "UTC")
    : momentText(expires, "expires");
}

function momentText(when: When, option: string): string {
  if (when instanceof Date) {
    if (Number.isNaN(when.getTime())) throw new UsageError(`Cannot send the task: ${option} is an invalid Date`);
    return isoAt(when.getTime(), "UTC");
  }
  if (typeof when === "string") PyDateTime.parse(when); // refuses what a worker could not read
  return when.toString();
}

function propertiesOf(
  id: string,
  call: TaskCall,
  options: RoutedOptions,
  context: PublicationContext,
): MessageProperties {
  const properties = {
    correlationId: id,
    replyTo: options.reply_to ?? context.replyTo,
    priority: priorityOf(options, call, context.conf),
    deliveryMode: options.delivery_mode ?? context.conf.taskDefaultDeliveryMode,
  };
  const expiration = expirationOf(options, context);
  return expiration === undefined ? properties : { ...properties, expiration };
}

/** Time to live in the broker, milliseconds: with `expires` the message goes when nobody may run it any more. */
function expirationOf({ expires, expiration }: RoutedOptions, { conf, now }: PublicationContext): string | undefined {
  let seconds = expiration;
  if (typeof expires === "number") seconds = expires;
  else if (expires !== undefined && expires !== null) {
    seconds = (instantOf(momentText(expires, "expires"), conf.timezone ?? "UTC") - now()) / 1000;
  }
  return seconds === undefined || seconds === null ? undefined : String(Math.trunc(Math.max(0, seconds) * 1000));
}

function priorityOf(options: RoutedOptions, { sender }: TaskCall, conf: Config): number {
  const inherited = conf.taskInheritParentPriority ? sender?.deliveryInfo.priority : undefined;
  return options.priority ?? inherited ?? 0;
}

function stampsOf(options: RoutedOptions): Headers {
  const names = options.stamped_headers;
  if (names === undefined || names === null) return EMPTY;
  return Object.fromEntries(names.map((name) => [name, (options[name] ?? null) as HeaderValue]));
}

function embedOf({ link, link_error, chain, chord }: RoutedOptions): TaskEmbed {
  if (!link && !link_error && !chain && !chord) return EMPTY_EMBED;
  return {
    callbacks: signatures(link),
    errbacks: signatures(link_error),
    chain: signatures(chain),
    chord: chord ? dataOf(chord) : null,
  };
}

function signatures(given: SignatureLike | readonly SignatureLike[] | null | undefined): SignatureData[] | null {
  if (given === null || given === undefined) return null;
  return isList(given) ? given.map(dataOf) : [dataOf(given)];
}

function isList(given: SignatureLike | readonly SignatureLike[]): given is readonly SignatureLike[] {
  return Array.isArray(given);
}

function dataOf(signature: SignatureLike): SignatureData {
  return "toJSON" in signature ? signature.toJSON() : signature;
}

function encodeBody(
  serializer: Serializer,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
  embed: TaskEmbed,
): Uint8Array {
  return serializer.encodeList([["args", args], ["kwargs", kwargs], ["embed", embed]]);
}
