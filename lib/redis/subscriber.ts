import process from "node:process";
import { UsageError } from "../base/errors.ts";
import { Deferred } from "../base/deferred.ts";
import { Supervisor, type SupervisorState } from "../net/mod.ts";
import type { RedisConnection } from "./connection.ts";
import { isFatalRedisError, openRedis } from "./open.ts";
import { type RedisOptions, type ResolvedRedisOptions, resolveRedisOptions } from "./options.ts";
import { type Topic, type TopicKind, TopicRequests } from "./topic_requests.ts";
import { type RedisCommand, RedisError, RespPush, type RespValue, textOf } from "./wire/mod.ts";

/** Receives one message: a view, to be copied if it is kept; and the channel it was published to. Must not throw. */
export type MessageListener = (payload: Uint8Array, channel: string) => void;

export interface RedisSubscription {
  /** Resolves once no message published from now on can be missed; rejects if the server refuses or the subscriber ends. */
  readonly confirmed: Promise<void>;
  /** Stops listening. Idempotent. */
  close(): void;
}

/**
 * A supervised connection that listens: to channels and to patterns, and after every reconnect again to all of them.
 *
 * Ready means subscribed to everything. What is asked for in one tick leaves in one command.
 *
 * Owns: its connection.
 */
export class RedisSubscriber {
  readonly #options: ResolvedRedisOptions;
  readonly #supervisor: Supervisor<RedisConnection>;
  readonly #channels = new Map<string, Topic>();
  readonly #patterns = new Map<string, Topic>();
  readonly #requests = new TopicRequests();
  readonly #gapListeners = new Set<() => void>();
  #connection: RedisConnection | undefined; // also while its topics are not confirmed yet
  #attempts = 0;
  #canRead = false; // over the present connection: in RESP2 one that is subscribed runs nothing else
  #reads: (() => void)[] = []; // of this tick
  #joining: Topic[] = [];
  #leaving: Topic[] = [];
  #flushQueued = false;

