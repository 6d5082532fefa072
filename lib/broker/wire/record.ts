/**
 * Records of the journal and of its snapshots.
 *
 *     0          4            8          12         12 + n
 *     +----------+------------+----------+----------+
 *     | "TCJ1"   | n: u32, LE | crc: u32 | payload  |
 *     +----------+------------+----------+----------+
 *
 * The sum covers the length and the payload. The mark at the head, which no record needs, lets a reader find the next whole record
 * behind a damaged one; that is also how a torn tail (nothing whole follows) is told from damage in the middle.
 *
 * A payload is RESP: the commands of one step as a client would send them, starting in database 0. So a journal can be read with
 * `strings`, and replaying it is running it.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { LimitError, ProtocolError } from "../../base/errors.ts";
import { crc32 } from "../../base/crc32.ts";

const MARK = Buffer.from("TCJ1", "latin1");
const HEADER_BYTES = 12;
const FIRST_BYTES = 64 * 1024;
/** No step is longer: requests are limited, and snapshots write short records. */
export const MAX_RECORD_BYTES = 1024 * 1024 * 1024;

/** Collects records, to be written in one go. */
export class RecordWriter {
  #buffer: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #spare: Buffer | undefined;
  #at = 0;

  /** Bytes collected since the last `take`. */
  get length(): number {
    return this.#at;
  }

  /** @param payload one character a byte */
  add(payload: string): void {
    if (payload.length > MAX_RECORD_BYTES) {
      throw new LimitError(`Cannot record a step: it has ${payload.length} bytes, the limit is ${MAX_RECORD_BYTES}`);
    }
    const start = this.#at;
    const end = start + HEADER_BYTES + payload.length;
    if (end > this.#buffer.length) this.#grow(end);
    const buffer = this.#buffer;
    buffer.set(MARK, start);
    buffer.writeUInt32LE(payload.length, start + 4);
    buffer.write(payload, start + HEADER_BYTES, "latin1");
    const sum = crc32(buffer, start + HEADER_BYTES, end, crc32(buffer, start + 4, start + 8));
    buffer.writeUInt32LE(sum, start + 8);
    this.#at = end;
  }

  /** What was collected: a view that stays as it is until it is given back to `recycle`. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.#at);
    this.#buffer = this.#spare ?? Buffer.allocUnsafeSlow(FIRST_BYTES);
    this.#spare = undefined;
    this.#at = 0;
    return taken;
  }

  /** Lets the memory of what was taken, and is written now, be used again. */
  recycle(taken: Buffer): void {
    if (taken.buffer.byteLength <= FIRST_BYTES * 16) this.#spare ??= Buffer.from(taken.buffer);
  }

  #grow(bytes: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(bytes, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#at);
    this.#buffer = grown;
  }
}

/** Incremental decoder: `feed` bytes, pull payloads with `next` until it returns `undefined`, `end` at the end of the file. */
export class RecordDecoder {
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;
  #base = 0; // offset in the file of #buffer's first byte
  #isSearching = false;
  #isWhole = false; // no more bytes will come

  /** Offset in the file of the next record, or, after damage, of the place searched next. */
  get offset(): number {
    return this.#base + this.#at;
  }

  feed(chunk: Uint8Array): void {
    const rest = this.#buffer.subarray(this.#at);
    this.#base += this.#at;
    this.#at = 0;
    this.#buffer = rest.length === 0
      ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
      : Buffer.concat([rest, chunk]);
  }

  /**
   * @returns the next payload, a view; `undefined` when more bytes are needed
   * @throws {ProtocolError} with the offset of a record that is damaged; `search` then goes on behind it
   */
  next(): Buffer | undefined {
    while (true) {
      const found = this.#read();
      if (found !== "damaged") return found;
      if (!this.#isSearching) {
        throw new ProtocolError(`Cannot read the journal: the record at offset ${this.offset} is damaged`, {
          offset: this.offset,
        });
      }
      this.#at++;
      const mark = this.#buffer.indexOf(MARK, this.#at);
      this.#at = mark === -1 ? Math.max(this.#at, this.#buffer.length - MARK.length + 1) : mark;
    }
  }

  /** After damage: lets `next` look for whole records behind it. */
  search(): void {
    this.#isSearching = true;
  }

  /** No more bytes will come: what is left is either nothing or a damaged record, on which `next` throws. */
  end(): void {
    this.#isWhole = true;
  }

  #read(): Buffer | undefined | "damaged" {
    const buffer = this.#buffer;
    const left = buffer.length - this.#at;
    if (left === 0) return undefined;
    const missing = this.#isWhole ? "damaged" : undefined;
    if (left < HEADER_BYTES) return missing;
    if (buffer.compare(MARK, 0, MARK.length, this.#at, this.#at + MARK.length) !== 0) return "damaged";
    const size = buffer.readUInt32LE(this.#at + 4);
    const start = this.#at + HEADER_BYTES;
    const end = start + size;
    if (size > MAX_RECORD_BYTES) return "damaged";
    if (end > buffer.length) return missing;
    const sum = crc32(buffer, start, end, crc32(buffer, this.#at + 4, this.#at + 8));
    if (sum !== buffer.readUInt32LE(this.#at + 8)) return "damaged";
    this.#at = end;
    this.#isSearching = false;
    return buffer.subarray(start, end);
  }
}

/** Text of commands in RESP, one character a byte. */
export function encodeWords(words: readonly string[]): string {
  let text = `*${words.length}\r\n`;
  for (const word of words) text += `$${word.length}\r\n${word}\r\n`;
  return text;
}
