/**
 * A growing run of bytes with AMQP's primitive types.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { UsageError } from "../../base/errors.ts";
import { viewOf } from "../../base/bytes.ts";

/** Size of one slab of memory; many frames of one tick lie in it side by side. */
const SLAB_BYTES = 64 * 1024;
/** A slab with less room than this at its end is given up after `take`. */
const LEFTOVER_BYTES = 1024;
/** Pieces from this size on are handed on as they are, not copied. */
const OWN_PIECE_BYTES = 16 * 1024;
const LENGTH_BYTES = 4;
const MAX_SHORT_TEXT_BYTES = 255;
/** Texts up to this length are written by ourselves. */
const FEW_CHARACTERS = 40;

/**
 * Appends values and hands out what was written with `take`.
 *
 * Bytes that were taken are never written again, so they may be queued on a socket without a copy.
 */
export class ByteWriter {
  #pieces: Uint8Array[] = [];
  #piecesBytes = 0;
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #from = 0; // first byte of the slab that is not in a piece yet
  #begun = 0; // where the frames start that belong together and are being written
  #at = 0;

  /** Bytes written since the last `take`. */
  get length(): number {
    return this.#piecesBytes + this.#at - this.#from;
  }

  /**
   * What was written until now is done with: it stays where it lies when the memory runs out, and `rewind` goes back to
   * here at most. @returns `length`
   */
  begin(): number {
    this.#begun = this.#at;
    return this.length;
  }

  /** Removes and returns what was written, in pieces that nobody writes to any more. */
  take(): Uint8Array[] {
    this.#closePiece();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#piecesBytes = 0;
    if (this.#slab.length - this.#at < LEFTOVER_BYTES) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#from = this.#begun = this.#at = 0;
    }
    return pieces;
  }

  /** Forgets what was written after `length` bytes, which were written after the last `begin` or `take`: undoes half a frame. */
  rewind(length: number): void {
    this.#at = this.#from + length - this.#piecesBytes;
  }

  octet(value: number): void {
    this.#room(1);
    this.#slab[this.#at++] = value;
  }

  short(value: number): void {
    this.#room(2);
    this.#slab[this.#at++] = value >>> 8;
    this.#slab[this.#at++] = value;
  }

  long(value: number): void {
    this.#room(4);
    this.#putLong(this.#at, value);
    this.#at += 4;
  }

  /** A whole number below 2^53, or any bigint, as 64 bits; negative ones in two's complement. */
  longlong(value: number | bigint): void {
    this.#room(8);
    if (typeof value === "bigint") this.#slab.writeBigUInt64BE(BigInt.asUintN(64, value), this.#at);
    else {
      this.#putLong(this.#at, Math.floor(value / 0x1_0000_0000));
      this.#putLong(this.#at + 4, value);
    }
    this.#at += 8;
  }

  double(value: number): void {
    this.#room(8);
    this.#at = this.#slab.writeDoubleBE(value, this.#at);
  }

  /** @throws {UsageError} if the text has more than 255 bytes of UTF-8. */
  shortstr(text: string): void {
    this.#room(1 + 3 * Math.min(text.length, MAX_SHORT_TEXT_BYTES + 1));
    if (text.length <= FEW_CHARACTERS && this.#putAscii(text, this.#at + 1)) {
      this.#slab[this.#at] = text.length;
      this.#at += 1 + text.length;
      return;
    }
    const size = text.length > MAX_SHORT_TEXT_BYTES ? text.length : this.#slab.write(text, this.#at + 1, "utf8");
    if (size > MAX_SHORT_TEXT_BYTES) {
      const start = JSON.stringify(text.slice(0, 32));
      throw new UsageError(
        `Cannot encode the text that starts ${start}: it has ${size} bytes or more, the limit is ${MAX_SHORT_TEXT_BYTES}`,
      );
    }
    this.#slab[this.#at] = size;
    this.#at += 1 + size;
  }

  longstr(text: string): void {
    this.#room(4 + text.length * 3);
    if (text.length <= FEW_CHARACTERS && this.#putAscii(text, this.#at + 4)) {
      this.#putLong(this.#at, text.length);
      this.#at += 4 + text.length;
      return;
    }
    const size = this.#slab.write(text, this.#at + 4, "utf8");
    this.#putLong(this.#at, size);
    this.#at += 4 + size;
  }

  /** Bytes with their length in 32 bits before them. */
  longBytes(bytes: Uint8Array): void {
    this.long(bytes.length);
    this.bytes(bytes);
  }

  /** A copy of the bytes, as they are. */
  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#at += viewOf(bytes).copy(this.#slab, this.#at);
  }

  /**
   * As `bytes`, but large ones are handed on without a copy: the caller must not change them afterwards. Not between
   * `openLength` and `closeLength`, nor before a `rewind` to an earlier length.
   */
  piece(bytes: Uint8Array): void {
    if (bytes.length < OWN_PIECE_BYTES) return this.bytes(bytes);
    this.#closePiece();
    this.#pieces.push(bytes);
    this.#piecesBytes += bytes.length;
  }

  /** Leaves room for a 32-bit length; `closeLength` fills it in with the bytes written in between. */
  openLength(): number {
    this.long(0);
    return this.length;
  }

  closeLength(opened: number): void {
    this.#putLong(this.#from + opened - this.#piecesBytes - LENGTH_BYTES, this.length - opened);
  }

  /** Makes a piece of what lies before `end`. */
  #closePiece(end = this.#at): void {
    if (end > this.#from) {
      this.#pieces.push(this.#slab.subarray(this.#from, end));
      this.#piecesBytes += end - this.#from;
      this.#from = end;
    }
    this.#begun = Math.max(this.#begun, this.#from);
  }

  /** Writes a text of ASCII alone; false where it is not. For a few characters that is quicker than a call of the runtime. */
  #putAscii(text: string, at: number): boolean {
    const slab = this.#slab;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      slab[at + i] = code;
    }
    return true;
  }

  #putLong(at: number, value: number): void {
    const slab = this.#slab;
    slab[at] = value >>> 24;
    slab[at + 1] = value >>> 16;
    slab[at + 2] = value >>> 8;
    slab[at + 3] = value;
  }

  #room(count: number): void {
    if (this.#slab.length - this.#at < count) this.#grow(count);
  }

  /** Goes on in another slab, to which only moves what belongs to the frames that are being written. */
  #grow(count: number): void {
    this.#closePiece(this.#begun);
    const kept = this.#at - this.#from;
    const slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, 2 * (kept + count)));
    this.#slab.copy(slab, 0, this.#from, this.#at);
    this.#slab = slab;
    this.#from = this.#begun = 0;
    this.#at = kept;
  }
}
