/**
 * The two kinds of token that RESP is made of, taken from chunks however the network cut them.
 *
 *     line    <type byte> text CR LF          counts, numbers, simple strings, errors
 *     bytes   <n bytes> CR LF                 what follows `$n CR LF`
 *
 * A token inside one chunk is a view and costs no copy; one across chunks is copied once, when its last byte is there.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { quoteBytes, viewOf } from "../../base/bytes.ts";
import { LimitError, ProtocolError } from "../../base/errors.ts";

const CR = 13;
const LF = 10;
const MINUS = 45;
const EMPTY = Buffer.alloc(0);
/** Up to so many digits a number can be added up without losing precision. */
const SAFE_DIGITS = 15;

export class TokenReader {
  readonly #maxLineBytes: number;
  #chunk: Buffer = EMPTY;
  #at = 0; // read position in #chunk
  #queue: Buffer[] = []; // chunks after #chunk
  #head = 0; // index of the first one
  #held: Buffer[] = []; // start of a token whose end has not come yet
  #heldBytes = 0;
  #base = 0; // offset of #chunk's first byte in the stream

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** Appends a chunk without copying; the caller must not change it afterwards. */
  push(chunk: Uint8Array): void {
    if (chunk.length > 0) this.#queue.push(viewOf(chunk));
  }

  /** Offset in the stream of the next token. */
  get offset(): number {
    return this.#base + this.#at - this.#heldBytes;
  }

  /** True when every byte received belonged to a token that was taken. */
  get isEmpty(): boolean {
    return this.#heldBytes === 0 && this.#at === this.#chunk.length && this.#head === this.#queue.length;
  }

  /** The next token's first byte, or -1 when none has come. */
  peek(): number {
    if (this.#heldBytes > 0) return this.#held[0]?.[0] ?? -1;
    if (this.#at === this.#chunk.length && !this.#pull()) return -1;
    return this.#chunk[this.#at] ?? -1;
  }

  /** The first bytes of what comes next, at most `count`, without taking them: for error messages. */
  preview(count: number): Buffer {
    return Buffer.concat([...this.#held, this.#chunk.subarray(this.#at), ...this.#queue.slice(this.#head)].slice(0, 64))
      .subarray(0, count);
  }

  /**
   * Takes a line `<type byte><integer> CR LF`.
   * @returns a `bigint` where the number is not safe, `undefined` while the line is not complete.
   */
  integer(): number | bigint | undefined {
    if (this.#heldBytes === 0) {
      const chunk = this.#chunk;
      let i = this.#at + 1;
      const negative = chunk[i] === MINUS;
      if (negative) i++;
      const first = i;
      let value = 0;
      let digit = (chunk[i] ?? 0) - 48;
      while (digit >= 0 && digit <= 9) {
        value = value * 10 + digit;
        digit = (chunk[++i] ?? 0) - 48;
      }
      if (i > first && i - first <= SAFE_DIGITS && chunk[i] === CR && chunk[i + 1] === LF) {
        this.#at = i + 2;
        return negative && value !== 0 ? -value : value;
      }
    }
    const line = this.line();
    return line === undefined ? undefined : this.#parseInteger(line.toString("latin1", 1));
  }

  /** Takes a line, type byte included, without its CR LF; `undefined` while it is not complete. */
  line(): Buffer | undefined {
    const line = this.#throughLineFeed();
    if (line === undefined) return undefined;
    if (line[line.length - 2] !== CR) {
      throw new ProtocolError(`Cannot read line: expected CR before LF, got ${quoteBytes(line)}`, {
        offset: this.offset - line.length,
      });
    }
    return line.subarray(0, line.length - 2);
  }

  /** Like `line`, but a lone LF ends it too, as people type it. */
  inlineLine(): Buffer | undefined {
    const line = this.#throughLineFeed();
    return line?.subarray(0, line.length - (line[line.length - 2] === CR ? 2 : 1));
  }

  /** Takes `count` bytes and the CR LF behind them, which is left out; `undefined` while they are not all there. */
  bytes(count: number): Buffer | undefined {
    while (true) {
      const end = this.#at + count + 2 - this.#heldBytes;
      if (end <= this.#chunk.length) {
        const token = this.#take(end);
        if (token[count] !== CR || token[count + 1] !== LF) {
          throw new ProtocolError(
            `Cannot read bulk string: expected CR LF after ${count} bytes, got ${quoteBytes(token.subarray(count))}`,
            { offset: this.offset - 2 },
          );
        }
        return token.subarray(0, count);
      }
      if (!this.#pull()) return undefined;
    }
  }

  #throughLineFeed(): Buffer | undefined {
    while (true) {
      const lf = this.#chunk.indexOf(LF, this.#at);
      const size = this.#heldBytes + (lf === -1 ? this.#chunk.length : lf) - this.#at;
      if (size > this.#maxLineBytes) {
        throw new LimitError(`Cannot accept line: it has ${size} bytes or more, the limit is ${this.#maxLineBytes}`, {
          offset: this.offset,
        });
      }
      if (lf !== -1) return this.#take(lf + 1);
      if (!this.#pull()) return undefined;
    }
  }

  /** Takes what is held and the chunk up to `end`. */
  #take(end: number): Buffer {
    const part = this.#chunk.subarray(this.#at, end);
    this.#at = end;
    if (this.#heldBytes === 0) return part;
    this.#held.push(part);
    const token = Buffer.concat(this.#held, this.#heldBytes + part.length);
    this.#held = [];
    this.#heldBytes = 0;
    return token;
  }

  /** Puts the rest of the chunk aside and goes to the next; false if there is none. */
  #pull(): boolean {
    const rest = this.#chunk.length - this.#at;
    if (rest > 0) {
      this.#held.push(this.#chunk.subarray(this.#at));
      this.#heldBytes += rest;
    }
    this.#base += this.#chunk.length;
    const next = this.#queue[this.#head];
    this.#at = 0;
    this.#chunk = next ?? EMPTY;
    if (next === undefined) return false;
    this.#head++;
    if (this.#head === this.#queue.length || this.#head >= 64) {
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
    return true;
  }

  #parseInteger(text: string): number | bigint {
    if (!/^[+-]?\d{1,20}$/.test(text)) {
      throw new ProtocolError(`Cannot read integer: got ${quoteBytes(Buffer.from(text, "latin1"))}`, {
        offset: this.offset,
      });
    }
    const value = Number(text);
    if (!Number.isSafeInteger(value)) return BigInt(text);
    return value === 0 ? 0 : value; // never -0
  }
}
