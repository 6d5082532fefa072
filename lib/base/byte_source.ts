/**
 * Bytes that are read in order, never behind their end.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { viewOf } from "./bytes.ts";

/** The exception that Python has for it. */
export type BadBytes = "ValueError" | "EOFError" | "TypeError";

/** Makes the error of bytes that are not what they should be. @param words why @param at offset of the byte behind those read */
export type ByteRefusal = (words: string, at: number, pythonType: BadBytes) => Error;

export class ByteSource {
  readonly #bytes: Buffer;
  readonly #refusal: ByteRefusal;
  #at = 0;

  constructor(bytes: Uint8Array, refusal: ByteRefusal) {
    this.#bytes = viewOf(bytes);
    this.#refusal = refusal;
  }

  /** Offset of the next byte. */
  get at(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  u16le(): number {
    return this.#bytes.readUInt16LE(this.#take(2));
  }

  i32le(): number {
    return this.#bytes.readInt32LE(this.#take(4));
  }

  i64le(): bigint {
    return this.#bytes.readBigInt64LE(this.#take(8));
  }

  f64le(): number {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  /** An unsigned number of `size` bytes (1, 2 or 4), big end first. */
  uintBe(size: number): number {
    return this.#bytes.readUIntBE(this.#take(size), size);
  }

  i64be(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8));
  }

  f32be(): number {
    return this.#bytes.readFloatBE(this.#take(4));
  }

  f64be(): number {
    return this.#bytes.readDoubleBE(this.#take(8));
  }

  /** The next byte, which stays. */
  peek(): number {
    const byte = this.u8();
    this.#at--;
    return byte;
  }

  /** A view of the next `count` bytes. */
  view(count: number): Buffer {
    const at = this.#take(count);
    return this.#bytes.subarray(at, at + count);
  }

  /** Refuses a number of items that cannot be there, before anything is made for them. Each takes a byte at least. */
  checkCount(count: number): number {
    if (count < 0 || count > this.#bytes.length - this.#at) {
      throw this.bad(`${count} items announced, ${this.#bytes.length - this.#at} bytes left`, "EOFError");
    }
    return count;
  }

  /** The error to throw for what was read last. */
  bad(words: string, pythonType: BadBytes = "ValueError"): Error {
    return this.#refusal(words, this.#at, pythonType);
  }

  #take(count: number): number {
    const at = this.#at;
    if (count < 0 || at + count > this.#bytes.length) {
      throw this.bad(`the data is too short, ${count} bytes expected, ${this.#bytes.length - at} left`, "EOFError");
    }
    this.#at += count;
    return at;
  }
}
