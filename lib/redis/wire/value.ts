/**
 * The values of RESP2 and RESP3 in TypeScript.
 *
 * | RESP | reads as |
 * |---|---|
 * | `+` simple string | string |
 * | `$` bulk string | `Buffer`, a view into the received chunk; string where the decoder was asked for text |
 * | `:` integer | `number` when safe, else `bigint` |
 * | `,` double | `number`, with ±Infinity and NaN |
 * | `(` big number | `bigint` |
 * | `#` boolean | boolean |
 * | `_` null, `$-1`, `*-1` | `null` |
 * | `*` array | array |
 * | `%` map | `Map`; bulk keys stay bytes, `pairsOf` reads them as text |
 * | `~` set | `Set` |
 * | `=` verbatim string | `RespVerbatim` |
 * | `-` error, `!` bulk error | `RedisError`, as a value: an error inside an EXEC reply belongs to one command only |
 * | `>` push | `RespPush` |
 * | `|` attribute | no value: read, checked and dropped, as the specification allows |
 *
 * Spec: redis.io "Redis serialization protocol specification" (RESP3)
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { RemoteError } from "../../base/errors.ts";
import { utf8ToString } from "../../base/bytes.ts";

export type RespValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | RedisError
  | RespVerbatim
  | RespPush
  | RespValue[]
  | Map<RespValue, RespValue>
  | Set<RespValue>;

/** An error reply: `WRONGTYPE Operation against a key …`. */
export class RedisError extends RemoteError {
  override readonly name: string = "RedisError";
  /** The server's own line, without what we know of the command. */
  readonly reply: string;
  /** First word of the line, the only part that programs may look at: `ERR`, `NOSCRIPT`, `MOVED`. */
  readonly prefix: string;

  /** @param command name of the command that was refused, where it is known; never its arguments */
  constructor(reply: string, command?: string) {
    const space = reply.indexOf(" ");
    const prefix = space === -1 ? reply : reply.slice(0, space);
    super(command === undefined ? reply : `Cannot run ${command}: ${reply}`, { remoteType: prefix });
    this.reply = reply;
    this.prefix = prefix;
  }
}

/** Text that says what it is: `txt` or `mkd`. */
export class RespVerbatim {
  /** Three characters. */
  readonly format: string;
  readonly text: string;

  constructor(format: string, text: string) {
    this.format = format;
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

/** Data that answers no command: `["message", channel, payload]`. */
export class RespPush {
  readonly items: readonly RespValue[];

  constructor(items: readonly RespValue[]) {
    this.items = items;
  }
}

/** Text of any string-like value; `undefined` for the others. */
export function textOf(value: RespValue | undefined): string | undefined {
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return utf8ToString(value);
  return value instanceof RespVerbatim ? value.text : undefined;
}

/**
 * Pairs of what RESP3 sends as a map and RESP2 as a flat array (HGETALL, HELLO, CONFIG GET), keys as text.
 * A key without a value, which no server sends, is left out; any other value has no pairs.
 */
export function pairsOf(value: RespValue | undefined): Map<string, RespValue> {
  const pairs = new Map<string, RespValue>();
  const add = (key: RespValue | undefined, item: RespValue | undefined) => {
    const text = textOf(key);
    if (text !== undefined && item !== undefined) pairs.set(text, item);
  };
  if (value instanceof Map) { for (const [key, item] of value) add(key, item); }
  else if (Array.isArray(value)) { for (let i = 0; i < value.length; i += 2) add(value[i], value[i + 1]); }
  return pairs;
}
