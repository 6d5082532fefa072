import process from "node:process";
import { asError, ConnectionError, ProtocolError, TimeoutError, UsageError } from "../base/errors.ts";
import { Deferred } from "../base/deferred.ts";
import { type Clock, systemClock, type Timer, withDeadline } from "../base/time.ts";
import type { Connection, Supervised } from "../net/mod.ts";
import { ReplyQueue } from "./reply_queue.ts";
import {
  CommandWriter,
  type RedisCommand,
  RedisError,
  RespDecoder,
  type RespLimits,
  RespPush,
  type RespValue,
} from "./wire/mod.ts";

export interface RedisConnectionOptions {
  /** Commands that may wait for replies at once. Default 1000000. */
  readonly maxPending?: number;
  /** Silence after which an idle connection is probed with PING. Default 10000; 0 switches it off. */
  readonly heartbeatMs?: number;
  /** Silence while a reply is due after which the connection is taken for dead. Default 15000; 0 waits for ever. */
  readonly silenceMs?: number;
  readonly limits?: Partial<RespLimits>;
  readonly clock?: Clock;
  /**
   * Sees every value first, and keeps what is no reply by returning true: pushes and, in RESP2, what a subscribed
   * connection receives. Pushes that nobody keeps are dropped.
   */
  readonly intercept?: (value: RespValue) => boolean;
}

export interface CommandOptions {
  /** For blocking commands: how long the server may wait, so that its silence is no alarm. Milliseconds. */
  readonly blockMs?: number | undefined;
}

/**
 * One logged-in connection: commands out, replies in, in order.
 *
 *     open ──close()──> closing (waits for the replies that are due) ──> closed
 *       └── abort(), error, EOF, silence, nonsense ─────────────────────^
 *
 * Owns: the connection it was given, which it ends on every way out, after which every waiting command has been rejected
 * with a {ConnectionError} that says by `maybeSent` whether the server may have carried it out.
 *
 * Commands of one tick leave in one write.
 */
export class RedisConnection implements Supervised {
  readonly closed: Promise<Error | undefined>;

  readonly #connection: Connection;
  readonly #decoder: RespDecoder;
  readonly #writer = new CommandWriter();
  readonly #replies = new ReplyQueue();
  readonly #clock: Clock;
  readonly #maxPending: number;
  readonly #heartbeatMs: number;
  readonly #silenceMs: number;
  readonly #intercept: (value: RespValue) => boolean;
  #state: "open" | "closing" | "closed" = "open";
  #idle: Deferred<void> | undefined; // while closing: all replies are in
  #closing: Promise<void> | undefined;
  #flushQueued = false;
  #lastHeard: number;
  #dueSince = 0; // when the queue was empty for the last time
  #watchdog: Timer | undefined;

