import type { Buffer } from "node:buffer";
import { asError, ConnectionError } from "../base/errors.ts";
import { concatBytes } from "../base/bytes.ts";
import { Deferred } from "../base/deferred.ts";
import type { Connection } from "../net/mod.ts";
import { CommandDecoder, encodeReply, RedisError } from "../redis/wire/mod.ts";
import type { Client, ClientOutput } from "./client.ts";
import { errorReply, type Reply } from "./reply.ts";
import type { CommandWords } from "./store/store.ts";

/** Output of a session beyond which no more of its commands are run until its peer has read some. */
const PAUSE_BYTES = 1024 * 1024;
/** Input kept for a client that waits in a blocking command, before it is not read any more. */
const READ_AHEAD_BYTES = 1024 * 1024;
/** What a client may send before it has given the password. */
const UNAUTHENTICATED_BYTES = 64 * 1024;

/** How long a client may take to read its last reply and close its side too. */
const HANG_UP_MS = 500;

/** What a session needs of the server around it. */
export interface SessionHost {
  /** Runs a command; replies come through `send`. */
  execute(client: Client, words: CommandWords): void;
  /** Writes the reply into the one writer that all sessions share; the bytes come through `take`. */
  write(session: Session, reply: Reply): void;
  /** Bytes in that writer that are this session's and have not come yet. */
  unwritten(session: Session): number;
  /** True if the command whose reply is being sent changed something. */
  readonly hasWritten: boolean;
  /** The session has something to send, or to go on with, at the end of this tick. */
  wake(session: Session): void;
  /** Called once, when nothing more will come from the client. */
  leave(session: Session, reason: string): void;
}

/** Output of one tick. The replies to writes are marked, so that they can be turned into errors if the write is lost. */
interface Output {
  /** Sent when this record of the journal is settled. */
  readonly record: number;
  readonly chunks: readonly Uint8Array[];
  readonly bytes: number;
  /** Start and end of each reply to a write, as offsets. */
  readonly writes: readonly (readonly [start: number, end: number])[];
}

/**
 * One client's connection: bytes in, commands run in order, replies out once a tick, when what they tell is durable.
 *
 * Opens: nothing. Owns: the connection it was given, which it closes with its last reply or aborts.
 */
export class Session implements ClientOutput {
  readonly connection: Connection;
  readonly #host: SessionHost;
  readonly #outputLimit: number;
  readonly #decoder: CommandDecoder;
  #client: Client | undefined;
  protocol: 2 | 3 = 2;
  /** Since when a command has been coming in, on the monotonic clock, and its bytes so far; undefined: none is. */
  partial: { readonly since: number; bytes: number } | undefined;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #writes: [start: number, end: number][] = [];
  #held: Output[] = [];
  #readAhead = 0;
  #resume: Deferred<void> | undefined; // settles when the blocking command is answered
  #sent: Deferred<void> | undefined; // settles when nothing is held any more
  #closing: string | undefined;

  /** @param maxBulkBytes longest argument; @param outputLimit bytes a client may leave unread before it is dropped */
  constructor(connection: Connection, host: SessionHost, limits: { maxBulkBytes: number; outputLimit: number }) {
    this.connection = connection;
    this.#host = host;
    this.#outputLimit = limits.outputLimit;
    this.#decoder = new CommandDecoder({ limits: { maxBulkBytes: limits.maxBulkBytes } });
  }

