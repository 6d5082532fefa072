/**
 * Messages that end with a delimiter: one byte or several, which the message itself cannot contain.
 *
 *     +----------+-----------+
 *     | message  | delimiter |
 *     +----------+-----------+
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { quoteBytes, viewOf } from "../../base/bytes.ts";
import { ChunkBuffer } from "../../base/chunk_buffer.ts";
import { LimitError, ProtocolError, UsageError } from "../../base/errors.ts";
import type { Codec, Decoder, Pending } from "./codec.ts";

/** Smaller than for counted frames: nobody knows how much is to come until the delimiter does. */
export const DEFAULT_MAX_DELIMITED_BYTES = 64 * 1024;

export interface DelimiterOptions {
  readonly delimiter: Uint8Array;
  /** Longest message, delimiter not counted. Default 64 KiB. */
  readonly maxFrameBytes?: number;
  /** True: what the stream ends with is a message though no delimiter followed. Default false: it is an error. */
  readonly lastMayBeOpen?: boolean;
}

/** Incremental decoder; a message is a view into a received chunk where it lies in one. */
export class DelimiterDecoder implements Decoder<Buffer> {
  readonly #buffer = new ChunkBuffer();
  readonly #delimiter: Uint8Array;
  readonly #needle: number | Uint8Array;
  readonly #maxBytes: number;
  readonly #lastMayBeOpen: boolean;
  #hasEnded = false;
  #failed: ProtocolError | undefined;

  constructor(options: DelimiterOptions) {
    const { delimiter } = options;
    if (delimiter.length === 0) throw new UsageError("Cannot use delimiter: expected at least one byte, got none");
    this.#delimiter = delimiter;
    this.#needle = delimiter.length === 1 ? delimiter[0] ?? 0 : delimiter;
    this.#maxBytes = options.maxFrameBytes ?? DEFAULT_MAX_DELIMITED_BYTES;
    this.#lastMayBeOpen = options.lastMayBeOpen ?? false;
  }

  get pending(): Pending {
    return this.#buffer.length > 0 ? "body" : "nothing";
  }

  feed(chunk: Uint8Array): void {
    if (this.#failed === undefined) this.#buffer.push(chunk);
  }

  /** @throws {LimitError} once a message is longer than `maxFrameBytes`, its end seen or not. */
  next(): Buffer | undefined {
    if (this.#failed !== undefined) throw this.#failed;
    const at = this.#buffer.indexOf(this.#needle);
    const size = at === -1 ? this.#buffer.length - this.#delimiter.length + 1 : at;
    if (size > this.#maxBytes) {
      throw this.#fail(
        new LimitError(
          `Cannot accept message: no ${quoteBytes(this.#delimiter)} within ${this.#maxBytes} bytes (maxFrameBytes)`,
        ),
      );
    }
    if (at === -1) return this.#hasEnded && this.#buffer.length > 0 ? this.#buffer.takeAll() : undefined;
    const message = this.#buffer.take(at);
    this.#buffer.skip(this.#delimiter.length);
    return message;
  }

  /** @throws {ProtocolError} if the stream stopped inside a message, unless `lastMayBeOpen`: then `next` gives it. */
  end(): void {
    if (this.#failed !== undefined) throw this.#failed;
    if (this.#lastMayBeOpen) this.#hasEnded = true;
    else if (this.#buffer.length > 0 && this.#buffer.indexOf(this.#needle) === -1) {
      throw this.#fail(
        new ProtocolError(
          `Cannot finish stream: it ended after ${this.#buffer.length} bytes without ${quoteBytes(this.#delimiter)}`,
        ),
      );
    }
  }

  #fail(error: ProtocolError): ProtocolError {
    this.#failed = error;
    this.#buffer.skip(this.#buffer.length);
    return error;
  }
}

/** Messages of bytes, each ended by `delimiter`. Encoding refuses a message that contains it. */
export function delimited(options: DelimiterOptions): Codec<Buffer, Uint8Array> {
  const { delimiter } = options;
  return {
    decoder: () => new DelimiterDecoder(options),
    encode(message) {
      if (viewOf(message).includes(viewOf(delimiter))) {
        throw new UsageError(`Cannot send message: it contains the delimiter ${quoteBytes(delimiter)}`);
      }
      return Buffer.concat([message, delimiter]);
    },
  };
}
