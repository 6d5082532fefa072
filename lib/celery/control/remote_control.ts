import { asError, ConnectionError } from "../../base/errors.ts";
import { Deferred } from "../../base/deferred.ts";
import { onAbort } from "../../base/abort.ts";
import { type Clock, systemClock, type Timer } from "../../base/time.ts";
import { isPlainObject } from "../../base/pyvalue.ts";
import type { LogicalClock } from "../logical_clock.ts";
import type { Delivery, Transport } from "../transport/transport.ts";
import { type BoxOptions, controlExchange, replyQueue } from "../wire/control.ts";
import type { Message } from "../wire/message.ts";
import type { Content } from "../wire/serializer.ts";

/** What remote control needs of an app. */
export interface RemoteControlPorts {
  /** An app opens its own on first use. */
  transport(): Promise<Transport>;
  /** Setting `controlExchange`. */
  readonly exchange: string;
  /** Of the queue for replies. Default: Celery's. */
  readonly boxes?: BoxOptions;
  readonly logicalClock: LogicalClock;
  readonly newId: () => string;
  encode(value: unknown): Content;
  /** @throws {ContentDisallowed}; {DecodeError} */
  decode(message: Message): unknown;
  readonly clock?: Clock;
}

export interface BroadcastOptions {
  /** The command's arguments, under Python's names. */
  readonly arguments?: Readonly<Record<string, unknown>>;
  /** Node names; default: all nodes. */
  readonly destination?: readonly string[] | undefined;
  /** Nodes by the pattern of their names, instead of `destination`. */
  readonly pattern?: string | undefined;
  /** What kind of pattern it is. Default `glob`. */
  readonly matcher?: "glob" | "pcre" | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface AskOptions extends BroadcastOptions {
  /** How long to wait for the next reply, milliseconds. Default 1000. */
  readonly timeoutMs?: number | undefined;
  /** Stop after so many replies. Default: the number of destinations, or no limit. */
  readonly limit?: number | undefined;
  /** Called with each reply as it arrives. */
  readonly onReply?: ((node: string, reply: unknown) => void) | undefined;
}

/** Replies by node name; empty if nobody replied. */
export type Replies = ReadonlyMap<string, unknown>;

/**
 * Sends commands to workers, ours and Python's alike, and collects their replies.
 *
 * Source: kombu 5.6 kombu/pidbox.py `Mailbox._broadcast`, `_collect`
 */
export class RemoteControl {
  readonly #ports: RemoteControlPorts;
  readonly #clock: Clock;

  constructor(ports: RemoteControlPorts) {
    this.#ports = ports;
    this.#clock = ports.clock ?? systemClock;
  }

  /** Sends a command and waits for no reply. */
  async tell(method: string, options: BroadcastOptions = {}): Promise<void> {
    await this.#send(method, options, {}, 0);
  }

  /**
   * Sends a command and collects replies until `limit` of them are there or none has come for `timeoutMs`. Where the broker
   * tells that no worker listens, none is waited for.
   *
   * The queue for the replies exists before the command is sent, and is deleted afterwards.
   */
  async ask(method: string, options: AskOptions = {}): Promise<Replies> {
    const { exchange, boxes, newId } = this.#ports;
    const { timeoutMs = 1000, limit = options.destination?.length, signal, onReply } = options;
    signal?.throwIfAborted();
    const transport = await this.#ports.transport();
    const id = newId();
    const ticket = newId();
    const queue = replyQueue(exchange, id, boxes);
    const replies = new Map<string, unknown>();
    const done = new Deferred<void>();
    let timer: Timer | undefined;
    const wait = () => {
      timer?.cancel();
      timer = this.#clock.after(timeoutMs, () => done.resolve());
    };
    const onDelivery = (delivery: Delivery) => {
      for (const [node, reply] of this.#read(delivery.message, ticket)) {
        replies.set(node, reply);
        onReply?.(node, reply);
      }
      if (limit !== undefined && replies.size >= limit) done.resolve();
      else wait();
    };
    const stop = onAbort(signal, (reason) => done.reject(reason));
    const consumer = await transport.consume({ queues: [queue], credit: 0, noAck: true, onDelivery });
    try {
      const heard = await this.#send(method, options, {
        ticket,
        reply_to: { exchange: queue.exchange.name, routing_key: id },
      }, timeoutMs);
      if (heard === 0) done.resolve();
      else wait();
      await done.promise;
    } finally {
      stop();
      timer?.cancel();
      await consumer.close();
      await transport.deleteQueue(queue).catch(ignoreLostConnection);
    }
    return replies;
  }

  async #send(
    method: string,
    options: BroadcastOptions,
    reply: Readonly<Record<string, unknown>>,
    timeoutMs: number,
  ): Promise<number | undefined> {
    const { exchange, logicalClock } = this.#ports;
    const { destination = null, pattern = null, matcher = pattern === null ? null : "glob", signal } = options;
    const { contentType, contentEncoding, body } = this.#ports.encode({
      method,
      arguments: options.arguments ?? {},
      destination,
      pattern,
      matcher,
      ...reply,
    });
    const expires = timeoutMs > 0 ? (this.#clock.now() + timeoutMs) / 1000 : 0;
    const message: Message = {
      headers: { clock: logicalClock.forward(), expires },
      properties: { deliveryMode: 2, priority: 0 },
      contentType,
      contentEncoding,
      body,
    };
    const transport = await this.#ports.transport();
    return await transport.broadcast(controlExchange(exchange), "", message, { signal });
  }

  /** The node and its reply, if the message is a reply to this question. */
  #read(message: Message, ticket: string): [node: string, reply: unknown][] {
    const { clock, ticket: answered } = message.headers;
    this.#ports.logicalClock.adjust(clock);
    if (answered !== ticket) return [];
    try {
      const reply = this.#ports.decode(message);
      return isPlainObject(reply) ? Object.entries(reply) : [];
    } catch {
      return []; // no worker sends such a thing
    }
  }
}

/** The queue goes by itself when nobody uses it; there is nothing to be done about it now. */
function ignoreLostConnection(error: unknown): void {
  if (!(error instanceof ConnectionError)) throw asError(error);
}
