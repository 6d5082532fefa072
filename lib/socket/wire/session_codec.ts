/**
 * What one connection to the string and file service carries: frames (see `message.ts`), or plain text where the first
 * bytes make that certain.
 *
 *     first byte 0x00          frames: a length under 16 MiB begins with it, and no text does
 *     printable text           lines, each a string; the last may be ended by EOF instead
 *     anything else            refused, by the name of what it looks like
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { concatBytes, copyOf, quoteBytes, strictUtf8ToString, utf8 } from "../../base/bytes.ts";
import { LimitError, ProtocolError } from "../../base/errors.ts";
import type { Decoder, Pending } from "../../net/wire/codec.ts";
import { foreignHint, recogniseForeign } from "../../net/wire/foreign_protocol.ts";
import { type FramePiece, FramePieceDecoder } from "../../net/wire/frame_pieces.ts";
import { DEFAULT_MAX_FRAME_BYTES, encodeFrame } from "../../net/wire/length_prefix.ts";
import { lines } from "../../net/wire/line.ts";
import { type Message, parseControl, PayloadKind } from "./message.ts";

/** A plain client's string; its answer goes back as plain text, with a line ending if it had one. */
export type Line = { readonly kind: "line"; readonly text: string; readonly isOpen: boolean };
export type Incoming = Message | Line;

export interface SessionLimits {
  /** Largest string and largest control message. Default 16 MiB; lines 64 KiB. */
  readonly maxTextBytes?: number;
}

/** Who takes the bytes of a file. */
export interface DataSink {
  /** Takes bytes where they lie; they are lent, and overwritten once it returns. */
  take(bytes: Uint8Array): void;
  /** Memory in which at most so many of the next bytes belong: `take` gets them there, if they were received there. */
  room(atMost: number): Uint8Array | undefined;
}

const DIVERTED: Message = Object.freeze({ kind: "data", bytes: new Uint8Array(0) });

/**
 * Reads frames. File bytes go straight to the sink, if there is one, without a copy or a stop in between; the pulled
 * `data` message that follows is empty then, and only says that some went.
 *
 * Everything is taken out of a chunk while it is fed, so chunks may be lent.
 */
export class MessageDecoder implements Decoder<Message> {
  readonly keepsNothing = true;
  readonly #pieces = new FramePieceDecoder();
  readonly #maxBytes: number;
  #ready: Message[] = []; // at most what one chunk held, since nobody feeds while there is something to pull
  #next = 0;
  #sink: DataSink | undefined;
  #kind = -1; // first byte of the frame that is being read
  #parts: Uint8Array[] = [];
  #failed: { readonly error: unknown } | undefined;

  constructor(limits: SessionLimits = {}) {
    this.#maxBytes = limits.maxTextBytes ?? DEFAULT_MAX_FRAME_BYTES - 1;
  }

  get pending(): Pending {
    return this.#pieces.pending;
  }

  /** From now on file bytes go to `sink`; `undefined`: they are pulled like everything else. */
  divert(sink: DataSink | undefined): void {
    this.#sink = sink;
  }

