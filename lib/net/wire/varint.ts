/**
 * Frames behind a varint length, as Protocol Buffers' delimited messages.
 *
 *     +-----------------------------+----------+
 *     | n: 7 bits a byte, low first | payload  |    the top bit of a length byte says that another follows
 *     +-----------------------------+----------+
 *
 * Source: protobuf encoding, "Base 128 Varints"; Netty `ProtobufVarint32FrameDecoder`.
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { ChunkBuffer } from "../../base/chunk_buffer.ts";
import { LimitError, ProtocolError } from "../../base/errors.ts";
import { checkInteger } from "../../base/options.ts";
import type { Codec, Decoder, Pending } from "./codec.ts";
import { foreignHint } from "./foreign_protocol.ts";
import { DEFAULT_MAX_FRAME_BYTES } from "./length_prefix.ts";

/** A 64-bit varint has at most ten bytes; more can only be padding or garbage. */
const MAX_VARINT_BYTES = 10;

/** Returns the varint of a whole number from 0 up to 2^53 - 1. */
export function encodeVarint(value: number): Uint8Array {
  const out: number[] = [];
  let rest = checkInteger("varint", value, { min: 0 });
  while (rest >= 0x80) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
  return Uint8Array.from(out);
}

/** Returns one whole frame. */
export function encodeVarintFrame(payload: Uint8Array): Uint8Array {
  return Buffer.concat([encodeVarint(payload.length), payload]);
}

/** Incremental decoder; a payload is a view into a received chunk where it lies in one. */
export class VarintFrameDecoder implements Decoder<Buffer> {
  readonly #buffer = new ChunkBuffer();
  readonly #maxBytes: number;
  #need: number | undefined;
  #failed: ProtocolError | undefined;

  constructor(options: { maxFrameBytes?: number } = {}) {
    this.#maxBytes = options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES;
  }

  get pending(): Pending {
    if (this.#need !== undefined) return "body";
    return this.#buffer.length > 0 ? "header" : "nothing";
  }

  feed(chunk: Uint8Array): void {
    if (this.#failed === undefined) this.#buffer.push(chunk);
  }

  /** @throws {LimitError} for a length over `maxFrameBytes`; {ProtocolError} for a length of more than ten bytes. */
  next(): Buffer | undefined {
    if (this.#failed !== undefined) throw this.#failed;
    this.#need ??= this.#readLength();
    if (this.#need === undefined || this.#buffer.length < this.#need) return undefined;
    const payload = this.#buffer.take(this.#need);
    this.#need = undefined;
    return payload;
  }

  end(): void {
    if (this.#failed !== undefined) throw this.#failed;
    if (this.#need === undefined && this.#buffer.length === 0) return;
    throw this.#fail(
      new ProtocolError(`Cannot finish stream: it ended inside a frame with ${this.#buffer.length} bytes buffered`),
    );
  }

  #readLength(): number | undefined {
    let value = 0;
    for (let index = 0; index < this.#buffer.length; index++) {
      const byte = this.#buffer.at(index);
      value += (byte & 0x7f) * 0x80 ** index;
      if (byte < 0x80 && value <= this.#maxBytes) {
        this.#buffer.skip(index + 1);
        return value;
      }
      if (value > this.#maxBytes) {
        const hint = foreignHint(this.#buffer.peek(Math.min(this.#buffer.length, 24)));
        throw this.#fail(
          new LimitError(
            `Cannot accept frame: at least ${value} bytes announced, limit is ${this.#maxBytes} (maxFrameBytes)${hint}`,
          ),
        );
      }
      if (index + 1 === MAX_VARINT_BYTES) {
        throw this.#fail(new ProtocolError(`Cannot accept frame: its length has more than ${MAX_VARINT_BYTES} bytes`));
      }
    }
    return undefined;
  }

  #fail(error: ProtocolError): ProtocolError {
    this.#failed = error;
    this.#buffer.skip(this.#buffer.length);
    return error;
  }
}

/** Payloads behind varint lengths, at most 16 MiB unless told. */
export function varintFrames(options: { maxFrameBytes?: number } = {}): Codec<Buffer, Uint8Array> {
  return { decoder: () => new VarintFrameDecoder(options), encode: encodeVarintFrame };
}
