import { asError } from "../../base/errors.ts";
import type { Timer } from "../../base/time.ts";
import type { Connection, PeerCertificate } from "../../net/mod.ts";
import { CallContext, type ClientView, runInContext, type TrackedResource } from "../context.ts";
import { writeMessage } from "../write_message.ts";
import { ConnectionClosedError, MessageTooLargeError } from "../wire/errors.ts";
import { describeMessage, Flag, type Message, MessageType } from "../wire/message.ts";
import { MessageDecoder } from "../wire/message_decoder.ts";
import type { Serializer } from "../wire/serializer.ts";
import { isThenable } from "./batch.ts";
import { correlationOf, refusalMessage, shakeHands } from "./handshake.ts";
import type { Host } from "./host.ts";
import type { SessionInstances } from "./instances.ts";
import { findJob, type Job } from "./job.ts";
import { exceptionReply, pongReply, resultReply, streamReply } from "./replies.ts";
import { readRequest } from "./request.ts";
import { isAnswered, isFatal } from "./verdict.ts";
import { isItemSource } from "./streams.ts";

const FIRST = [MessageType.connect] as const;
const LATER = [MessageType.invoke, MessageType.ping] as const;
const HANG_UP_MS = 1000;

export interface ClientConnectionOptions {
  /** Why this client is turned away, after its greeting was read. */
  readonly refusal?: string | undefined;
  /** True for the client at the other end of a connected socket: it does not introduce itself. Default false. */
  readonly isKnown?: boolean;
}

/**
 * One client of a daemon, from its handshake to its end.
 *
 *     greeting ──CONNECT accepted──> serving ──hang up, close()──> closing
 *        └──────── refused, silent, no Pyro4 ────────────────────────┘
 *
 * Its requests are carried out one after the other; while one is awaited nothing is read, so that a hasty client is
 * slowed down and not stored. Oneway calls do not hold up the next request, as long as not too many of them run.
 *
 * Opens: a timer. Borrows: the connection, which whoever accepted it closes after `serve`. Owns: the session's instances
 * and the resources tracked for it, which it lets go of when the connection ends.
 */
export class ClientConnection implements ClientView {
  readonly #host: Host;
  readonly #connection: Connection;
  readonly #decoder: MessageDecoder;
  readonly #refusal: string | undefined;
  // Most clients need none of these three, and idle ones should cost little.
  #resources: Set<TrackedResource> | undefined;
  #instances: SessionInstances | undefined;
  #oneways: Set<Promise<void>> | undefined;
  #state: "greeting" | "serving" | "closing";
  #working: Promise<void> | undefined;
  #timer: Timer | undefined;
  #accepted: boolean;