  constructor(connection: Connection, options: RedisConnectionOptions = {}) {
    this.#connection = connection;
    this.#clock = options.clock ?? systemClock;
    this.#maxPending = options.maxPending ?? 1_000_000;
    this.#heartbeatMs = options.heartbeatMs ?? 10_000;
    this.#silenceMs = options.silenceMs ?? 15_000;
    this.#intercept = options.intercept ?? (() => false);
    this.#decoder = new RespDecoder({ ...(options.limits === undefined ? {} : { limits: options.limits }) });
    this.#lastHeard = this.#clock.monotonic();
    this.closed = connection.closed.then((reason) => this.#shutdown(reason));
    connection.read((chunk) => this.#receive(chunk)).then(
      () => connection.abort(new ConnectionError(`Cannot use Redis at ${connection.peer}: it closed the connection`)),
      (error) => connection.abort(asError(error)),
    );
    this.#watch();
  }

  get peer(): string {
    return this.#connection.peer;
  }

  /** Entries of the pipeline, single commands and whole `runAll`, that have their replies. */
  get answered(): number {
    return this.#replies.settled;
  }

  /** Those that wait for theirs. */
  get pending(): number {
    return this.#replies.length;
  }

  /**
   * Sends one command.
   * @throws {RedisError} the server's refusal; {ConnectionError} if the connection ended before the reply.
   */
  run(command: RedisCommand, options: CommandOptions = {}): Promise<RespValue> {
    const name = String(command[0]);
    return new Promise((resolve, reject) => {
      this.#expect(name, 1, options.blockMs ?? 0, ([reply = null]) => {
        if (reply instanceof RedisError) reject(new RedisError(reply.reply, name));
        else resolve(reply);
      }, reject);
      this.#write(command);
    });
  }

  /** As `run`, for those who want no promise: exactly one of the two is called, at once where `run` would throw. */
  post(command: RedisCommand, done: () => void, failed: (reason: Error) => void): void {
    const name = String(command[0]);
    try {
      this.#expect(name, 1, 0, ([reply]) => {
        if (reply instanceof RedisError) failed(new RedisError(reply.reply, name));
        else done();
      }, failed);
    } catch (error) {
      return failed(asError(error));
    }
    this.#write(command);
  }

  /**
   * Sends commands in one go and without others between them.
   * @returns their replies in order; refusals are among them as {RedisError} values.
   */
  runAll(commands: readonly RedisCommand[], options: CommandOptions = {}): Promise<readonly RespValue[]> {
    const [first] = commands;
    if (first === undefined) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#expect(String(first[0]), commands.length, options.blockMs ?? 0, resolve, reject);
      for (const command of commands) this.#write(command);
    });
  }

  /** Sends a command that is not answered in order: SUBSCRIBE and its kind. What comes back goes to `intercept`. */
  send(command: RedisCommand): void {
    this.#checkOpen(String(command[0]));
    this.#write(command);
  }

  /** Ends the connection now. */
  abort(reason?: Error): void {
    this.#connection.abort(reason);
  }

  /** Takes no more commands, waits for the replies that are due, and ends the connection. */
  close(timeoutMs = 5000): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    if (this.#state === "open") this.#state = "closing";
    if (this.#state === "closing" && this.#replies.length > 0) {
      this.#idle = new Deferred();
      await withDeadline(Promise.race([this.#idle.promise, this.closed]), {
        timeoutMs,
        what: "finish",
        clock: this.#clock,
      }).catch(() => {}); // the commands that are cut off here are rejected by #shutdown
    }
    await this.#connection.close(timeoutMs);
  }

  #expect(
    name: string,
    count: number,
    blockMs: number,
    resolve: (replies: readonly RespValue[]) => void,
    reject: (reason: Error) => void,
  ): void {
    this.#checkOpen(name);
    if (this.#replies.length >= this.#maxPending) {
      throw new UsageError(`Cannot run ${name}: ${this.#maxPending} commands wait for their replies already`);
    }
    if (this.#replies.length === 0) this.#dueSince = this.#clock.monotonic();
    this.#replies.push({ name, count, blockMs, resolve, reject });
  }

  #checkOpen(name: string): void {
    if (this.#state === "open" && this.#connection.isOpen) return;
    throw new ConnectionError(`Cannot run ${name}: the connection to ${this.peer} is ${this.#state}`);
  }

  #write(command: RedisCommand): void {
    this.#writer.write(command);
    if (this.#flushQueued) return;
    this.#flushQueued = true;
    process.nextTick(this.#flush);
  }

  readonly #flush = (): void => {
    this.#flushQueued = false;
    if (!this.#connection.isOpen) return; // #shutdown tells whoever waits
    for (const chunk of this.#writer.take()) this.#connection.write(chunk);
    this.#replies.markSent();
  };

  #receive(chunk: Uint8Array): void {
    this.#lastHeard = this.#clock.monotonic();
    this.#decoder.feed(chunk);
    for (let value = this.#decoder.next(); value !== undefined; value = this.#decoder.next()) {
      if (this.#intercept(value) || value instanceof RespPush || this.#replies.settle(value)) continue;
      throw new ProtocolError(
        `Cannot match a reply of ${this.peer} to a command: ${
          value instanceof RedisError ? value.reply : typeof value
        }`,
      );
    }
    if (this.#replies.length === 0) this.#idle?.resolve();
  }

  /** Looks after the next deadline: for a reply that is due, or for a sign of life when none is. */
  #watch(): void {
    const now = this.#clock.monotonic();
    const { first } = this.#replies;
    let waitMs = Math.min(this.#heartbeatMs || Infinity, this.#silenceMs || Infinity);
    if (first === undefined) {
      const silentMs = now - this.#lastHeard;
      if (this.#heartbeatMs > 0 && silentMs >= this.#heartbeatMs && this.#state === "open") this.#probe();
      else if (this.#heartbeatMs > silentMs) waitMs = Math.min(waitMs, this.#heartbeatMs - silentMs);
    }
    if (this.#silenceMs > 0 && this.#replies.first !== undefined) {
      const limitMs = this.#silenceMs + this.#replies.first.blockMs;
      const silentMs = now - Math.max(this.#lastHeard, this.#dueSince);
      if (silentMs >= limitMs) {
        const why = `Redis at ${this.peer} owes an answer to ${this.#replies.first.name} and was silent`;
        return this.abort(new TimeoutError(`Cannot wait any longer: ${why} for ${Math.round(silentMs)} ms`, silentMs));
      }
      waitMs = Math.min(waitMs, limitMs - silentMs);
    }
    if (waitMs < Infinity) this.#watchdog = this.#clock.after(Math.max(waitMs, 1), () => this.#watch());
  }

  #probe(): void {
    this.run(["PING"]).catch(() => {}); // what ends the connection is told by `closed`
  }

  #shutdown(reason: Error | undefined): Error | undefined {
    this.#state = "closed";
    this.#watchdog?.cancel();
    const why = reason === undefined ? "it was closed" : reason.message;
    this.#replies.fail(({ name }, sent) =>
      new ConnectionError(`Cannot run ${name}: the connection to ${this.peer} ended before the reply (${why})`, {
        cause: reason,
        maybeSent: sent,
      })
    );
    return reason;
  }
}
