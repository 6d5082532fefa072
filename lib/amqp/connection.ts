import { Channel } from "./channel.ts";
import { ChannelNumbers } from "./channel_numbers.ts";
import type { ChannelLink } from "./channel_options.ts";
import { closedByBroker, endedUnder } from "./errors.ts";
import { Heartbeat } from "./heartbeat.ts";
import { type ConnectionOptions, resolveConnectionOptions, type ResolvedConnectionOptions } from "./options.ts";
import { Outbox } from "./outbox.ts";
import { readUrlTls } from "./url_tls.ts";
import { connect, type Connection, type Supervised } from "../net/mod.ts";
import { onAbort } from "../base/abort.ts";
import { Deferred } from "../base/deferred.ts";
import { asError, ConnectionError, ProtocolError, TimeoutError, UsageError } from "../base/errors.ts";
import { withDeadline } from "../base/time.ts";
import { ContentAssembler, writePublish } from "./wire/content.ts";
import { describeFrame, describeMethod } from "./wire/describe.ts";
import { type Frame, FrameDecoder, FrameType, writeHeartbeatFrame, writeMethodFrame } from "./wire/frame.ts";
import { Handshake, PROTOCOL_HEADER, type Session } from "./wire/handshake.ts";
import type { Method, MethodOf } from "./wire/methods.ts";
import { ReplyCode } from "./wire/reply_code.ts";

const CLOSE_TIMEOUT_MS = 5000;

type State =
  | { readonly kind: "opening"; readonly handshake: Handshake }
  | { readonly kind: "open"; readonly session: Session }
  | { readonly kind: "closing"; readonly reason: Error }
  | { readonly kind: "closed"; readonly reason: Error };

/**
 * One connection to a broker.
 *
 *     opening ──open-ok──> open ──close()──> closing ──close-ok──> closed
 *        └────── refusal, end of the stream, protocol error, abort(), silence ──────^
 *
 * Owns: the socket, the heartbeat's timer, its channels. Every way out goes through one `#shutdown`, which ends the
 * channels with the reason (each settles its own calls and publishes with it), stops the timer and closes the socket.
 *
 * Everything written in one tick of the loop leaves in one system call.
 *
 * Spec: AMQP 0-9-1 §1.4, §2.2.4, §4.10 · RabbitMQ "Blocked Connections", "Heartbeats"
 */
export class AmqpConnection implements Supervised {
  /** Settles when the connection has ended: with `undefined` after `close`, else with the reason. Never rejects. */
  readonly closed: Promise<Error | undefined>;
  /** Who is at the other end, for messages and logs. */
  readonly peer: string;

  readonly #socket: Connection;
  readonly #outbox: Outbox;
  readonly #options: ResolvedConnectionOptions;
  readonly #decoder = new FrameDecoder();
  readonly #assembler = new ContentAssembler({ maxBodyBytes: 0 }); // channel 0 carries no contents
  readonly #opened = new Deferred<Session>();
  readonly #closed = new Deferred<Error | undefined>();
  readonly #channels = new Map<number, Channel>();
  readonly #numbers = new ChannelNumbers();
  readonly #blockedListeners = new Set<(reason: string | undefined) => void>();
  #state: State;
  #heartbeat: Heartbeat | undefined;
  #blocked: string | undefined;
  #closing: Promise<void> | undefined;

