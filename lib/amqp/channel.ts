import { type Answer, Calls } from "./calls.ts";
import type { CallOptions, ChannelLink, ConsumeOptions } from "./channel_options.ts";
import { Deliveries } from "./deliveries.ts";
import { closedByBroker, endedUnder } from "./errors.ts";
import { describePublish, type OutgoingMessage, type ReceivedMessage } from "./message.ts";
import { ConfirmedPublish, Outcomes, type PublishOutcome } from "./outcomes.ts";
import { Deferred } from "../base/deferred.ts";
import { ConnectionError, LimitError, ProtocolError, UsageError } from "../base/errors.ts";
import { withDeadline } from "../base/time.ts";
import { type ChannelEvent, type Content, ContentAssembler } from "./wire/content.ts";
import type { Frame } from "./wire/frame.ts";
import type { ContentMethod, Method, MethodKind, MethodOf, PlainMethod } from "./wire/methods.ts";
import { ReplyCode } from "./wire/reply_code.ts";

const GET_ANSWERS: readonly MethodKind[] = ["basic.get-ok", "basic.get-empty"];

type State =
  | { readonly kind: "open" }
  | { readonly kind: "closing"; readonly reason: Error }
  | { readonly kind: "closed"; readonly reason: Error };

/**
 * One channel of a connection.
 *
 *     open ──close()──> closing ──close-ok──> closed
 *      └──channel.close by the broker, end of the connection──^
 *
 * A channel that the broker closes, because it was asked for something wrong, is gone; the connection and its other
 * channels are not. Calls are pipelined. Acknowledgements of one tick leave in as few frames as possible.
 *
 * Opens: nothing but itself on the broker. On every way out all calls, consumers and publishes are settled with the reason.
 *
 * Spec: AMQP 0-9-1 §1.5, §1.8 · RabbitMQ "Channels", "Consumer Acknowledgements and Publisher Confirms"
 */
export class Channel {
  readonly number: number;
  /** Settles when the channel has ended: with `undefined` after `close`, else with the reason. Never rejects. */
  readonly closed: Promise<Error | undefined>;

  readonly #link: ChannelLink;
  readonly #closed = new Deferred<Error | undefined>();
  readonly #assembler: ContentAssembler;
  readonly #calls = new Calls();
  readonly #deliveries: Deliveries;
  #state: State = { kind: "open" };
  #outcomes: Outcomes | undefined; // once in confirm mode
  #flow = true;
  #flowListener: ((active: boolean) => void) | undefined;
  #tags = 0;
  #closing: Promise<void> | undefined;

  /** Called by the connection; use `AmqpConnection.openChannel`. */
  constructor(number: number, link: ChannelLink) {
    this.number = number;
    this.#link = link;
    this.#assembler = new ContentAssembler({ maxBodyBytes: link.maxBodyBytes });
    this.#deliveries = new Deliveries((method) => link.send(method));
    this.closed = this.#closed.promise;
  }

  get isOpen(): boolean {
    return this.#state.kind === "open";
  }

  /** False while the broker asks not to publish on this channel (`channel.flow`). */
  get mayPublish(): boolean {
    return this.#flow;
  }

  /** Calls `listener`, the only one, whenever `mayPublish` changes. */
  onFlow(listener: (active: boolean) => void): void {
    this.#flowListener = listener;
  }

  /** Publishes that wait for their confirmation. */
  get unconfirmed(): number {
    return this.#outcomes?.pending ?? 0;
  }

  /** Deliveries that are not settled. */
  get unsettled(): number {
    return this.#deliveries.unsettled;
  }

