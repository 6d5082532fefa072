/**
 * Netstrings.
 *
 *     +-------------------+-----+----------+-----+
 *     | n: decimal digits | ':' | payload  | ',' |    12:hello world!,
 *     +-------------------+-----+----------+-----+
 *
 * Source: D. J. Bernstein, "Netstrings" (1997): no leading zeros, and the empty string is `0:,`.
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { quoteBytes } from "../../base/bytes.ts";
import { ChunkBuffer } from "../../base/chunk_buffer.ts";
import { LimitError, ProtocolError } from "../../base/errors.ts";
import type { Codec, Decoder, Pending } from "./codec.ts";
import { foreignHint } from "./foreign_protocol.ts";
import { DEFAULT_MAX_FRAME_BYTES } from "./length_prefix.ts";

const [ZERO, NINE, COLON, COMMA] = [0x30, 0x39, 0x3a, 0x2c];

/** Returns one whole netstring. */
export function encodeNetstring(payload: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${payload.length}:`), payload, Buffer.from(",")]);
}

/** Incremental decoder; a payload is a view into a received chunk where it lies in one. */
export class NetstringDecoder implements Decoder<Buffer> {
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

  /** @throws {LimitError} for a length over `maxFrameBytes`; {ProtocolError} for anything that is no netstring. */
  next(): Buffer | undefined {
    if (this.#failed !== undefined) throw this.#failed;
    this.#need ??= this.#readLength();
    if (this.#need === undefined || this.#buffer.length <= this.#need) return undefined;
    const end = this.#buffer.at(this.#need);
    if (end !== COMMA) {
      throw this.#refuse(`expected "," after ${this.#need} bytes, got ${quoteBytes(Buffer.from([end]))}`);
    }
    const payload = this.#buffer.take(this.#need);
    this.#buffer.skip(1);
    this.#need = undefined;
    return payload;
  }

  end(): void {
    if (this.#failed !== undefined) throw this.#failed;
    if (this.#need === undefined && this.#buffer.length === 0) return;
    throw this.#fail(
      new ProtocolError(`Cannot finish stream: it ended inside a netstring with ${this.#buffer.length} bytes buffered`),
    );
  }

  #readLength(): number | undefined {
    let value = 0;
    for (let index = 0; index < this.#buffer.length; index++) {
      const byte = this.#buffer.at(index);
      if (byte === COLON && index > 0) {
        this.#buffer.skip(index + 1);
        return value;
      }
      const head = () => quoteBytes(this.#buffer.peek(index + 1));
      if (byte < ZERO || byte > NINE) throw this.#refuse(`expected digits and ":", got ${head()}`);
      if (index === 1 && value === 0) throw this.#refuse(`a length has no leading zeros, got ${head()}`);
      value = value * 10 + (byte - ZERO);
      if (value > this.#maxBytes) {
        throw this.#fail(
          new LimitError(
            `Cannot accept netstring: at least ${value} bytes announced, limit is ${this.#maxBytes} (maxFrameBytes)`,
          ),
        );
      }
    }
    return undefined;
  }

  #refuse(why: string): ProtocolError {
    const hint = foreignHint(this.#buffer.peek(Math.min(this.#buffer.length, 24)));
    return this.#fail(new ProtocolError(`Cannot read netstring: ${why}${hint}`));
  }

  #fail(error: ProtocolError): ProtocolError {
    this.#failed = error;
    this.#buffer.skip(this.#buffer.length);
    return error;
  }
}

/** Netstrings, payloads of at most 16 MiB unless told. */
export function netstrings(options: { maxFrameBytes?: number } = {}): Codec<Buffer, Uint8Array> {
  return { decoder: () => new NetstringDecoder(options), encode: encodeNetstring };
}
