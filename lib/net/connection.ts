import type { Socket } from "node:net";
import { Buffer } from "node:buffer";
import process from "node:process";
import { asError, ConnectionError, UsageError } from "../base/errors.ts";
import { Deferred } from "../base/deferred.ts";
import { systemClock, withDeadline } from "../base/time.ts";
import { viewOf } from "../base/bytes.ts";
import { sendReset, wasReset } from "./reset.ts";
import { readShared } from "./shared_reads.ts";
import { explainSocketError } from "./socket_error.ts";
import { type PeerCertificate, peerCertificateOf } from "./tls.ts";

/** Chunks up to this size are copied together into one write; larger ones go to the system as they are. */
const COALESCE_BYTES = 16 * 1024;
const SENT = Promise.resolve();

const EMPTY = Buffer.alloc(0);

/** Called with each received chunk; a promise it returns pauses the peer until it settles. */
export type ChunkHandler = (chunk: Buffer) => void | Promise<void>;

/**
 * One connected socket: the only place that writes to one or reads from one.
 *
 *     open ──end()──> half-closed ──┐
 *      │──close()──> closing ───────┼──> closed
 *      └──abort(), error, EOF ──────┘
 *
 * Opens: nothing. Owns: the socket it was given, which it destroys on every way out, after which `closed` has settled
 * and every waiting `send` has been rejected with the same reason.
 *
 * Everything written in one tick of the loop leaves in one system call.
 */
export class Connection {
  /** Settles when the socket is gone: with `undefined` after a clean end on both sides, else with the reason. Never rejects. */
  readonly closed: Promise<Error | undefined>;
  /** Who is at the other end, for messages and logs. */
  readonly peer: string;

  readonly #socket: Socket;
  readonly #closed = new Deferred<Error | undefined>();
  readonly #highWaterBytes: number;
  #state: "open" | "half-closed" | "closing" | "closed" = "open";
  #reason: Error | undefined;
  #outbox: Uint8Array[] = [];
  #taken: Map<Uint8Array, () => void> | undefined; // whom to tell of which bytes
  #outboxBytes = 0;
  #flushQueued = false;
  #drain: Deferred<void> | undefined;
  #closing: Promise<void> | undefined;
  #reading = false;
  #eof = new Deferred<void>();