  private constructor(socket: Connection, options: ResolvedConnectionOptions) {
    this.#socket = socket;
    this.#outbox = new Outbox(socket);
    this.#options = options;
    this.peer = socket.peer;
    this.closed = this.#closed.promise;
    this.#opened.promise.catch(() => {}); // told to `open`; nobody may be waiting any more
    this.#state = {
      kind: "opening",
      handshake: new Handshake({
        credentials: options.url,
        mechanism: options.mechanism,
        virtualHost: options.url.virtualHost,
        channelMax: options.channelMax,
        frameMaxBytes: options.frameMaxBytes,
        heartbeatSeconds: options.heartbeatSeconds,
        clientProperties: options.clientProperties,
      }),
    };
    socket.write(PROTOCOL_HEADER);
    this.#read();
  }

  /**
   * Connects and logs in.
   * @throws {AmqpError} 403 for a wrong login, 530 for an unknown virtual host; {ConnectionError}; {TimeoutError};
   * `signal.reason`.
   */
  static async open(
    options: ConnectionOptions & { readonly signal?: AbortSignal | undefined },
  ): Promise<AmqpConnection> {
    const { signal } = options;
    signal?.throwIfAborted();
    const resolved = resolveConnectionOptions(options);
    const { url, connectTimeoutMs, clock } = resolved;
    const start = clock.monotonic();
    const tls = resolved.tls ?? (url.isTls ? await readUrlTls(url.tls) : undefined);
    const { host, port } = url;
    const socket = await connect({ host, port }, {
      timeoutMs: connectTimeoutMs,
      signal,
      tls,
      background: resolved.background,
    });
    const timeoutMs = Math.max(0, connectTimeoutMs - (clock.monotonic() - start));
    return await AmqpConnection.over(socket, { ...options, connectTimeoutMs: timeoutMs || 1 });
  }

  /** As `open`, over a socket that is connected already; the connection owns it from now on. */
  static async over(
    socket: Connection,
    options: ConnectionOptions & { readonly signal?: AbortSignal | undefined },
  ): Promise<AmqpConnection> {
    const resolved = resolveConnectionOptions(options);
    const connection = new AmqpConnection(socket, resolved);
    const { connectTimeoutMs: timeoutMs, clock } = resolved;
    const unlisten = onAbort(options.signal, (reason) => connection.abort(asError(reason)));
    const what = `log in to ${socket.peer}`;
    try {
      await withDeadline(connection.#opened.promise, { timeoutMs, signal: options.signal, clock, what });
      return connection;
    } catch (error) {
      if (error instanceof TimeoutError) connection.abort(error);
      if (!(error instanceof ConnectionError) || socket.bytesRead > 0 || options.signal?.aborted) throw error;
      throw new ConnectionError(error.message, { code: "ERR_CONNECT", cause: error }); // nobody was there
    } finally {
      unlisten();
    }
  }

  get isOpen(): boolean {
    return this.#state.kind === "open";
  }

  /** What was agreed on in the handshake. @throws {ConnectionError} once the connection has ended. */
  get session(): Session {
    return this.#mustBeOpen("use the session").session;
  }

  /** Why the broker takes no publishes just now (`connection.blocked`), or undefined. */
  get blocked(): string | undefined {
    return this.#blocked;
  }

  /** Bytes over the socket so far. */
  get traffic(): { readonly sent: number; readonly received: number } {
    return { sent: this.#socket.bytesWritten, received: this.#socket.bytesRead };
  }

  /** Calls `listener` with the reason when the broker blocks publishes, and with undefined when it goes on. @returns how to stop. */
  onBlocked(listener: (reason: string | undefined) => void): () => void {
    this.#blockedListeners.add(listener);
    return () => this.#blockedListeners.delete(listener);
  }

  /** @throws {UsageError} if as many are open as were agreed on; {ConnectionError}; {TimeoutError}; `signal.reason`. */
  async openChannel(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<Channel> {
    options.signal?.throwIfAborted();
    const { session } = this.#mustBeOpen("open a channel");
    const number = this.#numbers.take(session.channelMax);
    if (number === undefined) {
      throw new UsageError(
        `Cannot open a channel to ${this.peer}: ${session.channelMax} are open, which is all the broker allows`,
        { code: "ERR_STATE" },
      );
    }
    const channel = new Channel(number, this.#linkOf(number));
    this.#channels.set(number, channel);
    return await channel.open(options);
  }

  /** Resolves when what was written until now is with the system; rejects if the connection ends first. */
  sent(): Promise<void> {
    return this.#state.kind === "closed" ? Promise.reject(this.#ended("send")) : this.#outbox.sent();
  }

  /** Says goodbye and waits for the broker's answer, at most 5 s. What is not settled goes back to the queues. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Drops the connection now. */
  abort(reason?: Error): void {
    this.#shutdown(reason ?? new ConnectionError(`Cannot use the connection to ${this.peer}: it was aborted here`));
    this.#socket.abort(reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    if (this.#state.kind === "opening") return this.abort();
    if (this.#state.kind !== "open") return await this.#socket.close(CLOSE_TIMEOUT_MS);
    const reason = new ConnectionError(`Cannot use the connection to ${this.peer}: it was closed here`);
    for (const channel of this.#channels.values()) channel.flushAcks();
    this.#send(0, { kind: "connection.close", replyCode: 200, replyText: "", classId: 0, methodId: 0 });
    this.#enter({ kind: "closing", reason });
    for (const channel of this.#channels.values()) channel.onConnectionEnd(reason);
    const { clock } = this.#options;
    await withDeadline(this.closed, {
      timeoutMs: CLOSE_TIMEOUT_MS,
      clock,
      what: `close the connection to ${this.peer}`,
    })
      .catch(() => this.#shutdown(reason)); // a broker that does not answer is left without its answer
    await this.#socket.close(CLOSE_TIMEOUT_MS);
  }

  #linkOf(number: number): ChannelLink {
    const { maxBodyBytes, callTimeoutMs, clock, log } = this.#options;
    return {
      peer: this.peer,
      maxBodyBytes,
      callTimeoutMs,
      clock,
      log: log.child({ peer: this.peer, channel: number }),
      send: (method) => this.#send(number, method),
      publish: (method, content) => {
        const { session } = this.#mustBeOpen("publish");
        writePublish(this.#outbox.writer, number, method, content, session.frameMaxBytes);
        this.#outbox.queue();
      },
      requestFlush: () => {
        const channel = this.#channels.get(number);
        if (channel !== undefined) this.#outbox.queueAcks(channel);
      },
      sent: () => this.sent(),
      release: () => {
        const channel = this.#channels.get(number);
        if (channel !== undefined) this.#outbox.forget(channel);
        if (this.#channels.delete(number)) this.#numbers.giveBack(number);
      },
    };
  }

  #send(channel: number, method: Method): void {
    if (this.#state.kind === "closed") return; // a last word to nobody
    if (this.#options.traceFrames) this.#trace("sent", `channel ${channel} ${describeMethod(method)}`);
    this.#outbox.writer.begin();
    writeMethodFrame(this.#outbox.writer, channel, method);
    this.#outbox.queue();
  }

  async #read(): Promise<void> {
    try {
      await this.#socket.read((chunk) => this.#onChunk(chunk));
      this.#onEnd();
    } catch (error) {
      this.#shutdown(asError(error));
    }
  }

  #onChunk(chunk: Uint8Array): void {
    if (this.#state.kind === "closed") return;
    try {
      this.#decoder.feed(chunk);
      for (let frame; (frame = this.#decoder.next()) !== undefined;) this.#onFrame(frame);
    } catch (error) {
      this.#fail(asError(error));
    }
  }

  #onEnd(): void {
    const why = this.#socket.bytesRead === 0
      ? " before it said anything"
      : this.#state.kind === "opening"
      ? " during the login: is the user or the password wrong?"
      : "";
    this.#shutdown(new ConnectionError(`Cannot use the connection to ${this.peer}: the broker hung up${why}`));
    this.#socket.close(CLOSE_TIMEOUT_MS).catch(() => {}); // `close` never rejects; nobody waits for it
  }

  #onFrame(frame: Frame): void {
    if (this.#options.traceFrames) this.#trace("received", describeFrame(frame));
    if (frame.type === FrameType.heartbeat || this.#state.kind === "closed") return;
    if (frame.channel === 0) return this.#onConnectionFrame(frame);
    if (this.#state.kind === "closing") return;
    const channel = this.#channels.get(frame.channel);
    if (channel === undefined) {
      throw new ProtocolError(
        `Cannot understand the broker: a frame came on channel ${frame.channel}, which is not open`,
        {
          replyCode: ReplyCode.channelError,
        },
      );
    }
    channel.onFrame(frame);
  }

  #onConnectionFrame(frame: Frame): void {
    const event = this.#assembler.push(frame);
    if (event === undefined) return;
    if (event.kind !== "method") throw this.#misplaced(event.method);
    const { method } = event;
    switch (method.kind) {
      case "connection.close":
        return this.#onClose(method);
      case "connection.close-ok":
        if (this.#state.kind !== "closing") throw this.#misplaced(method);
        return this.#shutdown(this.#state.reason);
      case "connection.blocked":
        return this.#setBlocked(method.reason);
      case "connection.unblocked":
        return this.#setBlocked(undefined);
      default:
        return this.#onHandshake(method);
    }
  }

  #onHandshake(method: Method): void {
    if (this.#state.kind === "closing") return;
    if (this.#state.kind !== "opening") throw this.#misplaced(method);
    const { handshake } = this.#state;
    for (const answer of handshake.next(method)) this.#send(0, answer);
    const { session } = handshake;
    if (session === undefined) return;
    this.#enter({ kind: "open", session });
    this.#decoder.maxFrameBytes = session.frameMaxBytes;
    if (session.heartbeatSeconds > 0) this.#heartbeat = this.#startHeartbeat(session.heartbeatSeconds * 1000);
    this.#opened.resolve(session);
  }

  #startHeartbeat(intervalMs: number): Heartbeat {
    return new Heartbeat({
      intervalMs,
      clock: this.#options.clock,
      bytesRead: () => this.#socket.bytesRead,
      bytesWritten: () => this.#socket.bytesWritten,
      beat: () => {
        writeHeartbeatFrame(this.#outbox.writer);
        this.#outbox.queue();
      },
      onSilence: (silentMs) =>
        this.abort(
          new ConnectionError(
            `Cannot use the connection to ${this.peer}: nothing was heard for ${Math.round(silentMs)} ms, ` +
              `a heartbeat was due every ${intervalMs}`,
          ),
        ),
    });
  }

  #onClose(method: MethodOf<"connection.close">): void {
    this.#send(0, { kind: "connection.close-ok" });
    this.#outbox.flush();
    this.#shutdown(closedByBroker(`the connection to ${this.peer}`, method));
    this.#socket.close(CLOSE_TIMEOUT_MS).catch(() => {}); // `close` never rejects; nobody waits for it
  }

  #setBlocked(reason: string | undefined): void {
    this.#blocked = reason;
    const { log } = this.#options;
    if (reason === undefined) log.info("The broker takes publishes again", { peer: this.peer });
    else log.warn("The broker takes no publishes", { peer: this.peer, reason });
    for (const listener of this.#blockedListeners) listener(reason);
  }

  /** The broker broke the protocol: tells it so, as far as it still listens, and ends. */
  #fail(error: Error): void {
    const replyCode = (error instanceof ProtocolError ? error.replyCode : undefined) ?? ReplyCode.internalError;
    const replyText = error.message.slice(0, 200);
    if (this.#state.kind === "open") {
      this.#send(0, { kind: "connection.close", replyCode, replyText, classId: 0, methodId: 0 });
      this.#outbox.flush();
    }
    this.#shutdown(error);
    this.#socket.close(CLOSE_TIMEOUT_MS).catch(() => {}); // `close` never rejects; nobody waits for it
  }

  #misplaced(method: Method): ProtocolError {
    return new ProtocolError(`Cannot understand the broker: ${method.kind} came while ${this.#state.kind}`, {
      replyCode: ReplyCode.commandInvalid,
    });
  }

  #mustBeOpen(attempt: string): Extract<State, { kind: "open" }> {
    if (this.#state.kind !== "open") throw this.#ended(attempt);
    return this.#state;
  }

  #ended(attempt: string): ConnectionError {
    const reason = "reason" in this.#state
      ? this.#state.reason
      : new ConnectionError(`Cannot use the connection to ${this.peer}: it is ${this.#state.kind}`);
    return endedUnder(attempt, reason, { maybeSent: false });
  }

  #enter(state: State): void {
    this.#state = state;
  }

  #shutdown(reason: Error): void {
    if (this.#state.kind === "closed") return;
    const wasAsked = this.#state.kind === "closing";
    this.#enter({ kind: "closed", reason });
    this.#heartbeat?.stop();
    this.#blockedListeners.clear();
    for (const channel of [...this.#channels.values()]) channel.onConnectionEnd(reason);
    this.#outbox.end(this.#ended("send"));
    this.#opened.reject(reason);
    this.#closed.resolve(wasAsked ? undefined : reason);
  }

  #trace(direction: "sent" | "received", frame: string): void {
    this.#options.log.debug("AMQP frame", { peer: this.peer, direction, frame });
  }
}