  target(): Uint8Array | undefined {
    const { expected } = this.#pieces;
    if (this.#sink === undefined || this.#kind !== PayloadKind.data || expected === 0) return undefined;
    return this.#isQuiet ? this.#sink.room(expected) : undefined;
  }

  /** Nothing waits to be pulled, but the word that bytes went to the sink. */
  get #isQuiet(): boolean {
    const waiting = this.#ready.length - this.#next;
    return waiting === 0 || (waiting === 1 && this.#ready[this.#next] === DIVERTED);
  }

  feed(chunk: Uint8Array): void {
    if (this.#failed !== undefined) return;
    try {
      this.#pieces.feed(chunk);
      let diverted = false;
      for (let piece; (piece = this.#pieces.next()) !== undefined;) diverted = this.#take(piece) || diverted;
      this.#pieces.own();
      const isQuiet = this.#next === this.#ready.length; // whatever else came wakes who pulls as well
      if (diverted && isQuiet) this.#ready.push(DIVERTED);
    } catch (error) {
      this.#failed = { error };
    }
  }

  next(): Message | undefined {
    const message = this.#ready[this.#next];
    if (message !== undefined) {
      this.#next++;
      return message;
    }
    this.#ready.length = 0;
    this.#next = 0;
    if (this.#failed !== undefined) throw this.#failed.error;
    return undefined;
  }

  end(): void {
    if (this.#failed !== undefined) throw this.#failed.error;
    try {
      this.#pieces.end();
    } catch (error) {
      this.#failed = { error };
      throw error;
    }
  }

  /** @returns true if the bytes went to the sink: only while nothing waits to be pulled before them */
  #take(piece: FramePiece): boolean {
    if (piece.isFirst) this.#kind = piece.bytes[0] ?? -1;
    if (this.#kind === PayloadKind.data) {
      const bytes = piece.isFirst ? piece.bytes.subarray(1) : piece.bytes;
      if (this.#sink !== undefined && this.#next === this.#ready.length) {
        this.#sink.take(bytes);
        return true;
      }
      if (bytes.length > 0) this.#ready.push({ kind: "data", bytes: copyOf(bytes) });
      return false;
    }
    const hasMark = this.#kind === PayloadKind.control || this.#kind === PayloadKind.text;
    const size = piece.frameBytes - (hasMark ? 1 : 0);
    if (piece.isFirst && size > this.#maxBytes) {
      const head = Buffer.alloc(4);
      head.writeUInt32BE(piece.frameBytes); // what was read as a length may have been text
      const hint = foreignHint(Buffer.concat([head, piece.bytes.subarray(0, 20)]));
      throw new LimitError(`Cannot accept message: ${size} bytes announced, limit is ${this.#maxBytes}${hint}`);
    }
    this.#parts.push(copyOf(piece.bytes));
    if (piece.isLast) this.#ready.push(this.#message(concatBytes(this.#parts)));
    if (piece.isLast) this.#parts = [];
    return false;
  }

  #message(payload: Uint8Array): Message {
    if (this.#kind === PayloadKind.control) return parseControl(payload.subarray(1));
    return { kind: "text", text: decodeText(this.#kind === PayloadKind.text ? payload.subarray(1) : payload) };
  }
}

/** The server's side: decides by the first bytes, then reads frames or lines. */
export class SessionDecoder implements Decoder<Incoming> {
  readonly keepsNothing = true;
  readonly #limits: SessionLimits;
  #inner: Decoder<Incoming> | undefined;

  constructor(limits: SessionLimits = {}) {
    this.#limits = limits;
  }

  /** The peer speaks no frames: plain lines, or something else that a person may read. It wants to be spoken to so. */
  get isText(): boolean {
    return this.#inner !== undefined && !(this.#inner instanceof MessageDecoder);
  }

  get pending(): Pending {
    return this.#inner?.pending ?? "nothing";
  }

  target(): Uint8Array | undefined {
    return this.#inner?.target?.();
  }

  /** As `MessageDecoder.divert`; only what speaks in frames sends files. */
  divert(sink: DataSink | undefined): void {
    if (this.#inner instanceof MessageDecoder) this.#inner.divert(sink);
  }

  feed(chunk: Uint8Array): void {
    if (this.#inner === undefined && chunk.length > 0) this.#inner = this.#choose(chunk);
    this.#inner?.feed(this.isText ? copyOf(chunk) : chunk); // lines keep views
  }

  next(): Incoming | undefined {
    return this.#inner?.next();
  }

  end(): void {
    this.#inner?.end();
  }

  #choose(first: Uint8Array): Decoder<Incoming> {
    if (first[0] === 0) return new MessageDecoder(this.#limits);
    const name = recogniseForeign(first);
    if (name !== undefined && name !== "plain text") {
      const quoted = quoteBytes(first.subarray(0, 24));
      return new FailedDecoder(new ProtocolError(`Cannot serve the connection: ${quoted} looks like ${name}`));
    }
    if (!isText(first)) {
      const quoted = quoteBytes(first.subarray(0, 24));
      return new FailedDecoder(new ProtocolError(`Cannot serve the connection: ${quoted} is neither a frame nor text`));
    }
    return new LineDecoder();
  }
}

/** No control characters but those that people type; multi-byte characters may be cut, so the rest is left to UTF-8. */
function isText(bytes: Uint8Array): boolean {
  for (const byte of bytes.subarray(0, 64)) {
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d && byte !== 0x1b) return false;
  }
  return true;
}

class LineDecoder implements Decoder<Line> {
  readonly #lines = lines({ lastMayBeOpen: true }).decoder();
  #hasEnded = false;

  get pending(): Pending {
    return this.#lines.pending;
  }

  feed(chunk: Uint8Array): void {
    this.#lines.feed(chunk);
  }

  next(): Line | undefined {
    const text = this.#lines.next();
    return text === undefined ? undefined : { kind: "line", text, isOpen: this.#hasEnded };
  }

  end(): void {
    this.#hasEnded = true; // whole lines were pulled before: what is left is open
    this.#lines.end();
  }
}

/** Says the same whatever comes: the choice was made, and it was no. */
class FailedDecoder implements Decoder<never> {
  readonly pending = "nothing";
  readonly #error: ProtocolError;

  constructor(error: ProtocolError) {
    this.#error = error;
  }

  feed(): void {}

  next(): never {
    throw this.#error;
  }

  end(): void {
    throw this.#error;
  }
}

function decodeText(bytes: Uint8Array): string {
  try {
    return strictUtf8ToString(bytes);
  } catch (cause) {
    throw new ProtocolError(`Cannot read text: ${quoteBytes(bytes)} is no UTF-8`, { cause });
  }
}

const TEXT_MARK = Uint8Array.of(PayloadKind.text);
const CONTROL_MARK = Uint8Array.of(PayloadKind.control);
const DATA_MARK_BYTES = 5;

/** Whole frames; file bytes are a second part, so that they need no copy. */
export function encodeMessage(message: Message): Uint8Array | readonly Uint8Array[] {
  if (message.kind === "data") {
    const head = Buffer.allocUnsafe(DATA_MARK_BYTES);
    head.writeUInt32BE(message.bytes.length + 1, 0);
    head[4] = PayloadKind.data;
    return [head, message.bytes];
  }
  if (message.kind !== "text") return encodeFrame(CONTROL_MARK, utf8(JSON.stringify(message)));
  const bytes = utf8(message.text);
  const needsMark = bytes.length > 0 && (bytes[0] ?? 0) <= PayloadKind.text;
  return needsMark ? encodeFrame(TEXT_MARK, bytes) : encodeFrame(bytes);
}
