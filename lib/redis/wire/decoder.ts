/**
 * RESP2 and RESP3 replies: bytes in, values out.
 *
 *     $5\r\nhello\r\n            *2\r\n:1\r\n$-1\r\n            %1\r\n+proto\r\n:3\r\n
 *
 * Spec: redis.io "Redis serialization protocol specification" (RESP3). Streamed strings and aggregates (`$?`, `*?`), which
 * no Redis version sends, are refused.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { utf8ToString } from "../../base/bytes.ts";
import { asError, LimitError, ProtocolError } from "../../base/errors.ts";
import { describeForeign } from "./foreign.ts";
import { resolveLimits, type RespLimits } from "./limits.ts";
import { TokenReader } from "./token_reader.ts";
import { RedisError, RespPush, type RespValue, RespVerbatim } from "./value.ts";

/** Type bytes. */
const Type = {
  simple: 0x2b, // +
  error: 0x2d, // -
  integer: 0x3a, // :
  bulk: 0x24, // $
  array: 0x2a, // *
  nothing: 0x5f, // _
  double: 0x2c, // ,
  boolean: 0x23, // #
  bulkError: 0x21, // !
  verbatim: 0x3d, // =
  bigNumber: 0x28, // (
  map: 0x25, // %
  set: 0x7e, // ~
  push: 0x3e, // >
  attribute: 0x7c, // |
} as const;

export interface RespDecoderOptions {
  readonly limits?: Partial<RespLimits>;
  /** Bulk strings as bytes (views) or as UTF-8 text. Default "bytes". */
  readonly bulk?: "bytes" | "text";
}

/** More bytes are needed. */
const MORE = Symbol("more");
/** A token was taken that is no value by itself: the head of an aggregate, or of a bulk string. */
const HEAD = Symbol("head");

/** An aggregate whose elements are still coming. */
interface Open {
  readonly type: number;
  readonly items: RespValue[];
  left: number;
}

/** Incremental decoder: `feed` bytes, pull values with `next` until it returns `undefined`, `end` at EOF. */
export class RespDecoder {
  readonly #limits: RespLimits;
  readonly #asText: boolean;
  readonly #reader: TokenReader;
  readonly #open: Open[] = [];
  #bulkType = 0; // type of the bulk whose bytes come next, 0 for none
  #bulkBytes = 0;
  #elements = 0; // announced so far in this message
  #attributed = false; // an attribute was read whose value is still to come
  #failed: Error | undefined;

  constructor(options: RespDecoderOptions = {}) {
    this.#limits = resolveLimits(options.limits);
    this.#asText = options.bulk === "text";
    this.#reader = new TokenReader(this.#limits.maxLineBytes);
  }

  /** Takes over a received chunk, which the caller must not change afterwards. */
  feed(chunk: Uint8Array): void {
    this.#reader.push(chunk);
  }

  /**
   * @returns the next whole value, `undefined` when more bytes are needed; bulk strings in it are views into received
   * chunks: copy what is kept for long.
   * @throws {ProtocolError}, {LimitError}, and the same one again at every later call.
   */
  next(): RespValue | undefined {
    if (this.#failed !== undefined) throw this.#failed;
    try {
      return this.#decode();
    } catch (error) {
      this.#failed = asError(error);
      throw error;
    }
  }

  /** @throws {ProtocolError} if the stream stopped inside a value. */
  end(): void {
    if (this.#failed !== undefined) throw this.#failed;
    const isWhole = this.#open.length === 0 && this.#bulkType === 0 && !this.#attributed;
    if (isWhole && this.#reader.isEmpty) return;
    const { offset } = this.#reader;
    this.#failed = new ProtocolError(`Cannot finish stream: it ended inside a value at byte ${offset}`, { offset });
    throw this.#failed;
  }

  #decode(): RespValue | undefined {
    while (true) {
      let value = this.#bulkType === 0 ? this.#readHead() : this.#readBulk();
      if (value === MORE) return undefined;
      while (value !== HEAD) {
        const top = this.#open[this.#open.length - 1];
        if (top === undefined) {
          this.#elements = 0;
          this.#attributed = false;
          return value;
        }
        top.items.push(value);
        if (--top.left > 0) break;
        this.#open.pop();
        value = this.#close(top);
      }
    }
  }

  #readHead(): RespValue | typeof MORE | typeof HEAD {
    const type = this.#reader.peek();
    switch (type) {
      case -1:
        return MORE;
      case Type.integer:
        return this.#reader.integer() ?? MORE;
      case Type.bulk:
      case Type.bulkError:
      case Type.verbatim:
        return this.#readBulkHead(type);
      case Type.array:
      case Type.map:
      case Type.set:
      case Type.push:
      case Type.attribute:
        return this.#readAggregateHead(type);
      case Type.simple:
      case Type.error:
      case Type.nothing:
      case Type.double:
      case Type.boolean:
      case Type.bigNumber:
        return this.#readLine(type);
      default:
        return this.#refuse(describeForeign(this.#reader.preview(64)));
    }
  }

  #readLine(type: number): RespValue | typeof MORE {
    const line = this.#reader.line();
    if (line === undefined) return MORE;
    const text = line.toString("utf8", 1);
    switch (type) {
      case Type.simple:
        return text;
      case Type.error:
        return new RedisError(text);
      case Type.nothing:
        return text === "" ? null : this.#refuse(`a null with the text ${JSON.stringify(text.slice(0, 64))}`);
      case Type.boolean:
        if (text === "t" || text === "f") return text === "t";
        return this.#refuse(`expected the boolean t or f, got ${JSON.stringify(text.slice(0, 64))}`);
      case Type.double:
        return parseDouble(text) ?? this.#refuse(`expected a double, got ${JSON.stringify(text.slice(0, 64))}`);
      default:
        if (/^[+-]?\d+$/.test(text)) return BigInt(text);
        return this.#refuse(`expected a big number, got ${JSON.stringify(text.slice(0, 64))}`);
    }
  }

