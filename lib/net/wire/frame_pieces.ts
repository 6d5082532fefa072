/**
 * Frames that are too large to hold: the framing of `length_prefix.ts`, handed out as it arrives.
 *
 *     0              4          4 + n
 *     +--------------+----------+
 *     | n: u32, BE   | payload  |   one piece for each run of payload bytes received
 *     +--------------+----------+
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import type { Buffer } from "node:buffer";
import { ChunkBuffer } from "../../base/chunk_buffer.ts";
import { LimitError, ProtocolError } from "../../base/errors.ts";
import type { Decoder, Pending } from "./codec.ts";
import { foreignHint } from "./foreign_protocol.ts";

const HEADER_BYTES = 4;
const LARGEST = 2 ** 32 - 1;

/** A run of bytes of one frame. An empty frame is one piece of no bytes that is both first and last. */
export interface FramePiece {
  /** Payload bytes of the whole frame. */
  readonly frameBytes: number;
  /** A view into the received chunk: never a copy, and never longer than what one read delivered. */
  readonly bytes: Buffer;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** Incremental decoder that holds nothing but what was fed and not pulled yet. */
export class FramePieceDecoder implements Decoder<FramePiece> {
  readonly #buffer = new ChunkBuffer();
  readonly #maxBytes: number;
  #frameBytes = 0;
  #left = -1; // bytes of the frame still to come; -1 between frames
  #isFirst = false;
  #failed: ProtocolError | undefined;

  /** @param options.maxFrameBytes largest frame that is accepted; default: what 4 bytes can say, since nothing is held */
  constructor(options: { maxFrameBytes?: number } = {}) {
    this.#maxBytes = options.maxFrameBytes ?? LARGEST;
  }

  get pending(): Pending {
    if (this.#left >= 0) return "body";
    return this.#buffer.length > 0 ? "header" : "nothing";
  }

  /** Bytes of the present frame that have not been fed; 0 between frames, and while there is something to pull. */
  get expected(): number {
    return this.#failed === undefined && this.#left > 0 && this.#buffer.length === 0 ? this.#left : 0;
  }

  feed(chunk: Uint8Array): void {
    if (this.#failed === undefined) this.#buffer.push(chunk);
  }

  /** @throws {LimitError} if a header announces more than `maxFrameBytes`. */
  next(): FramePiece | undefined {
    if (this.#failed !== undefined) throw this.#failed;
    if (this.#left < 0 && !this.#readHeader()) return undefined;
    if (this.#left > 0 && this.#buffer.length === 0) return undefined;
    const bytes = this.#buffer.takeRun(this.#left);
    const piece = {
      frameBytes: this.#frameBytes,
      bytes,
      isFirst: this.#isFirst,
      isLast: bytes.length === this.#left,
    };
    this.#isFirst = false;
    this.#left = piece.isLast ? -1 : this.#left - bytes.length;
    return piece;
  }

  /** Copies what was not pulled yet, so that the chunks it lies in may be changed. */
  own(): void {
    this.#buffer.own();
  }

  /** @throws {ProtocolError} if the stream stopped inside a frame. */
  end(): void {
    if (this.#failed !== undefined) throw this.#failed;
    if (this.#left < 0 && this.#buffer.length === 0) return;
    const missing = this.#left < 0
      ? "in a header"
      : `${this.#left - this.#buffer.length} of ${this.#frameBytes} bytes early`;
    this.#failed = new ProtocolError(`Cannot finish stream: it ended inside a frame, ${missing}`);
    throw this.#failed;
  }

  #readHeader(): boolean {
    const buffer = this.#buffer;
    if (buffer.length < HEADER_BYTES) return false;
    const size = buffer.peekUInt32BE();
    if (size > this.#maxBytes) {
      const hint = foreignHint(buffer.peek(Math.min(buffer.length, 24)));
      this.#failed = new LimitError(
        `Cannot accept frame: ${size} bytes announced, limit is ${this.#maxBytes} (maxFrameBytes)${hint}`,
      );
      buffer.skip(buffer.length);
      throw this.#failed;
    }
    buffer.skip(HEADER_BYTES);
    this.#frameBytes = this.#left = size;
    this.#isFirst = true;
    return true;
  }
}
