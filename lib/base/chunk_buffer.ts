/**
 * A queue of received chunks that is read as one run of bytes.
 *
 * Reading costs linear time however the network cut the bytes: a `take` that falls inside one chunk is a view,
 * one that spans chunks copies exactly the bytes taken, and searches remember how far they came.
 * @module
 */
import { Buffer } from "node:buffer";
import { UsageError } from "./errors.ts";
import { viewOf } from "./bytes.ts";

const EMPTY = Buffer.alloc(0);
/** Consumed chunks are dropped in one go, once this many stand at the head and outnumber the rest: linear in all. */
const DROP_AT = 64;
/** This many chunks of less than SMALL_BYTES in a row are joined: a peer that sends byte by byte costs us bytes, not objects. */
const MERGE_AT = 1024;
const SMALL_BYTES = 512;

export class ChunkBuffer {
  #chunks: Buffer[] = [];
  #head = 0; // index of the first chunk with unread bytes
  #offset = 0; // bytes already read of that chunk
  #length = 0;
  #searched = 0; // bytes known not to start the needle of the last unsuccessful `indexOf`
  #needle: number | Uint8Array | undefined;
  #smallInRow = 0;

  /** Unread bytes. */
  get length(): number {
    return this.#length;
  }

  /** Appends a chunk without copying; the caller must not change it afterwards. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(viewOf(chunk));
    this.#length += chunk.length;
    this.#smallInRow = chunk.length < SMALL_BYTES ? this.#smallInRow + 1 : 0;
    if (this.#smallInRow === MERGE_AT) this.#merge();
  }

  #merge(): void {
    this.#smallInRow = 0;
    if (this.#chunks.length - this.#head <= MERGE_AT) return; // the first unread chunk stays what it is
    this.#chunks.push(Buffer.concat(this.#chunks.splice(-MERGE_AT)));
  }

  /** Returns the byte at `index` from the read position. */
  at(index: number): number {
    if (index < 0 || index >= this.#length) {
      throw new UsageError(`Cannot read byte ${index}: ${this.#length} bytes are buffered`);
    }
    let rest = index + this.#offset;
    for (let i = this.#head; i < this.#chunks.length; i++) {
      const chunk = this.#chunks[i] ?? EMPTY;
      if (rest < chunk.length) return chunk[rest] ?? 0;
      rest -= chunk.length;
    }
    throw new UsageError(`Cannot read byte ${index}: the buffer lost count of its ${this.#length} bytes`);
  }

  /**
   * Removes and returns the next `count` bytes: a view into a received chunk where they lie in one, else a fresh copy.
   * @throws {UsageError} if fewer are buffered.
   */
  take(count: number): Buffer {
    const out = this.peek(count);
    this.skip(count);
    return out;
  }

  /** Like `take`, but leaves the bytes in place. */
  peek(count: number): Buffer {
    if (!(count >= 0 && count <= this.#length)) {
      throw new UsageError(`Cannot take ${count} bytes: ${this.#length} are buffered`);
    }
    if (count === 0) return EMPTY;
    const first = this.#chunks[this.#head] ?? EMPTY;
    if (first.length - this.#offset >= count) return first.subarray(this.#offset, this.#offset + count);
    const out = Buffer.allocUnsafe(count);
    let filled = 0;
    let offset = this.#offset;
    for (let i = this.#head; filled < count; i++) {
      const chunk = this.#chunks[i] ?? EMPTY;
      filled += chunk.copy(out, filled, offset, Math.min(chunk.length, offset + count - filled));
      offset = 0;
    }
    return out;
  }

  /** Drops the next `count` bytes. */
  skip(count: number): void {
    if (!(count >= 0 && count <= this.#length)) {
      throw new UsageError(`Cannot skip ${count} bytes: ${this.#length} are buffered`);
    }
    this.#length -= count;
    this.#searched = Math.max(0, this.#searched - count);
    let rest = count + this.#offset;
    while (this.#head < this.#chunks.length) {
      const size = this.#chunks[this.#head]?.length ?? 0;
      if (rest < size) break;
      rest -= size;
      this.#chunks[this.#head] = EMPTY; // lets go of the memory at once
      this.#head++;
    }
    this.#offset = rest;
    if (this.#head === this.#chunks.length) {
      this.#chunks.length = 0;
      this.#head = 0;
    } else if (this.#head >= DROP_AT && this.#head * 2 >= this.#chunks.length) {
      this.#chunks.splice(0, this.#head);
      this.#head = 0;
    }
  }

  /** Removes and returns what comes next as one view, never a copy: at most `limit` bytes, less where the chunk ends. */
  takeRun(limit: number): Buffer {
    const first = this.#chunks[this.#head] ?? EMPTY;
    return this.take(Math.min(limit, first.length - this.#offset));
  }

  /** Copies what is buffered, so that the chunks it lies in may be changed. */
  own(): void {
    if (this.#length === 0) return;
    this.#chunks = [Buffer.from(this.peek(this.#length))];
    this.#head = 0;
    this.#offset = 0;
    this.#smallInRow = 0;
  }

  /** Removes and returns everything that is buffered. */
  takeAll(): Buffer {
    return this.take(this.#length);
  }

  /** The next 4 bytes as an unsigned big-endian number, left in place. @throws {UsageError} if fewer are buffered. */
  peekUInt32BE(): number {
    const first = this.#chunks[this.#head] ?? EMPTY;
    return first.length - this.#offset >= 4 ? first.readUInt32BE(this.#offset) : this.peek(4).readUInt32BE(0);
  }

  /**
   * Finds a byte or a run of bytes and returns its distance from the read position, or -1. Repeated calls for the same
   * needle (the same object, if it is a run) do not look twice at what was searched before.
   */
  indexOf(needle: number | Uint8Array): number {
    if (this.#needle !== needle) {
      this.#needle = needle;
      this.#searched = 0;
    }
    if (typeof needle === "number") {
      const found = this.#find(needle, this.#searched);
      if (found === -1) this.#searched = this.#length;
      return found;
    }
    while (true) {
      const start = this.#find(needle[0] ?? 0, this.#searched);
      this.#searched = start === -1 ? this.#length : start;
      if (start === -1 || start + needle.length > this.#length) return -1;
      if (this.#matches(needle, start)) return start;
      this.#searched++;
    }
  }

  #find(byte: number, from: number): number {
    let base = -this.#offset;
    for (let i = this.#head; i < this.#chunks.length; i++) {
      const chunk = this.#chunks[i] ?? EMPTY;
      if (base + chunk.length > from) {
        const found = chunk.indexOf(byte, Math.max(0, from - base));
        if (found !== -1) return base + found;
      }
      base += chunk.length;
    }
    return -1;
  }

  #matches(needle: Uint8Array, start: number): boolean {
    for (let i = 1; i < needle.length; i++) if (this.at(start + i) !== needle[i]) return false;
    return true;
  }
}
