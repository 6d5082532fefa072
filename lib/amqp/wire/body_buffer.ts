/**
 * A body that arrives in pieces: memory grows with what has come, never with what was announced.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { ProtocolError } from "../../base/errors.ts";
import { ReplyCode } from "./reply_code.ts";

/** A body this many times smaller than the received chunk it lies in is copied, so that keeping it does not keep the chunk. */
const SMALL_SHARE = 8;
const FIRST_BYTES = 256 * 1024;

export class BodyBuffer {
  readonly #size: number;
  #received = 0;
  #bytes: Buffer | undefined;

  /** @param size bytes announced by the content header */
  constructor(size: number) {
    this.#size = size;
  }

  get isWhole(): boolean {
    return this.#received === this.#size;
  }

  /** @throws {ProtocolError} 501 for more than was announced. */
  push(piece: Buffer): void {
    const at = this.#received;
    this.drop(piece);
    if (at === 0 && this.isWhole) {
      this.#bytes = piece;
      return;
    }
    this.#grow();
    if (this.#bytes !== undefined) piece.copy(this.#bytes, at);
  }

  /** Counts a piece without keeping it. @throws {ProtocolError} 501 for more than was announced. */
  drop(piece: Buffer): void {
    this.#received += piece.length;
    if (this.#received > this.#size) {
      throw new ProtocolError(
        `Cannot read AMQP content: ${this.#received} bytes of body came, ${this.#size} were announced`,
        { replyCode: ReplyCode.frameError },
      );
    }
  }

  /** The whole body, the caller's to keep. */
  take(): Uint8Array {
    const bytes = this.#bytes ?? Buffer.alloc(0);
    return bytes.length * SMALL_SHARE < bytes.buffer.byteLength ? Buffer.from(bytes) : bytes;
  }

  #grow(): void {
    const room = this.#bytes?.length ?? 0;
    if (room >= this.#received) return;
    const grown = Buffer.allocUnsafeSlow(Math.min(this.#size, Math.max(FIRST_BYTES, 2 * this.#received)));
    this.#bytes?.copy(grown);
    this.#bytes = grown;
  }
}
