/**
 * Replies as a server sends them, in the protocol version that the client asked for: what RESP2 has no word for is sent as
 * Redis sends it there (maps as flat arrays, doubles as bulk strings, null as `$-1`).
 *
 * Spec: redis.io "Redis serialization protocol specification" · Redis 7.0 networking.c `addReply…`
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { concatBytes } from "../../base/bytes.ts";
import { ByteSink, type TextEncoding } from "./byte_sink.ts";
import { RedisError, RespPush, type RespValue, RespVerbatim } from "./value.ts";

export type RespVersion = 2 | 3;

const latin = (char: string): number => char.charCodeAt(0);
const SIMPLE = latin("+");
const ERROR = latin("-");
const INTEGER = latin(":");
const BULK = latin("$");
const ARRAY = latin("*");
const NULL = latin("_");
const DOUBLE = latin(",");
const BOOLEAN = latin("#");
const VERBATIM = latin("=");
const BIG_NUMBER = latin("(");
const MAP = latin("%");
const SET = latin("~");
const PUSH = latin(">");

/** Collects replies into as few chunks as possible. Heads of aggregates say how many values the caller writes next. */
export class ReplyWriter {
  readonly #sink: ByteSink;
  /** HELLO may change it between two replies. */
  version: RespVersion;

  /**
   * @param bufferBytes allocated at a time; 32 KiB unless told
   * @param encoding of strings; UTF-8 unless told
   */
  constructor(version: RespVersion = 2, bufferBytes?: number, encoding?: TextEncoding) {
    this.version = version;
    this.#sink = new ByteSink(bufferBytes, encoding);
  }

  /** Bytes collected since the last `take`. */
  get length(): number {
    return this.#sink.length;
  }

  /** What was collected, in order; usually one chunk. */
  take(): Uint8Array[] {
    return this.#sink.take();
  }

  /** `+OK`. Line breaks become blanks. */
  simple(text: string): void {
    this.#sink.line(SIMPLE, oneLine(text));
  }

  /** `-ERR …`: `line` starts with the prefix. Line breaks become blanks. */
  error(line: string): void {
    this.#sink.line(ERROR, oneLine(line));
  }

  integer(value: number | bigint): void {
    if (typeof value === "number" && value >= 0) this.#sink.head(INTEGER, value);
    else this.#sink.line(INTEGER, String(value));
  }

  /** Bytes of 16 KiB and more are not copied: leave them unchanged until they are sent. */
  bulk(value: Uint8Array | string): void {
    this.#sink.bulk(value);
  }

  null(): void {
    if (this.version === 3) this.#sink.line(NULL, "");
    else this.#sink.line(BULK, "-1");
  }

  /** What blocking pops and aborted transactions answer: `*-1` in RESP2. */
  nullArray(): void {
    if (this.version === 3) this.#sink.line(NULL, "");
    else this.#sink.line(ARRAY, "-1");
  }

  array(count: number): void {
    this.#sink.head(ARRAY, count);
  }

  /** @param pairs of key and value, each written by the caller */
  map(pairs: number): void {
    if (this.version === 3) this.#sink.head(MAP, pairs);
    else this.#sink.head(ARRAY, pairs * 2);
  }

  set(count: number): void {
    this.#sink.head(this.version === 3 ? SET : ARRAY, count);
  }

  /** Head of a message that answers no command. */
  push(count: number): void {
    this.#sink.head(this.version === 3 ? PUSH : ARRAY, count);
  }

  double(value: number): void {
    const text = value === Infinity
      ? "inf"
      : value === -Infinity
      ? "-inf"
      : Number.isNaN(value)
      ? "nan"
      : String(value);
    if (this.version === 3) this.#sink.line(DOUBLE, text);
    else this.#sink.bulk(text);
  }

  boolean(value: boolean): void {
    if (this.version === 3) this.#sink.line(BOOLEAN, value ? "t" : "f");
    else this.#sink.head(INTEGER, value ? 1 : 0);
  }

  bigNumber(value: bigint): void {
    if (this.version === 3) this.#sink.line(BIG_NUMBER, String(value));
    else this.#sink.bulk(String(value));
  }

  /** Text for people. @param format three characters: `txt`, `mkd` */
  verbatim(text: string, format = "txt"): void {
    if (this.version === 3) this.#sink.bulk(`${format}:${text}`, VERBATIM);
    else this.#sink.bulk(text);
  }

  /** Bytes that are RESP already. */
  raw(bytes: Uint8Array): void {
    this.#sink.raw(bytes);
  }

  /** Writes a whole value; strings become bulk strings. */
  value(value: RespValue): void {
    if (value === null) return this.null();
    if (typeof value === "string" || value instanceof Uint8Array) return this.bulk(value);
    if (typeof value === "bigint" && BigInt.asIntN(64, value) !== value) return this.bigNumber(value);
    if (typeof value === "bigint" || Number.isSafeInteger(value)) return this.integer(value as number | bigint);
    if (typeof value === "number") return this.double(value);
    if (typeof value === "boolean") return this.boolean(value);
    if (value instanceof RedisError) return this.error(value.reply);
    if (value instanceof RespVerbatim) return this.verbatim(value.text, value.format);
    if (value instanceof Map) {
      this.map(value.size);
      for (const pair of value) this.#values(pair);
    } else if (value instanceof Set) {
      this.set(value.size);
      this.#values(value);
    } else if (value instanceof RespPush) {
      this.push(value.items.length);
      this.#values(value.items);
    } else {
      this.array(value.length);
      this.#values(value);
    }
  }

  #values(values: Iterable<RespValue>): void {
    for (const value of values) this.value(value);
  }
}

/** Bytes of one reply; see `ReplyWriter.value`. */
export function encodeReply(value: RespValue, version: RespVersion = 2): Uint8Array {
  const writer = new ReplyWriter(version, 1024);
  writer.value(value);
  return concatBytes(writer.take());
}

function oneLine(text: string): string {
  return /[\r\n]/.test(text) ? text.replace(/[\r\n]+/g, " ") : text;
}