  /**
   * Sends a request and resolves with its answer.
   * @throws {AmqpError} if the broker refuses it, which ends the channel; {ConnectionError} if the channel ends otherwise;
   * {TimeoutError}; `signal.reason`.
   */
  async call(
    method: Method,
    replies: readonly MethodKind[],
    attempt: string,
    options: CallOptions = {},
  ): Promise<Method> {
    return (await this.#ask(method, replies, attempt, options)).method;
  }

  /** Opens the channel on the broker; called once, by the connection. */
  async open(options: CallOptions = {}): Promise<this> {
    await this.call({ kind: "channel.open" }, ["channel.open-ok"], `open channel ${this.number}`, options);
    return this;
  }

  /** How many deliveries may be unsettled at once. @param count 0 = no limit. @param global for the channel, not for each later consumer */
  async qos(count: number, global: boolean, options: CallOptions = {}): Promise<void> {
    const method = { kind: "basic.qos", prefetchSize: 0, prefetchCount: count, global } as const;
    await this.call(method, ["basic.qos-ok"], `set the prefetch count to ${count}`, options);
  }

  /** Starts a consumer. @returns its tag. */
  async consume(options: ConsumeOptions): Promise<string> {
    const { queue, consumerTag = `ctag${++this.#tags}`, noAck = false, exclusive = false, onMessage, onCancel } =
      options;
    if (this.#deliveries.consumers.has(consumerTag)) {
      throw new UsageError(`Cannot consume from ${queue}: the channel has a consumer ${consumerTag} already`);
    }
    const method = {
      kind: "basic.consume",
      queue,
      consumerTag,
      noLocal: false,
      noAck,
      exclusive,
      noWait: false,
      arguments: options.arguments ?? {},
    } as const;
    const reply = this.call(method, ["basic.consume-ok"], `consume from ${queue}`, options);
    this.#deliveries.consumers.set(consumerTag, { noAck, onMessage, onCancel }); // deliveries may come right behind the answer
    try {
      await reply;
    } catch (error) {
      this.#deliveries.consumers.delete(consumerTag);
      throw error;
    }
    return consumerTag;
  }

  /** Ends a consumer; what it delivered can still be settled. */
  async cancel(consumerTag: string, options: CallOptions = {}): Promise<void> {
    const attempt = `cancel consumer ${consumerTag}`;
    await this.call({ kind: "basic.cancel", consumerTag, noWait: false }, ["basic.cancel-ok"], attempt, options);
    this.#deliveries.consumers.delete(consumerTag);
  }

  /**
   * Takes one message, or undefined from an empty queue; `messageCount` are left. Consuming is many times cheaper.
   */
  async get(
    queue: string,
    options: CallOptions & { readonly noAck?: boolean } = {},
  ): Promise<ReceivedMessage & { readonly messageCount: number } | undefined> {
    const { noAck = false } = options;
    const method = { kind: "basic.get", queue, noAck } as const;
    const { method: answer, content } = await this.#ask(method, GET_ANSWERS, `get a message from ${queue}`, options);
    if (answer.kind !== "basic.get-ok" || content === undefined) return undefined;
    const { deliveryTag, redelivered, exchange, routingKey, messageCount } = answer;
    return { consumerTag: "", deliveryTag, redelivered, exchange, routingKey, messageCount, ...content };
  }

  /** Acknowledges one delivery; leaves with this tick's others. @throws {UsageError} if it is settled already. */
  ack(deliveryTag: number): void {
    this.#mustBeOpen(`acknowledge delivery ${deliveryTag}`);
    this.#deliveries.ack(deliveryTag);
    this.#link.requestFlush();
  }

  /** Drops one delivery, or gives it back to its queue. @throws {UsageError} if it is settled already. */
  reject(deliveryTag: number, requeue: boolean): void {
    this.#mustBeOpen(`reject delivery ${deliveryTag}`);
    this.#deliveries.reject(deliveryTag, requeue);
  }

  /** Drops everything that is open up to `deliveryTag` (0 = everything), or gives it back. */
  nackUpTo(deliveryTag: number, requeue: boolean): void {
    this.#mustBeOpen(`reject deliveries up to ${deliveryTag}`);
    this.#deliveries.nackUpTo(deliveryTag, requeue);
  }

  /** Gives everything that is open back to the queues. */
  async recover(options: CallOptions = {}): Promise<void> {
    this.#mustBeOpen("recover deliveries");
    this.#deliveries.forgetAll();
    await this.call({ kind: "basic.recover", requeue: true }, ["basic.recover-ok"], "recover deliveries", options);
  }

  /** Sends the acknowledgements of this tick; called by the connection before it writes. */
  flushAcks(): void {
    if (this.#state.kind === "open") this.#deliveries.flushAcks();
  }

  /** Resolves when what was settled until now is with the system. */
  sent(): Promise<void> {
    return this.#link.sent();
  }

  /** From now on the broker confirms every publish. */
  async confirmSelect(options: CallOptions = {}): Promise<void> {
    const attempt = "switch publisher confirms on";
    await this.call({ kind: "confirm.select", noWait: false }, ["confirm.select-ok"], attempt, options);
    this.#outcomes ??= new Outcomes();
  }

  /**
   * Publishes in confirm mode; resolves when the broker has the message.
   * @throws {AmqpError} if the broker refuses it; {ConnectionError} with `maybeSent` if the channel ends first.
   */
  publishConfirmed(message: OutgoingMessage): Promise<void> {
    const publish = new ConfirmedPublish(message);
    this.publishTracked(publish);
    return publish.promise;
  }

  /** As `publishConfirmed`, without a promise of its own. @throws {UsageError} if the message cannot be written, before anything is sent. */
  publishTracked(outcome: PublishOutcome): void {
    if (this.#outcomes === undefined) {
      throw new UsageError("Cannot publish with confirmation: confirmSelect was not called", { code: "ERR_STATE" });
    }
    this.publish(outcome.message);
    this.#outcomes.add(outcome);
  }

  /**
   * Publishes without waiting for anything: the message is lost if the connection breaks.
   * @throws {LimitError} for a body over the limit; {UsageError} for properties that cannot be written.
   */
  publish(message: OutgoingMessage): void {
    const { exchange, routingKey, properties, body, mandatory = false } = message;
    this.#mustBeOpen(describePublish(message));
    if (body.length > this.#link.maxBodyBytes) {
      throw new LimitError(
        `Cannot ${
          describePublish(message)
        }: its body has ${body.length} bytes, the limit is ${this.#link.maxBodyBytes}`,
      );
    }
    const method = { kind: "basic.publish", exchange, routingKey, mandatory, immediate: false } as const;
    this.#link.publish(method, { properties, body });
  }

  /** Closes the channel; what is not settled goes back to the queues. */
  close(options: CallOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Takes the next frame of this channel. @throws {ProtocolError} if it makes no sense; then the connection has to end. */
  onFrame(frame: Frame): void {
    const event = this.#assembler.push(frame);
    if (event === undefined) return;
    if (this.#state.kind === "closing") return this.#onClosingEvent(event);
    switch (event.kind) {
      case "method":
        return this.#onMethod(event.method);
      case "content":
        return this.#onContent(event.method, event.content);
      case "refused":
        return this.#onRefused(event);
    }
  }

  /** The connection has ended. */
  onConnectionEnd(reason: Error): void {
    this.#shutdown(reason);
  }

  async #close(options: CallOptions): Promise<void> {
    if (this.#state.kind !== "open") return;
    this.flushAcks();
    const reason = new ConnectionError(`Cannot use channel ${this.number} to ${this.#link.peer}: it was closed here`);
    const close = { kind: "channel.close", replyCode: 200, replyText: "", classId: 0, methodId: 0 } as const;
    this.#calls.fail(reason); // their answers are dropped from now on
    const answer = this.call(close, ["channel.close-ok"], `close channel ${this.number}`, options);
    this.#state = { kind: "closing", reason };
    try {
      await answer;
    } finally {
      this.#shutdown(reason);
    }
  }

  #ask(method: Method, replies: readonly MethodKind[], attempt: string, options: CallOptions): Promise<Answer> {
    const { timeoutMs = this.#link.callTimeoutMs, signal } = options;
    signal?.throwIfAborted();
    this.#mustBeOpen(attempt);
    this.#link.send(method);
    const answer = this.#calls.add(method, replies, attempt);
    return withDeadline(answer, { timeoutMs, signal, clock: this.#link.clock, what: attempt });
  }

  /** Between close and close-ok everything but these two methods is to be dropped. */
  #onClosingEvent(event: ChannelEvent): void {
    if (event.method.kind === "channel.close-ok") this.#calls.settle(event.method);
    else if (event.method.kind === "channel.close") this.#onClose(event.method);
  }

  #onMethod(method: PlainMethod): void {
    switch (method.kind) {
      case "basic.ack":
      case "basic.nack":
        if (this.#outcomes === undefined) throw unexpected(method, "nothing was to be confirmed");
        return this.#outcomes.settle(method);
      case "basic.cancel":
        return this.#deliveries.onCancel(method);
      case "channel.flow":
        return this.#onFlow(method.active);
      case "channel.close":
        return this.#onClose(method);
      default:
        this.#calls.settle(method);
    }
  }

  #onContent(method: ContentMethod, content: Content): void {
    switch (method.kind) {
      case "basic.deliver":
        return this.#deliveries.onDeliver(method, content);
      case "basic.get-ok":
        return this.#deliveries.onGot(method.deliveryTag, this.#calls.settle(method, content));
      case "basic.return":
        return this.#onReturn(method, content);
      case "basic.publish":
        throw unexpected(method, "only clients send it");
    }
  }

  /** A message whose publisher is to blame is dropped, so that it does not come again and again. */
  #onRefused({ method, reason }: Extract<ChannelEvent, { kind: "refused" }>): void {
    this.#link.log.error("A message was refused", { method: method.kind, reason: reason.message });
    switch (method.kind) {
      case "basic.deliver":
        return this.#deliveries.onRefused(method);
      case "basic.get-ok":
        this.#deliveries.onGot(method.deliveryTag, this.#calls.settleWith(method, reason));
        return this.#deliveries.drop(method.deliveryTag);
      case "basic.return":
        return this.#onReturn(method, { properties: {}, body: new Uint8Array(0) });
      case "basic.publish":
        throw unexpected(method, "only clients send it");
    }
  }

  #onReturn(method: MethodOf<"basic.return">, content: Content): void {
    const { replyCode, replyText, routingKey } = method;
    const isAwaited = this.#outcomes?.onReturn(method, content) ?? false;
    if (!isAwaited) this.#link.log.warn("A published message came back", { replyCode, replyText, routingKey });
  }

  #onFlow(active: boolean): void {
    this.#flow = active;
    this.#link.send({ kind: "channel.flow-ok", active });
    this.#flowListener?.(active);
  }

  #onClose(method: MethodOf<"channel.close">): void {
    this.#link.send({ kind: "channel.close-ok" });
    const error = closedByBroker(`channel ${this.number} to ${this.#link.peer}`, method);
    this.#calls.refuse(error);
    this.#shutdown(error);
  }

  #mustBeOpen(attempt: string): void {
    if (this.#state.kind !== "open") throw endedUnder(attempt, this.#state.reason, { maybeSent: false });
  }

  #shutdown(reason: Error): void {
    if (this.#state.kind === "closed") return;
    const wasAsked = this.#state.kind === "closing";
    this.#state = { kind: "closed", reason };
    this.#calls.fail(reason);
    this.#deliveries.consumers.clear();
    this.#outcomes?.end(reason);
    this.#link.release();
    this.#closed.resolve(wasAsked ? undefined : reason);
  }
}

function unexpected(method: Method, why: string): ProtocolError {
  return new ProtocolError(`Cannot understand the broker: ${method.kind} came, but ${why}`, {
    replyCode: ReplyCode.commandInvalid,
  });
}