  constructor(host: Host, connection: Connection, { refusal, isKnown = false }: ClientConnectionOptions = {}) {
    this.#host = host;
    this.#connection = connection;
    this.#refusal = refusal;
    this.#accepted = isKnown;
    this.#state = isKnown ? "serving" : "greeting";
    this.#decoder = new MessageDecoder({
      maxMessageBytes: host.settings.maxMessageBytes,
      authenticator: host.authenticator,
    });
  }

  get address(): string {
    return this.#connection.peer;
  }

  get certificate(): PeerCertificate | undefined {
    return this.#connection.peerCertificate;
  }

  get resources(): Set<TrackedResource> {
    return this.#resources ??= new Set();
  }

  /** Carries out what the client asks for, until either side ends the connection. Never rejects. */
  async serve(): Promise<void> {
    if (this.#state === "greeting") this.#wait(this.#host.settings.handshakeTimeoutMs);
    else this.#rest();
    try {
      await this.#connection.read((chunk) => this.#receive(chunk), { lend: true });
      this.#decoder.end();
    } catch (error) {
      if (this.#state !== "closing") this.#host.settings.log.debug("Client went away", { peer: this.address, error });
    } finally {
      this.#timer?.cancel();
      if (this.#accepted) this.#disconnected();
    }
  }

  /** Lets what is being done end, with its answer, and then ends the connection. Requests that wait are not begun. */
  async close(): Promise<void> {
    this.#state = "closing";
    await this.#working;
    await Promise.all(this.#oneways ?? []);
    await this.#connection.close(HANG_UP_MS);
  }

  #receive(chunk: Uint8Array): void | Promise<void> {
    this.#decoder.feed(chunk);
    if (this.#state === "serving") this.#timer?.cancel();
    const working = this.#work();
    if (working === undefined) return this.#rest();
    this.#working = working.then(() => this.#rest());
    return this.#working;
  }

  /** Nothing is left to do: the client has so long to send more. */
  #rest(): void {
    this.#working = undefined;
    const { idleMs } = this.#host.settings;
    if (this.#state === "serving" && idleMs > 0) this.#wait(idleMs);
  }

  #wait(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#host.settings.clock.after(ms, () => {
      this.#hangUp(new ConnectionClosedError(`Cannot wait for ${this.address}: it was silent for ${ms} ms`));
    });
  }

  /** Handles the messages that are there; a promise as soon as one has to be awaited. */
  #work(): void | Promise<void> {
    while (this.#state !== "closing") {
      let message: Message | undefined;
      try {
        message = this.#decoder.next(this.#state === "greeting" ? FIRST : LATER);
      } catch (error) {
        return this.#unreadable(asError(error));
      }
      if (message === undefined) return;
      this.#logWire("daemon wiredata received", message);
      const pending = this.#handle(message);
      if (pending !== undefined) return pending.then(() => this.#work());
    }
  }

  #handle(message: Message): void | Promise<void> {
    switch (message.type) {
      case MessageType.connect:
        return this.#greet(message);
      case MessageType.ping:
        return this.#pong(message);
      default:
        return this.#invoke(message);
    }
  }

  async #greet(message: Message): Promise<void> {
    const reply = await shakeHands(this.#host, this, message, this.#refusal);
    if (this.#state !== "greeting") return; // it has taken too long, or the daemon is being closed
    this.#timer?.cancel();
    this.#accepted = reply.type === MessageType.connectOk;
    if (this.#accepted) this.#state = "serving";
    await this.#send(reply);
    if (!this.#accepted) this.#hangUp();
  }

  #unreadable(error: Error): void | Promise<void> {
    const { log } = this.#host.settings;
    log.warn("Client sent what cannot be read", { peer: this.address, error });
    const isGreeting = this.#state === "greeting" && !(error instanceof MessageTooLargeError);
    const sent = isGreeting ? this.#send(refusalMessage(this.#host, error, 0)) : undefined;
    this.#hangUp();
    return sent;
  }

  #pong(message: Message): void | Promise<void> {
    try {
      return this.#send(pongReply(this.#host, message, new CallContext(this, message, correlationOf(message))));
    } catch (error) {
      return this.#fail(message, undefined, asError(error), undefined);
    }
  }

  #invoke(message: Message): void | Promise<void> {
    let serializer: Serializer | undefined;
    let job: Job | undefined;
    try {
      const context = new CallContext(this, message, correlationOf(message));
      return runInContext(context, () => {
        const request = readRequest(this.#host, message);
        serializer = request.serializer;
        job = findJob(this.#host, request.call, message.flags, this.#instances ??= new Map());
        const { method } = job;
        if (method !== undefined && (message.flags & Flag.oneway) !== 0 && this.#host.settings.config.ONEWAY_THREADED) {
          return this.#detach(job);
        }
        const value = job.run();
        if (!isThenable(value)) return this.#answer(message, request.serializer, context, value, job);
        return Promise.resolve(value).then(
          (result) => this.#answer(message, request.serializer, context, result, job),
          (error) => this.#fail(message, request.serializer, asError(error), job),
        );
      });
    } catch (error) {
      return this.#fail(message, serializer, asError(error), job);
    }
  }

  #answer(
    message: Message,
    serializer: Serializer,
    context: CallContext,
    value: unknown,
    job: Job | undefined,
  ): void | Promise<void> {
    if ((message.flags & Flag.oneway) !== 0) return;
    try {
      if (job?.method === undefined || !isItemSource(value)) {
        return this.#send(resultReply(this.#host, serializer, context, message, value));
      }
      const streamId = this.#host.settings.config.ITER_STREAMING ? this.#host.streams.open(value, this) : undefined;
      return this.#send(streamReply(this.#host, serializer, message, streamId));
    } catch (error) {
      return this.#fail(message, serializer, asError(error), job);
    }
  }

  /** Answers with an exception, ends the connection, or both, as Python does for this class of error. */
  #fail(
    message: Message,
    serializer: Serializer | undefined,
    error: Error,
    job: Job | undefined,
  ): void | Promise<void> {
    this.#host.settings.log.debug("Exception occurred while handling request", { peer: this.address, error });
    const isOneway = (message.flags & Flag.oneway) !== 0;
    const writer = isAnswered(error) && !isOneway ? serializer ?? this.#serializerOf(message) : undefined;
    const sent = writer === undefined ? undefined : this.#send(exceptionReply(this.#host, writer, message, error));
    if (isFatal(error) || job?.method?.isCallback === true) this.#hangUp(error);
    return sent;
  }

  /** What a refusal of the request's serializer is written in; Python's own would be in the very one that is refused. */
  #serializerOf({ serializerId }: Message): Serializer | undefined {
    try {
      return this.#host.serializers.byId(serializerId);
    } catch {
      return undefined; // unknown here: there is nothing that the client could read
    }
  }

  /** Starts a oneway call. @returns a promise only where so many run that the client has to wait. */
  #detach(job: Job): void | Promise<void> {
    const { log, maxOnewayCalls } = this.#host.settings;
    const oneways = this.#oneways ??= new Set();
    const failed = (error: unknown) => log.debug("Oneway call failed", { peer: this.address, error });
    try {
      const value = job.run();
      if (!isThenable(value)) return;
      const running: Promise<void> = Promise.resolve(value).then(() => {}, failed).then(() => {
        oneways.delete(running);
      });
      oneways.add(running);
    } catch (error) {
      failed(error);
    }
    if (oneways.size >= maxOnewayCalls) return Promise.race(oneways);
  }

  /** Queues a message. @returns a promise where so much is unsent that the client has to read first. */
  #send(message: Message): void | Promise<void> {
    if (!this.#connection.isOpen) return;
    this.#logWire("daemon wiredata sending", message);
    const { maxMessageBytes } = this.#host.settings;
    try {
      const isRoomy = writeMessage(this.#connection, message, {
        maxMessageBytes,
        authenticator: this.#host.authenticator,
      });
      if (!isRoomy) return this.#connection.drained().catch(() => {}); // the reader loop learns of the loss
    } catch (error) {
      this.#hangUp(asError(error)); // too large, or bad annotations: Python has no answer to that either
    }
  }

  #hangUp(reason?: Error): void {
    if (reason !== undefined) {
      this.#host.settings.log.warn("Connection ended by the daemon", { peer: this.address, error: reason });
    }
    this.#state = "closing";
    void this.#connection.close(HANG_UP_MS);
  }

  #disconnected(): void {
    const { log, clientDisconnect } = this.#host.settings;
    this.#host.streams.disconnected(this);
    const steps = [
      () => clientDisconnect(this),
      ...Array.from(this.#resources ?? [], (resource) => () => resource.close()),
    ];
    this.#resources = undefined;
    this.#instances = undefined;
    for (const step of steps) {
      Promise.resolve().then(step).catch((error) =>
        log.warn("Error in clientDisconnect", { peer: this.address, error })
      );
    }
  }

  #logWire(what: string, message: Message): void {
    const { config, log } = this.#host.settings;
    if (config.LOGWIRE) log.debug(what, { peer: this.address, message: describeMessage(message) });
  }
}
