/**
 * Commands as a server receives them: bytes in, arrays of arguments out.
 *
 *     *1 CR LF  $4 CR LF PING CR LF        what clients send
 *     PING CR LF                           an inline command, as people type it
 *
 * Spec: redis.io "Redis serialization protocol specification", "Sending commands" and "Inline commands" · the error texts
 * are those of Redis 7.0 networking.c `processMultibulkBuffer`, `processInlineBuffer`
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { asError, LimitError, ProtocolError } from "../../base/errors.ts";
import { describeForeign, isHttpRequestLine } from "./foreign.ts";
import { splitInline } from "./inline.ts";
import { resolveLimits, type RespLimits } from "./limits.ts";
import { TokenReader } from "./token_reader.ts";

const ARRAY = 0x2a;
const BULK = 0x24;
const TLS_HANDSHAKE = 0x16;

/** Incremental decoder: `feed` bytes, pull commands with `next` until it returns `undefined`, `end` at EOF. */
export class CommandDecoder {
  readonly #limits: RespLimits;
  readonly #reader: TokenReader;
  #command: Buffer[] = [];
  #missing = 0; // arguments of #command that have not come
  #bulkBytes = -1; // size of the argument whose bytes come next, -1 for none
  #failed: Error | undefined;

  constructor(options: { readonly limits?: Partial<RespLimits> } = {}) {
    this.#limits = resolveLimits(options.limits);
    this.#reader = new TokenReader(this.#limits.maxLineBytes);
  }

  /** Takes over a received chunk, which the caller must not change afterwards. */
  feed(chunk: Uint8Array): void {
    this.#reader.push(chunk);
  }

  /**
   * @returns name and arguments of the next command, at least the name, as views into received chunks; `undefined` when
   * more bytes are needed.
   * @throws {ProtocolError}, {LimitError}, and the same one again at every later call. After `-ERR ` its message is what
   * Redis answers before it hangs up.
   */
  next(): Buffer[] | undefined {
    if (this.#failed !== undefined) throw this.#failed;
    try {
      return this.#decode();
    } catch (error) {
      this.#failed = asError(error);
      throw error;
    }
  }

  /** True if nothing of a command has come that has not come whole. */
  get isBetweenCommands(): boolean {
    return this.#reader.isEmpty && this.#missing === 0;
  }

  /** @throws {ProtocolError} if the stream stopped inside a command. */
  end(): void {
    if (this.#failed !== undefined) throw this.#failed;
    if (this.isBetweenCommands) return;
    this.#failed = new ProtocolError(`Cannot finish stream: it ended inside a command at byte ${this.#reader.offset}`);
    throw this.#failed;
  }

  #decode(): Buffer[] | undefined {
    while (true) {
      if (this.#missing === 0) {
        const type = this.#reader.peek();
        if (type === -1) return undefined;
        if (type !== ARRAY) {
          const words = this.#readInline(type);
          if (words === undefined || words.length > 0) return words;
          continue; // an empty line, as netcat sends
        }
        const count = this.#integer("invalid multibulk length");
        if (count === undefined) return undefined;
        if (count > this.#limits.maxElements) this.#refuseLimit("invalid multibulk length");
        if (count <= 0) continue; // Redis ignores it
        this.#command = [];
        this.#missing = Number(count);
      }
      if (!this.#readArguments()) return undefined;
      return this.#command;
    }
  }

  /** @returns false while arguments are missing. */
  #readArguments(): boolean {
    const reader = this.#reader;
    while (this.#missing > 0) {
      if (this.#bulkBytes === -1) {
        const type = reader.peek();
        if (type === -1) return false;
        if (type !== BULK) this.#refuse(`expected '$', got '${String.fromCharCode(type)}'`);
        const size = this.#integer("invalid bulk length");
        if (size === undefined) return false;
        if (size < 0) this.#refuse("invalid bulk length");
        if (size > this.#limits.maxBulkBytes) this.#refuseLimit("invalid bulk length");
        this.#bulkBytes = Number(size);
      }
      const bytes = reader.bytes(this.#bulkBytes);
      if (bytes === undefined) return false;
      this.#bulkBytes = -1;
      this.#command.push(bytes);
      this.#missing--;
    }
    return true;
  }

  /** @param why Redis' words for what is no number */
  #integer(why: string): number | bigint | undefined {
    try {
      return this.#reader.integer();
    } catch (error) {
      if (error instanceof LimitError) this.#refuseLimit(why);
      this.#refuse(why);
    }
  }

  #readInline(type: number): Buffer[] | undefined {
    if (type === TLS_HANDSHAKE) this.#refuse(describeForeign(this.#reader.preview(64)));
    const line = this.#reader.inlineLine();
    if (line === undefined) return undefined;
    const text = line.toString("latin1");
    if (isHttpRequestLine(text)) this.#refuse("this is HTTP, and here is a Redis server");
    return splitInline(text) ?? this.#refuse("unbalanced quotes in request");
  }

  #refuse(why: string): never {
    throw new ProtocolError(`Protocol error: ${why}`, { offset: this.#reader.offset });
  }

  #refuseLimit(why: string): never {
    throw new LimitError(`Protocol error: ${why}`, { offset: this.#reader.offset });
  }
}
