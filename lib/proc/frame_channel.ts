import type { Buffer } from "node:buffer";
import { type Connection, encodeFrame, FrameDecoder } from "../net/mod.ts";

/** Frames between parent and child come from our own code, so the limit only stops a runaway. */
export const MAX_CHANNEL_FRAME_BYTES = 512 * 1024 * 1024;

/**
 * Length-prefixed frames over one connection: what parent and child say to each other.
 *
 * Opens: nothing. Owns: the connection it was given; `close` and `abort` end it.
 */
export class FrameChannel {
  /** Settles when the connection is gone, with the reason or `undefined` after a clean end. Never rejects. */
  readonly closed: Promise<Error | undefined>;
  readonly #connection: Connection;
  readonly #decoder: FrameDecoder;

  constructor(connection: Connection, options: { maxFrameBytes?: number } = {}) {
    this.#connection = connection;
    this.closed = connection.closed;
    this.#decoder = new FrameDecoder({ maxFrameBytes: options.maxFrameBytes ?? MAX_CHANNEL_FRAME_BYTES });
  }

  get isOpen(): boolean {
    return this.#connection.isOpen;
  }

  /** Bytes that the system has not taken yet. */
  get bufferedBytes(): number {
    return this.#connection.bufferedBytes;
  }

  /**
   * Queues one frame, its payload the parts one after the other, for this tick's write.
   * @returns false if the channel has ended: whoever waits for an answer learns of it through `closed`.
   */
  send(...parts: readonly Uint8Array[]): boolean {
    if (!this.#connection.isOpen) return false;
    this.#connection.write(encodeFrame(...parts));
    return true;
  }

  /** Hands what is queued to the system now; true if it took everything. */
  flush(): boolean {
    return this.#connection.flush();
  }

  /**
   * Calls `onFrame` for every frame until the channel ends. A payload is a view into what was received, which nobody else uses.
   * @throws what `onFrame` throws, after aborting the connection with it; the reason if the connection is lost.
   */
  async read(onFrame: (payload: Buffer) => void): Promise<void> {
    await this.#connection.read((chunk) => {
      this.#decoder.feed(chunk);
      for (let frame = this.#decoder.next(); frame !== undefined; frame = this.#decoder.next()) onFrame(frame);
    });
    this.#decoder.end();
  }

  /** Sends what is queued and ends the connection. */
  close(timeoutMs?: number): Promise<void> {
    return this.#connection.close(timeoutMs);
  }

  abort(reason?: Error): void {
    this.#connection.abort(reason);
  }
}
