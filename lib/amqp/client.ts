import type { Channel } from "./channel.ts";
import type { CallOptions } from "./channel_options.ts";
import { AmqpConnection } from "./connection.ts";
import { ResumableConsumer } from "./consumer.ts";
import type { ConsumerHost, ConsumerOptions } from "./consumer_options.ts";
import { AmqpError, isRefusedLogin } from "./errors.ts";
import type { OutgoingMessage } from "./message.ts";
import { type ConnectionOptions, resolveConnectionOptions } from "./options.ts";
import { untilBrokerSpeaks } from "./probe.ts";
import { Publisher, type PublisherOptions, type PublishOptions } from "./publisher.ts";
import { declareEntity, type Entity, restoreEntities, Topology } from "./topology.ts";
import type { BackoffOptions } from "../base/backoff.ts";
import { asError, ConnectionError, TimeoutError, UsageError } from "../base/errors.ts";
import { type Logger, silentLogger } from "../base/log.ts";
import { backgroundClock, type Clock, systemClock, withDeadline } from "../base/time.ts";
import { Supervisor, type SupervisorState } from "../net/mod.ts";
import { ReplyCode } from "./wire/reply_code.ts";
import { describeAmqpUrl, parseAmqpUrl } from "./wire/url.ts";

export interface ClientOptions extends Omit<ConnectionOptions, "url">, PublisherOptions {
  /** One URL, or several of a cluster: where one does not answer, the next is tried. */
  readonly urls: string | readonly string[];
  /** Waits between attempts. Default: 0.2 s, doubled up to 2 s, a quarter of it random. */
  readonly backoff?: BackoffOptions | undefined;
  /** Failed rounds through all URLs before giving up; 0 = never. Default 0. */
  readonly maxAttempts?: number | undefined;
}

/** Short enough that work goes on within a few seconds after the broker is back. */
const DEFAULT_BACKOFF: BackoffOptions = { startMs: 200, stepMs: 0, factor: 2, maxMs: 2000, jitter: 0.25 };
const DRAIN_MS = 5000;

/**
 * A connection that comes back: to the same broker or the next of the list, with everything declared again, all consumers
 * resumed and every unconfirmed publish sent again.
 *
 * Owns: the supervisor and through it the connection; its consumers; the publisher's channel. `close` ends the consumers,
 * waits up to 5 s for confirmations, and then ends the connection.
 */