  /** @param highWaterBytes unsent bytes beyond which `send` waits; 1 MiB unless told */
  constructor(socket: Socket, peer: string, highWaterBytes = 1024 * 1024) {
    this.#socket = socket;
    this.peer = peer;
    this.#highWaterBytes = highWaterBytes;
    this.closed = this.#closed.promise;
    this.#eof.promise.catch(() => {}); // told to whoever reads; nobody may be reading
    socket.on("error", (error) => {
      const why = explainSocketError(error);
      this.#reason ??= new ConnectionError(`Cannot keep the connection to ${peer}: ${why}`, { cause: error });
    });
    socket.on("end", () => {
      if (this.#state !== "open" || !wasReset(socket)) return this.#eof.resolve();
      this.abort(new ConnectionError(`Cannot keep the connection to ${peer}: the peer reset it (ECONNRESET)`));
    });
    socket.on("close", () => this.#shutdown());
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Bytes handed to `write` that the system has not taken yet. */
  get bufferedBytes(): number {
    return this.#outboxBytes + this.#socket.writableLength;
  }

  /** What the peer has shown where TLS is spoken; undefined without TLS, and for clients that were not asked for one. */
  get peerCertificate(): PeerCertificate | undefined {
    return peerCertificateOf(this.#socket);
  }

  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  get bytesWritten(): number {
    return this.#socket.bytesWritten;
  }

  /**
   * Queues `bytes` for this tick's write; the caller must not change them afterwards.
   *
   * @param taken told when the system has copied `bytes`, so that their memory may be used again; not told if the
   * connection ends before
   * @returns false once more than the high-water mark is unsent: wait for `drained()` before writing more.
   * @throws {ConnectionError} if the connection has ended.
   */
  write(bytes: Uint8Array, taken?: () => void): boolean {
    if (this.#state !== "open") throw this.#notOpen("write");
    if (taken !== undefined) (this.#taken ??= new Map()).set(bytes, taken);
    if (bytes.length > 0) {
      this.#outbox.push(bytes);
      this.#outboxBytes += bytes.length;
      if (!this.#flushQueued) {
        this.#flushQueued = true;
        process.nextTick(this.#flush);
      }
    }
    return this.bufferedBytes <= this.#highWaterBytes;
  }

  /** Resolves once less than the high-water mark is unsent (at once if it is). @throws {ConnectionError} if the connection ends first. */
  drained(): Promise<void> {
    if (this.#state === "closed") return Promise.reject(this.#notOpen("send"));
    if (this.bufferedBytes <= this.#highWaterBytes) return SENT;
    this.#drain ??= new Deferred<void>();
    return this.#drain.promise;
  }

  /**
   * Hands what is queued to the system now instead of at the end of the tick: for what has to be out before the caller
   * does something that may never return.
   *
   * @returns true if the system has taken everything.
   */
  flush(): boolean {
    this.#flush();
    return this.bufferedBytes === 0;
  }

  /** `write` and `drained` in one: await it wherever more may follow. */
  async send(bytes: Uint8Array): Promise<void> {
    if (!this.write(bytes)) await this.drained();
  }

  /**
   * Hands every received chunk to `handler`, in order, one at a time. Call it once per connection.
   *
   * @param options.lend true: a chunk is lent, and overwritten once `handler` has returned (a promise it returns changes
   * nothing about that). Saves a copy. Default false: chunks are the handler's own.
   * @param options.target where the next bytes are to be received, for lent chunks; asked when the handler is done with the
   * ones before, and not followed by every socket. The memory must stay as it is until the next chunk, or the end.
   * @returns settles at the peer's EOF, after the last chunk was handled. @throws the reason if the connection is lost or
   * `close` was called before the end was read; what `handler` throws, after aborting the connection with it.
   */
  async read(
    handler: ChunkHandler,
    options: { lend?: boolean; target?: (() => Uint8Array | undefined) | undefined } = {},
  ): Promise<void> {
    if (this.#reading) throw new UsageError(`Cannot read from ${this.peer}: it is read already`, { code: "ERR_STATE" });
    this.#reading = true;
    const socket = this.#socket;
    const waiting: Buffer[] = []; // what came while the handler was busy: the peer is paused at the first such chunk
    const failed = new Deferred<never>();
    let busy = false;
    let idle: Deferred<void> | undefined; // set once EOF came while the handler was busy
    let dropped = false;
    const settle = (error: unknown) => {
      failed.reject(error);
      this.abort(asError(error));
    };
    const resume = () => {
      busy = false;
      while (!busy && waiting.length > 0) step(waiting.shift() ?? EMPTY);
      if (busy) return;
      idle?.resolve();
      if (socket.isPaused()) socket.resume();
    };
    const step = (chunk: Buffer) => {
      if (this.#state === "closing" || this.#state === "closed") {
        dropped = true;
        return;
      }
      try {
        const pending = handler(chunk);
        if (pending === undefined) return;
        busy = true;
        if (options.lend === true) socket.pause(); // what came meanwhile would have to be copied
        pending.then(resume, settle);
      } catch (error) {
        settle(error);
      }
    };
    const take = (chunk: Buffer) => {
      if (!busy || this.#state === "closing") return step(chunk);
      waiting.push(chunk);
      socket.pause();
    };
    const { lend = false, target } = options;
    readShared(
      socket,
      (chunk) => take(lend && !busy ? chunk : Buffer.from(chunk)),
      () => lend && !busy ? target?.() : undefined, // what comes while the handler is busy has to wait in memory of its own
    );
    socket.on("data", take);
    await Promise.race([this.#eof.promise, failed.promise]);
    if (busy) {
      idle = new Deferred<void>();
      await Promise.race([idle.promise, failed.promise]);
    }
    if (dropped) {
      throw new ConnectionError(
        `Cannot read from ${this.peer}: it was closed here before the peer had sent everything`,
      );
    }
  }

  /** The received chunks as an iterable that is pulled; leaving the loop aborts the connection. */
  async *chunks(): AsyncGenerator<Buffer> {
    let next = new Deferred<Buffer | undefined>();
    let taken = new Deferred<void>();
    let lost: { readonly reason: unknown } | undefined;
    let done = false;
    this.read((chunk) => {
      next.resolve(chunk);
      return taken.promise;
    }).then(() => next.resolve(undefined), (reason) => {
      lost = { reason };
      next.reject(reason);
    });
    try {
      while (true) {
        const chunk = await next.promise;
        if (chunk === undefined) {
          done = true;
          return;
        }
        yield chunk;
        if (lost !== undefined) throw lost.reason; // it happened while the chunk was worked on
        next = new Deferred();
        const release = taken;
        taken = new Deferred();
        release.resolve();
      }
    } finally {
      taken.resolve();
      if (!done) this.abort();
    }
  }

  /** Sends what is queued and then EOF; the peer's bytes still arrive. */
  end(): void {
    if (this.#state !== "open") return;
    this.#flush();
    this.#state = "half-closed";
    this.#socket.end();
  }

  /**
   * Sends what is queued, then EOF, and waits until the socket is gone, no longer than `timeoutMs`. What the peer still
   * sends is dropped: a protocol that needs it reads to EOF after `end` first.
   */
  close(timeoutMs = 5000): Promise<void> {
    this.#closing ??= (async () => {
      if (this.#state === "closed") return;
      this.end();
      this.#state = "closing";
      this.#socket.resume(); // EOF would never be seen behind unread bytes
      await withDeadline(this.closed, { timeoutMs, what: `close the connection to ${this.peer}`, clock: systemClock })
        .catch(() => this.abort());
    })();
    return this.#closing;
  }

  /**
   * Drops the socket now; what is unsent is lost, and every waiting call is rejected with `reason`.
   *
   * @param options.reset true: the peer sees a reset instead of EOF, for protocols in which EOF means that all is well
   */
  abort(reason?: Error, options: { reset?: boolean } = {}): void {
    if (this.#state === "closed") return;
    this.#reason ??= reason ?? new ConnectionError(`Cannot use the connection to ${this.peer}: it was aborted`);
    if (options.reset === true) sendReset(this.#socket);
    else this.#socket.destroy();
    this.#shutdown();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  readonly #flush = (): void => {
    this.#flushQueued = false;
    const outbox = this.#outbox;
    if (outbox.length === 0 || this.#state === "closed") return;
    this.#outbox = [];
    this.#outboxBytes = 0;
    const socket = this.#socket;
    if (outbox.length === 1) {
      this.#hand(outbox[0] ?? EMPTY);
      return;
    }
    socket.cork();
    let small: Uint8Array[] = [];
    for (const bytes of outbox) {
      if (bytes.length <= COALESCE_BYTES && this.#taken?.has(bytes) !== true) small.push(bytes);
      else {
        if (small.length > 0) socket.write(Buffer.concat(small));
        small = [];
        this.#hand(bytes);
      }
    }
    if (small.length > 0) socket.write(Buffer.concat(small), this.#written);
    socket.uncork();
  };

  /** Gives the system bytes as they lie, and tells whoever waits for them when it has taken them. */
  #hand(bytes: Uint8Array): void {
    const taken = this.#taken?.get(bytes);
    if (taken === undefined) {
      this.#socket.write(viewOf(bytes), this.#written);
      return;
    }
    this.#taken?.delete(bytes);
    this.#socket.write(viewOf(bytes), (error) => {
      this.#written(error);
      if (!error) taken();
    });
  }

  /** The socket's own `drain` knows only its own mark, which is another than ours. */
  readonly #written = (error?: Error | null): void => {
    if (error || this.#drain === undefined || this.bufferedBytes > this.#highWaterBytes) return;
    const drain = this.#drain;
    this.#drain = undefined;
    drain.resolve();
  };

  #notOpen(what: string): ConnectionError {
    return new ConnectionError(
      `Cannot ${what} to ${this.peer}: the connection is ${this.#state}${
        this.#reason ? ` (${this.#reason.message})` : ""
      }`,
      { cause: this.#reason },
    );
  }

  #shutdown(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#outbox = [];
    this.#outboxBytes = 0;
    this.#taken = undefined;
    const lost = this.#reason ?? new ConnectionError(`Cannot use the connection to ${this.peer}: it was closed`);
    if (!this.#eof.settled) this.#eof.reject(lost);
    this.#drain?.promise.catch(() => {}); // whoever waits is told; nobody may be waiting
    this.#drain?.reject(lost);
    this.#closed.resolve(this.#reason);
  }
}