  get client(): Client {
    if (this.#client === undefined) throw new ConnectionError("Cannot use the session: it has not been opened");
    return this.#client;
  }

  /** True if output waits for the journal. */
  get isHeld(): boolean {
    return this.#held.length > 0;
  }

  /** Serves the client until it goes. Never rejects. */
  async serve(client: Client): Promise<void> {
    this.#client = client;
    let reason = "the client hung up";
    try {
      await this.connection.read((chunk) => this.#receive(chunk));
    } catch (error) {
      reason = asError(error).message;
    }
    this.#host.leave(this, this.#closing ?? reason);
    if (this.isHeld && this.connection.isOpen) await (this.#sent ??= new Deferred<void>()).promise;
  }

  send(reply: Reply): void {
    if (this.#closing !== undefined) return;
    const start = this.#outputBytes;
    this.#host.write(this, reply);
    if (this.#host.hasWritten) this.#writes.push([start, this.#outputBytes]);
    this.#host.wake(this);
  }

  close(when: "drained" | "now", reason: string): void {
    this.#closing ??= reason;
    this.#resume?.resolve();
    this.#sent?.resolve();
    if (when === "now") this.connection.abort(new ConnectionError(`Cannot serve ${this.connection.peer}: ${reason}`));
    else this.#host.wake(this);
  }

  /** For the host: bytes that were written for this session. */
  take(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) {
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
    }
  }

  /** Goes on with what came in behind a blocking command, once that is answered. */
  resume(): void {
    if (this.#readAhead === 0 || this.client.waiter !== undefined) return;
    this.#readAhead = 0;
    const paused = this.#run();
    if (paused === undefined) this.#resume?.resolve();
    else paused.then(() => this.#resume?.resolve());
    this.#resume = undefined;
  }

  /** End of the tick: what was written may leave when the journal has settled `record`. */
  hold(record: number): void {
    if (this.#bytes === 0) return;
    this.#held.push({ record, chunks: this.#chunks, bytes: this.#bytes, writes: this.#writes });
    this.#chunks = [];
    this.#bytes = 0;
    this.#writes = [];
  }

  /** Sends what may leave, and hangs up behind the last of it if that was asked for. */
  release(isSettled: (record: number) => boolean): void {
    let count = 0;
    for (const { record, chunks } of this.#held) {
      if (!isSettled(record)) break;
      count++;
      if (this.connection.isOpen) { for (const chunk of chunks) this.connection.write(chunk); }
    }
    this.#held = this.#held.slice(count);
    if (this.#held.length === 0) this.#sent?.resolve();
    const unsent = this.connection.bufferedBytes + this.#held.reduce((sum, { bytes }) => sum + bytes, 0);
    if (unsent > this.#outputLimit && this.connection.isOpen) {
      this.close("now", `it left ${unsent} bytes unread, the limit is ${this.#outputLimit}`);
    } else if (this.#closing !== undefined && this.#held.length === 0) void this.connection.close(HANG_UP_MS);
  }

  /** The journal lost what it had not settled: those writes are answered with an error instead. */
  failWrites(message: string): void {
    const error = encodeReply(new RedisError(message), this.protocol);
    this.#held = this.#held.map((output) => ({ ...output, chunks: replaceWrites(output, error) }));
    this.#chunks = replaceWrites({ chunks: this.#chunks, writes: this.#writes }, error);
    this.#bytes = this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    this.#writes = [];
  }

  get #outputBytes(): number {
    return this.#bytes + this.#host.unwritten(this);
  }

  #receive(chunk: Buffer): Promise<void> | undefined {
    if (this.#closing !== undefined) return undefined;
    if (!this.client.isAuthenticated && this.connection.bytesRead > UNAUTHENTICATED_BYTES) {
      this.close("now", `it sent ${this.connection.bytesRead} bytes without a password`);
      return undefined;
    }
    this.#decoder.feed(chunk);
    if (this.client.waiter !== undefined) return this.#keepForLater(chunk.length);
    const paused = this.#run();
    this.#notePartial(chunk.length);
    return paused;
  }

  /** Runs what has come in. @returns a promise where the peer has to read, or the blocking command to end, before more is read */
  #run(): Promise<void> | undefined {
    while (this.#closing === undefined) {
      if (this.client.waiter !== undefined) return this.#decoder.isBetweenCommands ? undefined : this.#keepForLater(1);
      const words = this.#nextCommand();
      if (words === undefined) return undefined;
      this.#host.execute(this.client, words);
      if (this.#outputBytes > PAUSE_BYTES) return this.#afterDrain();
    }
    return undefined;
  }

  #nextCommand(): string[] | undefined {
    try {
      return this.#decoder.next()?.map((word) => word.toString("latin1"));
    } catch (error) {
      this.send(errorReply(`ERR ${asError(error).message}`));
      this.close("drained", asError(error).message);
      return undefined;
    }
  }

  #keepForLater(bytes: number): Promise<void> | undefined {
    this.#readAhead += bytes;
    if (this.#readAhead < READ_AHEAD_BYTES) return undefined;
    this.#resume ??= new Deferred<void>();
    return this.#resume.promise;
  }

  /** Lets the peer read before more is done for it: nobody can fill the memory by asking without listening. */
  async #afterDrain(): Promise<void> {
    this.#sent = new Deferred<void>();
    await this.#sent.promise;
    try {
      await this.connection.drained();
    } catch {
      return; // the connection has gone, which its reader is told too
    }
    await this.#run();
  }

  #notePartial(bytes: number): void {
    if (this.#decoder.isBetweenCommands || this.client.waiter !== undefined) this.partial = undefined;
    else if (this.partial === undefined) this.partial = { since: performance.now(), bytes };
    else this.partial.bytes += bytes;
  }
}

/** @returns the chunks with `error` in place of each reply to a write */
function replaceWrites({ chunks, writes }: Pick<Output, "chunks" | "writes">, error: Uint8Array): Uint8Array[] {
  if (writes.length === 0) return [...chunks];
  const all = concatBytes(chunks);
  const out: Uint8Array[] = [];
  let at = 0;
  for (const [start, end] of writes) {
    out.push(all.subarray(at, start), error);
    at = end;
  }
  out.push(all.subarray(at));
  return out;
}
