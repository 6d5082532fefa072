/**
 * Text in pieces, UTF-8 bytes out.
 *
 * Pieces are joined while they are short and encoded by the block, so that no document exists as one string first: a
 * string of that size is fresh memory from the system each time, which costs more than everything else.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { utf8 } from "../../base/bytes.ts";
import { keepLargeMemory } from "./decode_text.ts";
import { giveSpareBuffer, takeSpareBuffer } from "../../base/spare_buffer.ts";

/** Text is encoded once this many characters wait; a longer piece is encoded by itself. */
const BLOCK_CHARS = 16 * 1024;
const MOST_BYTES_PER_CHAR = 3;
/** Documents from this size on are written into a buffer that was used before, if there is one. */
const LARGE_BYTES = 256 * 1024;

const NOTHING: Buffer = Buffer.alloc(0);

export class Utf8Sink {
  #pending = "";
  #bytes = NOTHING;
  #length = 0;

  write(text: string): void {
    if (text.length >= BLOCK_CHARS) return this.#writeLong(text);
    this.#pending += text;
    if (this.#pending.length >= BLOCK_CHARS) this.#flush();
  }

  /** Everything written so far; the caller owns the bytes, and the sink is empty again. */
  finish(): Uint8Array {
    if (this.#length === 0) {
      const bytes = utf8(this.#pending);
      this.#pending = "";
      return bytes;
    }
    this.#flush();
    const bytes = this.#bytes.subarray(0, this.#length);
    this.#bytes = NOTHING;
    this.#length = 0;
    return bytes;
  }

  /** `write` of a text that is known to be ASCII, of which there is much. */
  writeAscii(text: string): void {
    const room = this.room(text.length);
    this.advance(room.write(text, "latin1"));
  }

  /** Makes room for so many bytes more in one go, instead of by and by. */
  reserve(bytes: number): void {
    this.#flush();
    this.#grow(bytes);
  }

  /** Room for so many bytes behind what was written; `advance` says how many were used, before anything else is called. */
  room(bytes: number): Buffer {
    this.#flush();
    this.#grow(bytes);
    return this.#bytes.subarray(this.#length);
  }

  advance(bytes: number): void {
    this.#length += bytes;
  }

  #writeLong(text: string): void {
    this.#flush();
    this.#encode(text, Buffer.byteLength(text));
  }

  #flush(): void {
    const text = this.#pending;
    this.#pending = "";
    if (text !== "") this.#encode(text, text.length * MOST_BYTES_PER_CHAR);
  }

  #encode(text: string, mostBytes: number): void {
    this.#grow(mostBytes);
    this.#length += this.#bytes.write(text, this.#length, "utf8");
  }

  #grow(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const room = Math.max(needed + BLOCK_CHARS, 2 * this.#length);
    if (room >= LARGE_BYTES) keepLargeMemory();
    const bytes = room >= LARGE_BYTES ? takeSpareBuffer(room) : Buffer.allocUnsafe(room);
    this.#bytes.copy(bytes, 0, 0, this.#length);
    giveSpareBuffer(this.#bytes);
    this.#bytes = bytes;
  }
}
