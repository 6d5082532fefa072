/**
 * Grows a buffer while numbers and bytes are written to it.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";

const FIRST_BYTES = 256;

export class ByteSink {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  u8(value: number): void {
    const at = this.#reserve(1);
    this.#bytes[at] = value;
  }

  u16le(value: number): void {
    const at = this.#reserve(2);
    this.#bytes.writeUInt16LE(value, at);
  }

  i32le(value: number): void {
    const at = this.#reserve(4);
    this.#bytes.writeInt32LE(value, at);
  }

  f64le(value: number): void {
    const at = this.#reserve(8);
    this.#bytes.writeDoubleLE(value, at);
  }

  /** An unsigned number of `size` bytes (1, 2 or 4), big end first. */
  uintBe(value: number, size: number): void {
    const at = this.#reserve(size);
    this.#bytes.writeUIntBE(value, at, size);
  }

  i64be(value: bigint): void {
    const at = this.#reserve(8);
    this.#bytes.writeBigUInt64BE(BigInt.asUintN(64, value), at);
  }

  f64be(value: number): void {
    const at = this.#reserve(8);
    this.#bytes.writeDoubleBE(value, at);
  }

  raw(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Everything written; the caller owns it, and the sink must not be used any more. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const bytes = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#length));
      this.#bytes.copy(bytes, 0, 0, at);
      this.#bytes = bytes;
    }
    return at;
  }
}
