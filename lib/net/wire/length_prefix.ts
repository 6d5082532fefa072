/**
 * Length-prefixed frames: the framing of everything that is ours alone (as Twisted's Int32StringReceiver).
 *
 *     0              4          4 + n
 *     +--------------+----------+
 *     | n: u32, BE   | payload  |
 *     +--------------+----------+
 *
 * `length_field.ts` has every other width, order and place of the length.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { ChunkBuffer } from "../../base/chunk_buffer.ts";
import { LimitError, ProtocolError } from "../../base/errors.ts";
import type { Codec, Decoder, Pending } from "./codec.ts";
import { foreignHint } from "./foreign_protocol.ts";

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
export class FrameDecoder implements Decoder<Buffer> {
  readonly #buffer = new ChunkBuffer();
  readonly #maxBytes: number;
  #need = -1; // payload length, once the header is read
  #failed: ProtocolError | undefined;

  constructor(options: { maxFrameBytes?: number } = {}) {
    this.#maxBytes = options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES;
  }

  get pending(): Pending {
    if (this.#need >= 0) return "body";
    return this.#buffer.length > 0 ? "header" : "nothing";
  }

  feed(chunk: Uint8Array): void {
    if (this.#failed === undefined) this.#buffer.push(chunk);
  }

  /**
   * @returns the next payload, or `undefined` when more bytes are needed; a view into a received chunk where it lies in one.
   * @throws {LimitError} if a header announces more than `maxFrameBytes`, before any payload is buffered.
   */
  next(): Buffer | undefined {
    if (this.#failed !== undefined) throw this.#failed;
    const buffer = this.#buffer;
    if (this.#need < 0) {
      if (buffer.length < HEADER_BYTES) return undefined;
      const need = buffer.peekUInt32BE();
      if (need > this.#maxBytes) throw this.#refuse(need);
      buffer.skip(HEADER_BYTES);
      this.#need = need;
    }
    if (buffer.length < this.#need) return undefined;
    const payload = buffer.take(this.#need);
    this.#need = -1;
    return payload;
  }

  /** @throws {ProtocolError} if the stream stopped inside a frame. */
  end(): void {
    if (this.#failed !== undefined) throw this.#failed;
    if (this.#need < 0 && this.#buffer.length === 0) return;
    const of = this.#need < 0 ? "" : ` of the ${this.#need} announced`;
    this.#failed = new ProtocolError(
      `Cannot finish stream: it ended inside a frame with ${this.#buffer.length} bytes${of} buffered`,
    );
    throw this.#failed;
  }

  #refuse(need: number): LimitError {
    const hint = foreignHint(this.#buffer.peek(Math.min(this.#buffer.length, 24)));
    this.#failed = new LimitError(
      `Cannot accept frame: ${need} bytes announced, limit is ${this.#maxBytes} (maxFrameBytes)${hint}`,
    );
    this.#buffer.skip(this.#buffer.length);
    return this.#failed;
  }
}

/** Payloads as they are, 4-byte big-endian lengths, at most 16 MiB unless told. */
export function frames(options: { maxFrameBytes?: number } = {}): Codec<Buffer, Uint8Array> {
  return { decoder: () => new FrameDecoder(options), encode: encodeFrame };
}