  constructor(options: RedisOptions | ResolvedRedisOptions) {
    this.#options = "urls" in options ? options : resolveRedisOptions(options);
    this.#supervisor = new Supervisor({
      what: `subscribe at Redis at ${this.#options.urls.map((url) => url.text).join(" or ")}`,
      connect: (generation, signal) => this.#connect(generation, signal),
      backoff: this.#options.backoff,
      maxAttempts: this.#options.maxAttempts,
      isFatal: isFatalRedisError,
      onState: (state) => this.#onState(state),
      clock: this.#options.clock,
    });
  }

  get state(): SupervisorState {
    return this.#supervisor.state;
  }

  /** Resolves when connected and subscribed to everything. */
  async ready(options: { signal?: AbortSignal | undefined; timeoutMs?: number | undefined } = {}): Promise<void> {
    await this.#supervisor.ready(options);
  }

  /** Listens to one channel. */
  subscribe(channel: string, listener: MessageListener): RedisSubscription {
    return this.#join("SUBSCRIBE", channel, listener);
  }

  /** Listens to every channel that matches a glob pattern. */
  psubscribe(pattern: string, listener: MessageListener): RedisSubscription {
    return this.#join("PSUBSCRIBE", pattern, listener);
  }

  /**
   * Runs a command that reads, behind all that was asked for in this tick and without waiting until it is confirmed: what
   * was there before a subscription is found in the round trip of the subscription. Needs RESP3 (`protocol: 3`).
   *
   * @returns its reply; undefined where the present connection cannot (there is none, or it speaks RESP2): read over
   * another, once the subscription is confirmed. @throws {RedisError}; {ConnectionError} if the connection ends before:
   * `onGap` tells when the next is there.
   */
  readBehind(command: RedisCommand): Promise<RespValue> | undefined {
    const connection = this.#connection;
    if (connection === undefined || !this.#canRead) return undefined;
    return new Promise((resolve, reject) => {
      this.#reads.push(() => connection.run(command).then(resolve, reject));
      this.#queueFlush();
    });
  }

  /** Calls `listener` after every reconnect, once everything is subscribed again: messages may have been missed. */
  onGap(listener: () => void): () => void {
    this.#gapListeners.add(listener);
    return () => this.#gapListeners.delete(listener);
  }

  /** Drops the present connection; the subscriber connects again. */
  reconnect(reason: Error): void {
    this.#connection?.abort(reason);
  }

  /** Ends the connection and every subscription. Idempotent. */
  async close(): Promise<void> {
    await this.#supervisor.close();
  }

  #topicsOf(kind: TopicKind): Map<string, Topic> {
    return kind === "SUBSCRIBE" ? this.#channels : this.#patterns;
  }

  #join(kind: TopicKind, name: string, listener: MessageListener): RedisSubscription {
    if (this.state.kind === "closed" || this.state.kind === "closing") {
      throw new UsageError(`Cannot subscribe to ${name}: the subscriber is closed`, { code: "ERR_STATE" });
    }
    let topic = this.#topicsOf(kind).get(name);
    if (topic === undefined) {
      topic = { kind, name, listeners: new Set(), confirmed: new Deferred() };
      topic.confirmed.promise.catch(() => {}); // told to whoever waits for it; nobody may be waiting
      this.#topicsOf(kind).set(name, topic);
      this.#joining.push(topic);
      this.#queueFlush();
    }
    const joined = topic;
    const own: MessageListener = (payload, channel) => listener(payload, channel); // the same function may listen twice
    joined.listeners.add(own);
    this.#supervisor.start();
    return { confirmed: joined.confirmed.promise, close: () => this.#leave(joined, own) };
  }

  #leave(topic: Topic, listener: MessageListener): void {
    if (!topic.listeners.delete(listener) || topic.listeners.size > 0) return;
    if (!this.#forget(topic)) return;
    this.#leaving.push(topic);
    this.#queueFlush();
  }

  #forget(topic: Topic): boolean {
    const topics = this.#topicsOf(topic.kind);
    return topics.get(topic.name) === topic && topics.delete(topic.name);
  }

  #queueFlush(): void {
    if (this.#flushQueued) return;
    this.#flushQueued = true;
    process.nextTick(() => {
      this.#flushQueued = false;
      const joining = new Set(this.#joining.splice(0));
      const leaving = this.#leaving.splice(0);
      const reads = this.#reads.splice(0);
      if (this.#connection !== undefined) { // else: the next connection subscribes to everything
        // Who joined and left in one tick was never known to the server. Leave first: a name may have come back.
        this.#send(this.#connection, leaving.filter((topic) => !joining.has(topic)), true);
        this.#send(this.#connection, [...joining].filter((topic) => topic.listeners.size > 0), false);
      }
      for (const read of reads) read();
    });
  }

  #send(connection: RedisConnection, topics: readonly Topic[], isLeaving: boolean): void {
    this.#requests.send(connection, topics, isLeaving).catch(() => {}); // it ended: the next one subscribes to everything
  }

  async #connect(generation: number, signal: AbortSignal): Promise<RedisConnection> {
    const url = this.#options.urls[this.#attempts++ % this.#options.urls.length];
    if (url === undefined) throw new UsageError("Cannot subscribe at Redis: there is no URL");
    const intercept = (value: RespValue) => this.#intercept(value);
    const { connection, info } = await openRedis(url, this.#options, { signal, intercept });
    this.#attempts--; // stay with the one that works
    this.#connection = connection;
    this.#canRead = info.protocol === 3;
    connection.closed.then((reason) => {
      this.#connection = undefined;
      this.#requests.fail(reason);
    });
    this.#joining = []; // all of them are among the topics, and who leaves is not known to this connection
    this.#leaving = [];
    await this.#requests.send(connection, [...this.#channels.values(), ...this.#patterns.values()], false);
    if (generation > 1) process.nextTick(() => this.#gapListeners.forEach((listener) => listener()));
    return connection;
  }

  /** Keeps everything that is no reply to a command of the connection's own (its login, its PING). */
  #intercept(value: RespValue): boolean {
    if (value instanceof RedisError) return this.#refused(value);
    const items = value instanceof RespPush ? value.items : Array.isArray(value) ? value : [];
    const [kind, first, second, third] = items;
    switch (textOf(kind)) {
      case "message":
        this.#deliver(this.#channels, first, first, second);
        return true;
      case "pmessage":
        this.#deliver(this.#patterns, first, second, third);
        return true;
      case "subscribe":
      case "psubscribe":
      case "unsubscribe":
      case "punsubscribe":
        this.#requests.confirm();
        return true;
      default:
        return false;
    }
  }

  #deliver(topics: Map<string, Topic>, name?: RespValue, channel?: RespValue, payload?: RespValue): void {
    const topic = topics.get(textOf(name) ?? "");
    if (topic === undefined || !(payload instanceof Uint8Array)) return; // left a moment ago
    const channelName = textOf(channel) ?? "";
    for (const listener of topic.listeners) {
      try {
        listener(payload, channelName);
      } catch (error) {
        this.#options.log.error("A listener of a Redis channel threw", { channel: channelName, error });
      }
    }
  }

  /** False where no topic was asked for yet, as during the login, or something else was asked for before it. */
  #refused(error: RedisError): boolean {
    const topics = this.#requests.refuse(new RedisError(error.reply, "SUBSCRIBE"), this.#connection?.answered ?? 0);
    topics?.forEach((topic) => this.#forget(topic));
    return topics !== undefined;
  }

  #onState(state: SupervisorState): void {
    if (state.kind === "closed") {
      const reason = state.reason ??
        new UsageError("Cannot subscribe: the subscriber was closed", { code: "ERR_STATE" });
      for (const topic of [...this.#channels.values(), ...this.#patterns.values()]) topic.confirmed.reject(reason);
      this.#channels.clear();
      this.#patterns.clear();
    }
    this.#options.onState(state);
  }
}