export class AmqpClient {
  readonly #options: ClientOptions;
  readonly #urls: readonly string[];
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #supervisor: Supervisor<AmqpConnection>;
  readonly #listeners = new Set<(state: SupervisorState) => void>();
  readonly #topology = new Topology();
  readonly #consumers = new Set<ResumableConsumer>();
  readonly #publisher: Publisher;
  #connection: AmqpConnection | undefined; // set before the supervisor calls it ready
  #isPublishing = false;
  #nextUrl = 0;
  #closing: Promise<void> | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#urls = typeof options.urls === "string" ? [options.urls] : options.urls;
    if (this.#urls.length === 0) throw new UsageError("Cannot connect: expected at least one URL, got none");
    for (const url of this.#urls) resolveConnectionOptions({ ...options, url }); // a wrong option is told now, not at the first attempt
    this.#clock = options.clock ?? (options.background ? backgroundClock : systemClock);
    this.#log = options.log ?? silentLogger;
    this.#publisher = new Publisher(this.#clock, options);
    this.#supervisor = new Supervisor<AmqpConnection>({
      what: `reach the broker at ${this.uri}`,
      connect: (generation, signal) => this.#connect(generation, signal),
      backoff: options.backoff ?? DEFAULT_BACKOFF,
      maxAttempts: options.maxAttempts ?? 0,
      probe: (reason, signal) => this.#probe(reason, signal),
      isFatal: (error) => this.#supervisor.generation === 0 && isRefusedLogin(error),
      onState: (state) => this.#onState(state),
      clock: this.#clock,
    });
  }

  /** The URL in use, or to be tried next, without its password. */
  get uri(): string {
    return describeAmqpUrl(parseAmqpUrl(this.#urls[this.#nextUrl] ?? ""));
  }

  get state(): SupervisorState {
    return this.#supervisor.state;
  }

  /** Calls `listener` with every change of state. @returns how to stop. */
  onState(listener: (state: SupervisorState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Connects if need be. @throws why, once the client has given up or was closed; {TimeoutError}; `signal.reason`. */
  ready(options: CallOptions = {}): Promise<AmqpConnection> {
    return this.#supervisor.ready(options);
  }

  /**
   * Runs `use` with a channel of its own, which is closed afterwards: what goes wrong there, goes wrong for nobody else. If the
   * connection ends under it, it runs again over the next.
   */
  withChannel<T>(use: (channel: Channel) => Promise<T>, options: CallOptions = {}): Promise<T> {
    return this.#untilConnected(async () => {
      const connection = await this.ready(options);
      const channel = await connection.openChannel({ signal: options.signal });
      try {
        return await use(channel);
      } finally {
        await channel.close().catch(() => {}); // it ended with what `use` has thrown
      }
    }, options);
  }

  /**
   * Declares entities, and declares them again after every reconnect, until they are forgotten.
   * @throws {AmqpError} if the broker refuses one: 406 for other arguments than it was declared with.
   */
  async declare(entities: readonly Entity[], options: CallOptions = {}): Promise<void> {
    await this.withChannel(async (channel) => {
      await Promise.all(entities.map((entity) => declareEntity(channel, entity)));
    }, options);
    for (const entity of entities) this.#topology.add(entity);
  }

  /** True if this very entity is declared over this client, and will be after a reconnect. */
  hasDeclared(entity: Entity): boolean {
    return this.#topology.has(entity);
  }

  /** Declares a queue and its bindings no more after a reconnect. */
  forgetQueue(queue: string): void {
    this.#topology.removeQueue(queue);
  }

  forgetExchange(exchange: string): void {
    this.#topology.removeExchange(exchange);
  }

  /** Resolves when the broker has confirmed the message; sends it again after a reconnect. */
  publish(message: OutgoingMessage, options: PublishOptions = {}): Promise<void> {
    if (!this.#isPublishing) this.#startPublishing();
    return this.#publisher.publish(message, options);
  }

  /** Publishes without confirmation that are on their way or wait. */
  get unconfirmed(): number {
    return this.#publisher.pending;
  }

  /** Starts a consumer that goes on after every reconnect. @throws {AmqpError} if the broker refuses one of the queues. */
  async consume(options: ConsumerOptions, call: CallOptions = {}): Promise<ResumableConsumer> {
    const consumer = new ResumableConsumer(this.#consumerHost(), options);
    await this.ready(call);
    this.#consumers.add(consumer);
    try {
      await this.#untilConnected(() => consumer.resume(true), call);
      return consumer;
    } catch (error) {
      await consumer.close();
      throw error;
    }
  }

  /**
   * Ends everything: consumers first, then publishes are waited for, then the connection. Idempotent.
   * @param reason what is told to whoever still waits. Default: that it was closed here
   */
  close(reason?: Error): Promise<void> {
    this.#closing ??= this.#close(
      reason ?? new ConnectionError(`Cannot use the client of ${this.uri}: it was closed here`),
    );
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(reason: Error): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
    if (this.#supervisor.state.kind === "ready") {
      const what = "have everything confirmed before closing";
      await withDeadline(this.#publisher.idle(), { timeoutMs: DRAIN_MS, clock: this.#clock, what })
        .catch(() => {}); // what is still open is rejected with the reason of the close
    }
    this.#publisher.end(reason);
    if (this.#supervisor.state.kind !== "closed") await this.#supervisor.close(reason);
  }

  /** One round: every URL once, then what was going on before goes on again. */
  async #connect(generation: number, signal: AbortSignal): Promise<AmqpConnection> {
    const connection = await this.#openAny(signal);
    this.#connection = connection;
    this.#publisher.setBlocked(connection.blocked !== undefined);
    connection.onBlocked((reason) => this.#publisher.setBlocked(reason !== undefined));
    try {
      await this.#restore(connection);
      if (generation > 1) this.#log.info("Reconnected to the broker", { peer: connection.peer, generation });
      return connection;
    } catch (error) {
      connection.abort(asError(error));
      throw error;
    }
  }

  async #openAny(signal: AbortSignal): Promise<AmqpConnection> {
    let last: unknown;
    for (let tried = 0; tried < this.#urls.length; tried++) {
      const url = this.#urls[this.#nextUrl] ?? "";
      try {
        return await AmqpConnection.open({ ...this.#options, url, signal });
      } catch (error) {
        signal.throwIfAborted();
        last = error;
        this.#nextUrl = (this.#nextUrl + 1) % this.#urls.length;
      }
    }
    throw last;
  }

  /** Resolves when a broker that was not there, or did not answer, is back: a long wait need not be waited out. */
  async #probe(reason: Error, signal: AbortSignal): Promise<void> {
    const wasAway = reason instanceof TimeoutError ||
      reason instanceof ConnectionError && reason.code === "ERR_CONNECT";
    if (!wasAway) throw reason; // looking would not tell anything
    await untilBrokerSpeaks(this.#urls.map((url) => parseAmqpUrl(url)), { signal, clock: this.#clock });
  }

  async #restore(connection: AmqpConnection): Promise<void> {
    await restoreEntities(this.#topology.all(), () => connection.openChannel(), (entity, error) => {
      this.#topology.remove(entity);
      this.#log.error("The broker refuses what it had before", { reason: error.message });
      if (entity.kind !== "queue" || error.replyCode !== ReplyCode.preconditionFailed) return;
      for (const consumer of this.#consumers) consumer.refuse(entity.declaration.queue, error);
    });
    if (this.#isPublishing) await this.#attachPublisher(connection);
    await Promise.all([...this.#consumers].map((consumer) => consumer.resume(false)));
  }

  #startPublishing(): void {
    this.#isPublishing = true;
    this.#supervisor.start();
    const connection = this.#connection;
    if (connection?.isOpen) this.#attachPublisher(connection).catch(() => {}); // a lost connection is resumed with the publisher
  }

  async #attachPublisher(connection: AmqpConnection): Promise<void> {
    const channel = await connection.openChannel();
    await channel.confirmSelect();
    this.#publisher.attach(channel);
    channel.closed.then((reason) => {
      if (!(reason instanceof AmqpError) || !connection.isOpen) return;
      this.#log.warn("The broker closed the publishing channel; it is opened again", { reason: reason.message });
      this.#attachPublisher(connection).catch(() => {}); // a lost connection is resumed with the publisher
    });
  }

  #consumerHost(): ConsumerHost {
    const connection = () => this.#connection;
    return {
      clock: this.#clock,
      log: this.#log,
      openChannel: () => this.#openChannel(),
      redeclare: (queue) => this.#redeclare(queue),
      forget: (ended) => this.#consumers.delete(ended),
      get isConnected() {
        return connection()?.isOpen ?? false;
      },
      abandon: (reason) => connection()?.abort(reason),
    };
  }

  #openChannel(): Promise<Channel> {
    const connection = this.#connection;
    if (connection === undefined) {
      return Promise.reject(new ConnectionError(`Cannot open a channel to ${this.uri}: not connected`));
    }
    return connection.openChannel();
  }

  async #redeclare(queue: string): Promise<void> {
    let refusal: AmqpError | undefined;
    await restoreEntities(this.#topology.forQueue(queue), () => this.#openChannel(), (_, error) => refusal ??= error);
    if (refusal !== undefined) throw refusal;
  }

  /** Tries again after every reconnect, until the deadline. */
  async #untilConnected<T>(attempt: () => Promise<T>, options: CallOptions): Promise<T> {
    const { timeoutMs } = options;
    const deadline = timeoutMs === undefined ? Infinity : this.#clock.monotonic() + timeoutMs;
    while (true) {
      const before = this.#supervisor.generation;
      try {
        return await attempt();
      } catch (error) {
        const isOver = this.#closing !== undefined || this.#supervisor.state.kind === "closed";
        if (!(error instanceof ConnectionError) || isOver || this.#clock.monotonic() >= deadline) throw error;
        if (this.#supervisor.generation === before && this.#connection?.isOpen) throw error;
        await this.ready({
          ...options,
          timeoutMs: timeoutMs === undefined ? undefined : deadline - this.#clock.monotonic(),
        });
      }
    }
  }

  #onState(state: SupervisorState): void {
    if (state.kind === "closed") {
      this.#publisher.end(
        state.reason ?? new ConnectionError(`Cannot use the client of ${this.uri}: it was closed here`),
      );
    }
    for (const listener of this.#listeners) listener(state);
  }
}
