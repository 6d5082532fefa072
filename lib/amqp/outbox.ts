import process from "node:process";
import { Deferred } from "../base/deferred.ts";
import type { Connection } from "../net/mod.ts";
import { ByteWriter } from "./wire/byte_writer.ts";

/** Beyond this many bytes of one tick the system gets them at once: the broker works while the rest is being written. */
const EARLY_WRITE_BYTES = 32 * 1024;

/** Who has acknowledgements to write before a tick's frames leave. */
export interface AckSource {
  flushAcks(): void;
}

/**
 * What one connection writes: the frames of one tick lie side by side and leave in one system call, the acknowledgements
 * collected meanwhile among them.
 *
 * Borrows the socket.
 */
export class Outbox {
  /** Frames are appended to it; `queue` has to follow. */
  readonly writer = new ByteWriter();
  readonly #socket: Connection;
  readonly #acking = new Set<AckSource>();
  #isQueued = false;
  #sent: Deferred<void> | undefined;
  #hasEnded = false;

  constructor(socket: Connection) {
    this.#socket = socket;
  }

  /** Lets what was appended leave with this tick. */
  queue(): void {
    if (this.writer.length > EARLY_WRITE_BYTES) {
      this.#write();
      this.#socket.flush();
    }
    if (this.#isQueued) return;
    this.#isQueued = true;
    process.nextTick(this.flush);
  }

  /** Calls `source.flushAcks` before this tick's frames leave. */
  queueAcks(source: AckSource): void {
    this.#acking.add(source);
    this.queue();
  }

  /** There is nothing to acknowledge there any more. */
  forget(source: AckSource): void {
    this.#acking.delete(source);
  }

  /** Resolves when what was appended until now is with the system; rejects if the connection ends first. */
  sent(): Promise<void> {
    if (!this.#isQueued) return this.#socket.drained();
    this.#sent ??= new Deferred<void>();
    return this.#sent.promise;
  }

  /** Hands everything to the socket now. */
  readonly flush = (): void => {
    if (this.#hasEnded) return;
    for (const source of this.#acking) source.flushAcks();
    this.#acking.clear();
    this.#isQueued = false;
    this.#write();
    const sent = this.#sent;
    this.#sent = undefined;
    if (sent !== undefined) this.#socket.drained().then(() => sent.resolve(), (error) => sent.reject(error));
  };

  /** Nothing leaves any more; whoever waits is told `reason`. */
  end(reason: Error): void {
    this.#hasEnded = true;
    this.#sent?.promise.catch(() => {}); // whoever waits is told; nobody may be waiting
    this.#sent?.reject(reason);
  }

  #write(): void {
    for (const piece of this.writer.take()) {
      if (this.#socket.isOpen) this.#socket.write(piece);
    }
  }
}
