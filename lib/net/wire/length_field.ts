/**
 * Frames with a length somewhere in their header, as Netty's LengthFieldBasedFrameDecoder reads them.
 *
 *     0        offset          offset + lengthBytes
 *     +--------+---------------+--------------------------------+
 *     | header | length        | rest: length + adjustment bytes |
 *     +--------+---------------+--------------------------------+
 *
 * Source: Netty 4.1 `io.netty.handler.codec.LengthFieldBasedFrameDecoder` and `LengthFieldPrepender`.
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { ChunkBuffer } from "../../base/chunk_buffer.ts";
import { LimitError, ProtocolError, UsageError } from "../../base/errors.ts";
import { checkInteger } from "../../base/options.ts";
import type { Codec, Decoder, Pending } from "./codec.ts";
import { foreignHint } from "./foreign_protocol.ts";
import { DEFAULT_MAX_FRAME_BYTES } from "./length_prefix.ts";

export interface LengthFieldOptions {
  /** Width of the length, in bytes. Default 4. */
  readonly lengthBytes?: 1 | 2 | 3 | 4 | 8;
  /** Least significant byte first. Default false. */
  readonly littleEndian?: boolean;
  /** Header bytes before the length. Default 0. */
  readonly offset?: number;
  /** Added to the length to get the bytes that follow it; negative where the length counts the header too. Default 0. */
  readonly adjustment?: number;
  /** Bytes cut off the front of each decoded frame. Default: all up to the end of the length, which leaves the rest. */
  readonly strip?: number;
  /** Largest frame, header included. Default 16 MiB. */
  readonly maxFrameBytes?: number;
}

function resolve(options: LengthFieldOptions): Required<LengthFieldOptions> {
  const { lengthBytes = 4, littleEndian = false } = options;
  if (![1, 2, 3, 4, 8].includes(lengthBytes)) {
    throw new UsageError(`Cannot use lengthBytes: expected 1, 2, 3, 4 or 8, got ${lengthBytes}`);
  }
  const offset = checkInteger("offset", options.offset ?? 0, { min: 0 });
  return {
    lengthBytes,
    littleEndian,
    offset,
    adjustment: checkInteger("adjustment", options.adjustment ?? 0),
    strip: checkInteger("strip", options.strip ?? offset + lengthBytes, { min: 0 }),
    maxFrameBytes: checkInteger("maxFrameBytes", options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES, { min: 1 }),
  };
}

/**
 * Returns one whole frame: the first `offset` bytes of `message`, the length, the rest of `message`.
 * @throws {UsageError} if the length does not fit into its field.
 */
export function encodeLengthField(message: Uint8Array, options: LengthFieldOptions = {}): Uint8Array {
  const { lengthBytes, littleEndian, offset, adjustment } = resolve(options);
  const length = message.length - offset - adjustment;
  const largest = lengthBytes === 8 ? Number.MAX_SAFE_INTEGER : 2 ** (8 * lengthBytes) - 1;
  if (message.length < offset || length < 0 || length > largest) {
    throw new UsageError(
      `Cannot encode a message of ${message.length} bytes: its length ${length} does not fit into ${lengthBytes} bytes`,
    );
  }
  const out = Buffer.allocUnsafe(lengthBytes + message.length);
  out.set(message.subarray(0, offset), 0);
  out.set(message.subarray(offset), offset + lengthBytes);
  if (lengthBytes === 8) {
    if (littleEndian) out.writeBigUInt64LE(BigInt(length), offset);
    else out.writeBigUInt64BE(BigInt(length), offset);
  } else if (littleEndian) out.writeUIntLE(length, offset, lengthBytes);
  else out.writeUIntBE(length, offset, lengthBytes);
  return out;
}

/** Incremental decoder; a frame is a view into a received chunk where it lies in one. */
export class LengthFieldDecoder implements Decoder<Buffer> {
  readonly #buffer = new ChunkBuffer();
  readonly #options: Required<LengthFieldOptions>;
  readonly #headerBytes: number;
  #need: number | undefined; // whole frame, once the header is read
  #failed: ProtocolError | undefined;

  constructor(options: LengthFieldOptions = {}) {
    this.#options = resolve(options);
    this.#headerBytes = this.#options.offset + this.#options.lengthBytes;
  }

  get pending(): Pending {
    if (this.#need !== undefined) return "body";
    return this.#buffer.length > 0 ? "header" : "nothing";
  }

  feed(chunk: Uint8Array): void {
    if (this.#failed === undefined) this.#buffer.push(chunk);
  }

  /** @throws {LimitError} for a frame over `maxFrameBytes`; {ProtocolError} for a length that contradicts the header's own size. */
  next(): Buffer | undefined {
    if (this.#failed !== undefined) throw this.#failed;
    if (this.#need === undefined) {
      if (this.#buffer.length < this.#headerBytes) return undefined;
      this.#need = this.#readNeed();
    }
    if (this.#buffer.length < this.#need) return undefined;
    const frame = this.#buffer.take(this.#need);
    this.#need = undefined;
    return frame.subarray(this.#options.strip);
  }

  end(): void {
    if (this.#failed !== undefined) throw this.#failed;
    if (this.#buffer.length === 0) return;
    const of = this.#need === undefined ? "" : ` of the ${this.#need} announced`;
    throw this.#fail(
      new ProtocolError(
        `Cannot finish stream: it ended inside a frame with ${this.#buffer.length} bytes${of} buffered`,
      ),
    );
  }

  #readNeed(): number {
    const { adjustment, strip, maxFrameBytes } = this.#options;
    const length = this.#readLength();
    const need = Number(length) + adjustment + this.#headerBytes;
    if (need > maxFrameBytes) {
      const hint = foreignHint(this.#buffer.peek(Math.min(this.#buffer.length, 24)));
      throw this.#fail(
        new LimitError(
          `Cannot accept frame: ${BigInt(length) + BigInt(adjustment + this.#headerBytes)} bytes announced, ` +
            `limit is ${maxFrameBytes} (maxFrameBytes)${hint}`,
        ),
      );
    }
    const least = Math.max(this.#headerBytes, strip);
    if (need < least) {
      throw this.#fail(
        new ProtocolError(
          `Cannot accept frame: its length ${length} makes ${need} bytes, at least ${least} are needed`,
        ),
      );
    }
    return need;
  }

  #readLength(): number | bigint {
    const { lengthBytes, littleEndian, offset } = this.#options;
    const header = this.#buffer.peek(this.#headerBytes);
    if (lengthBytes === 8) return littleEndian ? header.readBigUInt64LE(offset) : header.readBigUInt64BE(offset);
    return littleEndian ? header.readUIntLE(offset, lengthBytes) : header.readUIntBE(offset, lengthBytes);
  }

  #fail(error: ProtocolError): ProtocolError {
    this.#failed = error;
    this.#buffer.skip(this.#buffer.length);
    return error;
  }
}

/** Messages behind a length of any width, order and place. */
export function lengthFields(options: LengthFieldOptions = {}): Codec<Buffer, Uint8Array> {
  resolve(options); // complains now, not at the first message
  return {
    decoder: () => new LengthFieldDecoder(options),
    encode: (message) => encodeLengthField(message, options),
  };
}
