/**
 * A buffer that grows while small pieces are written into it, and that hands large pieces on without copying them.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { viewOf } from "../../base/bytes.ts";

/** Pieces from this size on are not copied but stand for themselves in `take()`. */
const OWN_CHUNK_BYTES = 16 * 1024;
/** Twice what a connection still copies together, so that a full buffer goes to the system as it is. */
const DEFAULT_BUFFER_BYTES = 32 * 1024;
/** A UTF-16 unit takes at most three bytes in UTF-8. */
const MAX_BYTES_PER_UNIT = 3;
const CR = 13;
const LF = 10;
const ZERO = 48;

/** How texts become bytes: as UTF-8, or one character a byte, for servers that keep bytes in strings. */
export type TextEncoding = "utf8" | "latin1";

export class ByteSink {
  readonly #bufferBytes: number;
  readonly #encoding: TextEncoding;
  #buffer: Buffer;
  #at = 0;
  #start = 0; // of what has not been moved to #chunks
  #chunks: Uint8Array[] = [];
  #bytes = 0; // in #chunks

  /** @param bufferBytes allocated at a time; less than the default only for what is written once */
  constructor(bufferBytes = DEFAULT_BUFFER_BYTES, encoding: TextEncoding = "utf8") {
    this.#bufferBytes = bufferBytes;
    this.#encoding = encoding;
    this.#buffer = Buffer.allocUnsafe(bufferBytes);
  }

  /** Bytes written since the last `take`. */
  get length(): number {
    return this.#bytes + this.#at - this.#start;
  }

  /** Writes `<type byte><number> CR LF`. @param count a whole number from 0 to 2^53 - 1 */
  head(type: number, count: number): void {
    this.#reserve(20);
    const buffer = this.#buffer;
    let at = this.#at;
    buffer[at++] = type;
    if (count < 10) buffer[at++] = ZERO + count;
    else if (count < 100) {
      const tens = (count / 10) | 0;
      buffer[at++] = ZERO + tens;
      buffer[at++] = ZERO + count - tens * 10;
    } else at += buffer.write(String(count), at, "latin1");
    buffer[at++] = CR;
    buffer[at++] = LF;
    this.#at = at;
  }

  /** Writes `<type byte><text> CR LF`; the text must not hold CR or LF. */
  line(type: number, text: string): void {
    this.#reserve(text.length * MAX_BYTES_PER_UNIT + 3);
    this.#buffer[this.#at++] = type;
    this.#at += this.#buffer.write(text, this.#at, this.#encoding);
    this.#endLine();
  }

  /** Writes `$<size> CR LF <bytes> CR LF`. Large bytes are not copied: the caller must not change them before they are sent. */
  bulk(value: Uint8Array | string, type = 0x24): void {
    if (typeof value === "string") return this.#bulkText(value, type);
    this.head(type, value.length);
    this.raw(value);
    this.#reserve(2);
    this.#endLine();
  }

  /** Writes bytes as they are, under the same rule as `bulk`. */
  raw(bytes: Uint8Array): void {
    if (bytes.length >= OWN_CHUNK_BYTES) {
      this.#cut();
      this.#chunks.push(bytes);
      this.#bytes += bytes.length;
      return;
    }
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Everything written so far, in chunks that are the caller's own. */
  take(): Uint8Array[] {
    this.#cut();
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#bytes = 0;
    return chunks;
  }

  #bulkText(text: string, type: number): void {
    const most = text.length * MAX_BYTES_PER_UNIT;
    if (most >= OWN_CHUNK_BYTES) return this.bulk(Buffer.from(text, this.#encoding), type);
    this.#reserve(most + 24);
    // The size stands before the text and is known after it: write the text behind a guess, which is right for ASCII.
    const start = this.#at;
    this.head(type, text.length);
    const size = this.#buffer.write(text, this.#at, this.#encoding);
    if (size === text.length) {
      this.#at += size;
    } else {
      this.#at = start;
      this.head(type, size);
      this.#at += this.#buffer.write(text, this.#at);
    }
    this.#endLine();
  }

  #endLine(): void {
    this.#buffer[this.#at++] = CR;
    this.#buffer[this.#at++] = LF;
  }

  /** Moves what the buffer holds to the chunks. The rest of the buffer is used on: chunks are never written to again. */
  #cut(): void {
    if (this.#at === this.#start) return;
    this.#chunks.push(viewOf(this.#buffer.subarray(this.#start, this.#at)));
    this.#bytes += this.#at - this.#start;
    this.#start = this.#at;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    this.#cut();
    this.#buffer = Buffer.allocUnsafe(Math.max(this.#bufferBytes, bytes));
    this.#start = 0;
    this.#at = 0;
  }
}
