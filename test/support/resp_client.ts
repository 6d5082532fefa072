import { type Address, connect, type Connection } from "../../lib/net/mod.ts";
import {
  encodeCommand,
  RedisError,
  RespDecoder,
  RespPush,
  type RespValue,
  RespVerbatim,
} from "../../lib/redis/wire/mod.ts";
import { eventually } from "./eventually.ts";

/** A reply in values that compare well: bulk strings as latin1 text, errors as `{ error }`, pushes as `{ push }`. */
export type PlainReply = null | string | number | bigint | boolean | PlainReply[] | { error: string } | {
  push: PlainReply[];
};

/** The plainest client there is: sends words, waits for as many replies. For tests of servers. */
export class RespClient {
  readonly connection: Connection;
  /** Replies and pushes that came and were not asked for by `call` yet. */
  readonly inbox: PlainReply[] = [];
  /** Bytes received so far, where `keepsBytes` was set. */
  received = Buffer.alloc(0);
  keepsBytes = false;
  readonly #decoder = new RespDecoder();
  hasEnded = false;
  #isPaused = false;

  private constructor(connection: Connection) {
    this.connection = connection;
    connection.read((chunk) => {
      if (this.#isPaused) return new Promise(() => {}); // never asks for more
      if (this.keepsBytes) this.received = Buffer.concat([this.received, chunk]);
      this.#decoder.feed(chunk);
      for (let value = this.#decoder.next(); value !== undefined; value = this.#decoder.next()) {
        this.inbox.push(plain(value));
      }
    }).catch(() => {}).finally(() => {
      this.hasEnded = true;
      this.connection.end();
    });
  }

  static async open(address: Address): Promise<RespClient> {
    return new RespClient(await connect(address));
  }

  /** Sends a command; strings are latin1. */
  send(...words: (string | number)[]): void {
    this.raw(encodeCommand(words.map((word) => Buffer.from(String(word), "latin1"))));
  }

  raw(bytes: Uint8Array | string): void {
    this.connection.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  /** The next reply or push. */
  async next(timeoutMs = 10_000): Promise<PlainReply> {
    return await eventually("a reply came", () => {
      const [reply] = this.inbox.splice(0, 1);
      if (reply === undefined && this.hasEnded) return { reply: { error: "the connection ended" } };
      return reply === undefined ? undefined : { reply };
    }, { timeoutMs, everyMs: 1 }).then(({ reply }) => reply);
  }

  /** Sends a command and waits for its reply. */
  async call(...words: (string | number)[]): Promise<PlainReply> {
    this.send(...words);
    return await this.next();
  }

  /** Sends all commands at once and waits for all replies. */
  async pipeline(commands: readonly (readonly (string | number)[])[]): Promise<PlainReply[]> {
    for (const command of commands) this.send(...command);
    const replies: PlainReply[] = [];
    while (replies.length < commands.length) replies.push(await this.next());
    return replies;
  }

  /** Reads no more from now on: what the server sends piles up there. */
  pause(): void {
    this.#isPaused = true;
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}

function plain(value: RespValue): PlainReply {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("latin1");
  if (value instanceof RedisError) return { error: value.reply };
  if (value instanceof RespPush) return { push: value.items.map(plain) };
  if (value instanceof RespVerbatim) return value.text;
  if (value instanceof Map) return [...value].map(([key, item]) => [plain(key), plain(item)]);
  if (value instanceof Set) return [...value].map(plain);
  return Array.isArray(value) ? value.map(plain) : value;
}
