/**
 * A cursor over the payload of one frame, with AMQP's primitive types; it never reads past the end.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { ProtocolError } from "../../base/errors.ts";
import { viewOf } from "../../base/bytes.ts";
import { KnownTexts } from "./known_texts.ts";
import { ReplyCode } from "./reply_code.ts";

/** Long texts change more often than short ones: names stay known beside them. */
const [NAMES, TEXTS] = [new KnownTexts(), new KnownTexts()];

export class ByteReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = viewOf(bytes);
    this.#end = bytes.length;
    this.#at = 0;
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#at;
  }

  /** Bytes left. */
  get left(): number {
    return this.#end - this.#at;
  }

  octet(): number {
    return this.#bytes[this.#take(1)] ?? 0;
  }

  short(): number {
    return this.#bytes.readUInt16BE(this.#take(2));
  }

  long(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  /** An unsigned 64-bit number: a `number` where it is safe, else a `bigint`. */
  longlong(): number | bigint {
    const at = this.#take(8);
    const high = this.#bytes.readUInt32BE(at);
    if (high < 0x20_0000) return high * 0x1_0000_0000 + this.#bytes.readUInt32BE(at + 4);
    return this.#bytes.readBigUInt64BE(at);
  }

  /** @throws {ProtocolError} for a number that JavaScript's `number` cannot hold. */
  safeLonglong(): number {
    const value = this.longlong();
    if (typeof value === "bigint") throw syntaxError(`the number ${value} is beyond 2^53`, this.#at - 8);
    return value;
  }

  signedOctet(): number {
    return this.#bytes.readInt8(this.#take(1));
  }

  signedShort(): number {
    return this.#bytes.readInt16BE(this.#take(2));
  }

  signedLong(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  /** A signed 64-bit number: a `number` where it is safe, else a `bigint`. */
  signedLonglong(): number | bigint {
    const value = this.#bytes.readBigInt64BE(this.#take(8));
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  float(): number {
    return this.#bytes.readFloatBE(this.#take(4));
  }

  double(): number {
    return this.#bytes.readDoubleBE(this.#take(8));
  }

  /** Malformed UTF-8 becomes U+FFFD: a text we only pass on must not end the connection. */
  shortstr(): string {
    const size = this.octet();
    return NAMES.read(this.#bytes, this.#take(size), size);
  }

  longstr(): string {
    const size = this.long();
    return TEXTS.read(this.#bytes, this.#take(size), size);
  }

  /** Bytes with their length in 32 bits before them; a view. */
  longBytes(): Buffer {
    return this.bytes(this.long());
  }

  /** Bytes that were read already, from an earlier `offset` on; a view. */
  since(offset: number): Buffer {
    return this.#bytes.subarray(offset, this.#at);
  }

  /** The next `count` bytes; a view. */
  bytes(count: number): Buffer {
    const at = this.#take(count);
    return this.#bytes.subarray(at, at + count);
  }

  #take(count: number): number {
    const at = this.#at;
    if (count > this.#end - at) {
      throw syntaxError(`${count} bytes are announced, ${this.#end - at} are left`, at);
    }
    this.#at = at + count;
    return at;
  }
}

/** What is thrown for a payload that is not what its frame says; answered with 502. */
export function syntaxError(why: string, offset?: number): ProtocolError {
  return new ProtocolError(`Cannot read AMQP frame: ${why}`, {
    replyCode: ReplyCode.syntaxError,
    ...(offset === undefined ? {} : { offset }),
  });
}
