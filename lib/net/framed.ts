import { asError, UsageError } from "../base/errors.ts";
import { Deferred } from "../base/deferred.ts";
import { withDeadline } from "../base/time.ts";
import type { Connection } from "./connection.ts";
import { type DeadlineOptions, ReadDeadlines } from "./read_deadlines.ts";
import type { Codec, Decoder } from "./wire/codec.ts";

export interface FramedOptions extends DeadlineOptions {
  /**
   * True: a peer that breaks the framing is left to whoever pulls, who can tell it why before ending the connection.
   * Default false: the connection is aborted at once.
   */
  readonly leaveBroken?: boolean;
}

/**
 * A connection that speaks in messages: `In` comes, `Out` goes.
 *
 *     reading ──EOF──> ended ──close()──> closed
 *        └──error, deadline, abort()────────^
 *
 * Reading is pulled, by `next` or a `for await` loop: while nobody pulls, the socket is not read, and TCP slows the peer.
 * Time counts against the peer only while its bytes are waited for, never while the consumer works.
 *
 * Owns: the connection it is given, which it aborts when the peer breaks the protocol or a deadline, and one timer.
 */
export class Framed<In, Out> implements AsyncIterable<In> {
  readonly connection: Connection;
  readonly #decoder: Decoder<In>;
  readonly #codec: Codec<In, Out>;
  readonly #deadlines: ReadDeadlines;
  readonly #leaveBroken: boolean;
  #wanted: Deferred<void> | undefined; // somebody waits for bytes
  #resumed: Deferred<void> | undefined; // the socket waits for somebody
  #end: { readonly error?: Error } | undefined; // what `next` finds behind the last message

  constructor(connection: Connection, codec: Codec<In, Out>, options: FramedOptions = {}) {
    this.connection = connection;
    this.#codec = codec;
    this.#decoder = codec.decoder();
    this.#leaveBroken = options.leaveBroken ?? false;
    this.#deadlines = new ReadDeadlines((error) => this.abort(error), connection.peer, options);
    const decoder = this.#decoder;
    connection.read((chunk) => this.#received(chunk), {
      lend: decoder.keepsNothing === true,
      target: decoder.target === undefined ? undefined : () => decoder.target?.(),
    }).then(
      () => this.#ended({}),
      (error) => this.#ended({ error: asError(error) }),
    );
  }

  get peer(): string {
    return this.connection.peer;
  }

  /** As the connection's: settles when it is gone, with the reason; never rejects. */
  get closed(): Promise<Error | undefined> {
    return this.connection.closed;
  }

  /**
   * The next message, or `undefined` once the peer has sent everything. One call at a time.
   *
   * @throws {ProtocolError} if the peer broke the framing, {TimeoutError} for a deadline (both abort the connection), the
   * reason if the connection was lost; `signal.reason` when aborted, which loses no message.
   */
  next(options?: { signal?: AbortSignal | undefined }): Promise<In | undefined> {
    try {
      const message = this.#decode();
      if (message !== undefined) return Promise.resolve(message);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#wait(options?.signal);
  }

  /** Queues a message for this tick's write. @returns false once `drained` should be awaited before more is written. */
  write(message: Out): boolean {
    const bytes = this.#codec.encode(message);
    if (bytes instanceof Uint8Array) return this.connection.write(bytes);
    let goesOn = true;
    for (const part of bytes) goesOn = this.connection.write(part);
    return goesOn;
  }

  drained(): Promise<void> {
    return this.connection.drained();
  }

  /** `write` and `drained` in one. */
  async send(message: Out): Promise<void> {
    if (!this.write(message)) await this.connection.drained();
  }

  /** Half-close: the peer sees EOF after what was sent, and its own messages still arrive. */
  end(): void {
    this.connection.end();
  }

  /** Ends in order, as `Connection.close`. */
  close(timeoutMs?: number): Promise<void> {
    this.#deadlines.stop();
    return this.connection.close(timeoutMs);
  }

  /** Drops the connection now; whoever waits is told `reason`. */
  abort(reason?: Error): void {
    this.#deadlines.stop();
    this.connection.abort(reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Pulls until the peer's EOF. Leaving the loop leaves the connection open: what follows can be pulled later. */
  [Symbol.asyncIterator](): AsyncIterator<In, undefined> {
    return { next: () => this.#nextResult() };
  }

  #nextResult(): Promise<IteratorResult<In, undefined>> {
    try {
      const value = this.#decode();
      if (value !== undefined) return Promise.resolve({ done: false, value });
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#wait(undefined).then((value): IteratorResult<In, undefined> =>
      value === undefined ? { done: true, value: undefined } : { done: false, value }
    );
  }

  #decode(): In | undefined {
    return this.#guarded(() => this.#decoder.next());
  }

  /** Whatever a decoder throws ends the connection: there is no way to find the next message. */
  #guarded(decode: () => In | undefined): In | undefined {
    try {
      return decode();
    } catch (error) {
      if (!this.#leaveBroken) this.abort(asError(error));
      throw error;
    }
  }

  async #wait(signal: AbortSignal | undefined): Promise<In | undefined> {
    if (this.#wanted !== undefined) {
      throw new UsageError(`Cannot read from ${this.peer}: another call waits for the next message`, {
        code: "ERR_STATE",
      });
    }
    signal?.throwIfAborted();
    while (true) {
      if (this.#end !== undefined) return this.#decodeLast(this.#end.error);
      this.#wanted = new Deferred();
      this.#deadlines.wait(this.#decoder.pending);
      this.#resumed?.resolve();
      this.#resumed = undefined;
      try {
        await (signal === undefined
          ? this.#wanted.promise
          : withDeadline(this.#wanted.promise, { signal, what: `read from ${this.peer}` }));
      } finally {
        this.#wanted = undefined;
        this.#deadlines.rest();
      }
      const message = this.#decode();
      if (message !== undefined) {
        this.#deadlines.completed();
        return message;
      }
    }
  }

  #received(chunk: Uint8Array): void | Promise<void> {
    this.#decoder.feed(chunk);
    const wanted = this.#wanted;
    if (wanted !== undefined && !wanted.settled) {
      wanted.resolve();
      return;
    }
    this.#resumed ??= new Deferred();
    return this.#resumed.promise;
  }

  #ended(end: { readonly error?: Error }): void {
    this.#end = end;
    this.#deadlines.stop();
    this.#wanted?.resolve();
  }

  /** Called when no whole message is left: EOF may be clean, end the last message, or cut it. */
  #decodeLast(lost: Error | undefined): In | undefined {
    if (lost !== undefined) throw lost;
    return this.#guarded(() => {
      this.#decoder.end();
      return this.#decoder.next();
    });
  }
}