  #readBulkHead(type: number): null | typeof MORE | typeof HEAD {
    const size = this.#reader.integer();
    if (size === undefined) return MORE;
    if (size === -1 && type === Type.bulk) return null;
    if (size < 0) this.#refuse(`a bulk string of ${size} bytes was announced`);
    const { maxBulkBytes } = this.#limits;
    if (size > maxBulkBytes) this.#refuseLimit(`bulk string: ${size} bytes announced, the limit is ${maxBulkBytes}`);
    this.#bulkType = type;
    this.#bulkBytes = Number(size);
    return HEAD;
  }

  #readBulk(): RespValue | typeof MORE {
    const bytes = this.#reader.bytes(this.#bulkBytes);
    if (bytes === undefined) return MORE;
    const type = this.#bulkType;
    this.#bulkType = 0;
    if (type === Type.bulk) return this.#asText ? utf8ToString(bytes) : bytes;
    const text = utf8ToString(bytes);
    if (type === Type.bulkError) return new RedisError(text);
    if (text[3] !== ":") this.#refuse(`expected a verbatim string "xxx:…", got ${JSON.stringify(text.slice(0, 16))}`);
    return new RespVerbatim(text.slice(0, 3), text.slice(4));
  }

  #readAggregateHead(type: number): RespValue | typeof MORE | typeof HEAD {
    const count = this.#reader.integer();
    if (count === undefined) return MORE;
    if (count === -1 && type === Type.array) return null;
    if (count < 0) this.#refuse(`an aggregate of ${count} elements was announced`);
    const { maxElements, maxDepth } = this.#limits;
    const left = type === Type.map || type === Type.attribute ? Number(count) * 2 : Number(count);
    this.#elements += left;
    if (this.#elements > maxElements) {
      this.#refuseLimit(`message: ${this.#elements} elements announced, the limit is ${maxElements}`);
    }
    const opened: Open = { type, items: [], left };
    if (left === 0) return this.#close(opened);
    if (this.#open.length >= maxDepth) this.#refuseLimit(`message: it nests deeper than the limit of ${maxDepth}`);
    this.#open.push(opened);
    return HEAD;
  }

  #close({ type, items }: Open): RespValue | typeof HEAD {
    switch (type) {
      case Type.array:
        return items;
      case Type.set:
        return new Set(items);
      case Type.push:
        if (this.#open.length > 0) this.#refuse("a push stands inside another value");
        return new RespPush(items);
      case Type.map: {
        const map = new Map<RespValue, RespValue>();
        for (let i = 0; i < items.length; i += 2) map.set(items[i] ?? null, items[i + 1] ?? null);
        return map;
      }
      default: // an attribute: whoever wants one has asked for it, and we never do
        this.#attributed = true;
        return HEAD;
    }
  }

  #refuse(why: string): never {
    const { offset } = this.#reader;
    throw new ProtocolError(`Cannot read RESP at byte ${offset}: ${why}`, { offset });
  }

  #refuseLimit(what: string): never {
    throw new LimitError(`Cannot accept ${what}`, { offset: this.#reader.offset });
  }
}

function parseDouble(text: string): number | undefined {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return Number(text);
  if (text === "inf" || text === "+inf") return Infinity;
  if (text === "-inf") return -Infinity;
  return /^-?nan/i.test(text) ? NaN : undefined;
}
