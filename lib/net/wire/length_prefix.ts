/**
 * Length-prefixed frames.
 *
 *     0              4          4 + n
 *     +--------------+----------+
 *     | n: u32, BE   | payload  |
 *     +--------------+----------+
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { ChunkBuffer } from "../../base/chunk_buffer.ts";
import { LimitError, ProtocolError } from "../../base/errors.ts";

const HEADER_BYTES = 4;
export const DEFAULT_MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** Returns one whole frame, header included; a fresh buffer with the parts of the payload one after the other. */
export function encodeFrame(...parts: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const part of parts) size += part.length;
  const out = Buffer.allocUnsafe(HEADER_BYTES + size);
  out.writeUInt32BE(size, 0);
  let at = HEADER_BYTES;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Incremental decoder: `feed` bytes, pull payloads with `next` until it returns `undefined`, `end` at EOF. */
export class FrameDecoder {
  readonly #buffer = new ChunkBuffer();
  readonly #maxBytes: number;
  #need: number | undefined; // payload length, once the header is read
  #failed: ProtocolError | undefined;

  constructor(options: { maxFrameBytes?: number } = {}) {
    this.#maxBytes = options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES;
  }

  feed(chunk: Uint8Array): void {
    this.#buffer.push(chunk);
  }

  /**
   * @returns the next payload, or `undefined` when more bytes are needed; a view into a received chunk where it lies in one.
   * @throws {LimitError} if a header announces more than `maxFrameBytes`, before any payload is buffered.
   */
  next(): Buffer | undefined {
    if (this.#failed !== undefined) throw this.#failed;
    if (this.#need === undefined) {
      if (this.#buffer.length < HEADER_BYTES) return undefined;
      const need = this.#buffer.take(HEADER_BYTES).readUInt32BE(0);
      if (need > this.#maxBytes) {
        this.#failed = new LimitError(`Cannot accept frame: ${need} bytes announced, limit is ${this.#maxBytes}`);
        throw this.#failed;
      }
      this.#need = need;
    }
    if (this.#buffer.length < this.#need) return undefined;
    const payload = this.#buffer.take(this.#need);
    this.#need = undefined;
    return payload;
  }

  /** @throws {ProtocolError} if the stream stopped inside a frame. */
  end(): void {
    if (this.#need === undefined && this.#buffer.length === 0) return;
    throw new ProtocolError(`Cannot finish stream: it ended inside a frame with ${this.#buffer.length} bytes buffered`);
  }
}
