import { Buffer } from "node:buffer";
import { viewOf } from "../../base/bytes.ts";
import { ChunkBuffer } from "../../base/chunk_buffer.ts";
import { asError } from "../../base/errors.ts";
import { giveSpareBuffer, takeSpareBuffer } from "../../base/spare_buffer.ts";
import { type Annotations, HMAC, NO_ANNOTATIONS, readAnnotations } from "./annotations.ts";
import { ConnectionClosedError, ProtocolError, SecurityError } from "./errors.ts";
import { foreignPeer } from "./foreign_peer.ts";
import {
  checksum,
  digestedParts,
  HEADER_BYTES,
  MAX_PAYLOAD_BYTES,
  type Message,
  type MessageAuthenticator,
  type MessageType,
  PROTOCOL_VERSION,
  tooLarge,
} from "./message.ts";

export interface MessageDecoderOptions {
  /** Longest payload and annotations together, in bytes; default 2 GiB - 1. Checked when the header has announced it. */
  readonly maxMessageBytes?: number;
  /** With one, every message must carry its digest; without, none may. */
  readonly authenticator?: MessageAuthenticator | undefined;
}

/** The fields of a header, once it has passed its checks. */
interface Header {
  readonly type: MessageType;
  readonly flags: number;
  readonly seq: number;
  readonly serializerId: number;
  readonly annotationsBytes: number;
  readonly payloadBytes: number;
}

const EMPTY = Buffer.alloc(0);
const PYRO_TAG = 0x5059_524f;
/** Tag and version: enough to tell who speaks, and all that some foreign peers ever send. */
const GREETING_BYTES = 6;

/** From this size on a message that is not complete in one chunk is put together in a buffer of its own, up to that size. */
const LARGE_BYTES = 64 * 1024;
const TOO_LARGE_BYTES = 8 * 1024 * 1024;

/** A message of which more is to come. */
interface LargeMessage {
  readonly buffer: Buffer;
  readonly bytes: number;
  filled: number;
  /** Undefined until `next` has looked at it. */
  header: Header | undefined;
}

/**
 * Incremental decoder: `feed` bytes, pull messages with `next` until it returns `undefined`, `end` at EOF. Fails for good.
 *
 * Checks in Pyro's order: tag and version, checksum, size, type, annotations, digest. A large message that comes in many
 * chunks is put together in a buffer that the next large one uses again.
 */
export class MessageDecoder {
  readonly #buffer = new ChunkBuffer();
  // Most chunks hold whole messages. Those are read where they lie; only what is left of a chunk goes into the buffer.
  #chunk: Buffer = EMPTY;
  #at = 0;
  #large: LargeMessage | undefined;
  #borrowed: Buffer | undefined; // holds the large message that `next` has returned last
  readonly #maxBytes: number;
  readonly #authenticator: MessageAuthenticator | undefined;
  #header: Header | undefined;
  #failed: Error | undefined;

  constructor(options: MessageDecoderOptions = {}) {
    this.#maxBytes = options.maxMessageBytes ?? MAX_PAYLOAD_BYTES;
    this.#authenticator = options.authenticator;
  }

  /** Takes a chunk; nothing of it is looked at after the call. */
  feed(chunk: Uint8Array): void {
    const bytes = viewOf(chunk);
    if (this.#large !== undefined) return this.#fill(this.#large, bytes);
    if (this.isInsideMessage) {
      this.#store();
      this.#buffer.push(Buffer.from(bytes));
      return;
    }
    this.#large = largeMessageIn(bytes);
    if (this.#large !== undefined) return this.#fill(this.#large, bytes);
    this.#chunk = Buffer.from(bytes);
    this.#at = 0;
  }

  /** True while part of a message is buffered. */
  get isInsideMessage(): boolean {
    return this.#at < this.#chunk.length || this.#large !== undefined || this.#header !== undefined ||
      this.#buffer.length > 0;
  }

  /**
   * @param allowed the types that may come now
   * @returns the next message, or `undefined` when more bytes are needed. Its payload is lent until the next call of
   * `next`, which says that nobody looks at it any more; its annotations may be kept.
   * @throws {ProtocolError}, {MessageTooLargeError}, {SecurityError}; what a header announces is refused before the rest
   * is buffered.
   */
  next(allowed: readonly MessageType[]): Message | undefined {
    if (this.#failed !== undefined) throw this.#failed;
    try {
      return this.#next(allowed);
    } catch (error) {
      this.#failed = asError(error);
      throw error;
    }
  }

  /** @throws {ConnectionClosedError} if the stream stopped inside a message. */
  end(): void {
    if (this.#failed === undefined && this.isInsideMessage) {
      throw new ConnectionClosedError("receiving: not enough data");
    }
  }

  #next(allowed: readonly MessageType[]): Message | undefined {
    if (this.#borrowed !== undefined) {
      giveSpareBuffer(this.#borrowed);
      this.#borrowed = undefined;
    }
    if (this.#large !== undefined) return this.#nextLarge(this.#large, allowed);
    return this.#at < this.#chunk.length ? this.#nextInChunk(allowed) : this.#nextInBuffer(allowed);
  }

  #nextLarge(large: LargeMessage, allowed: readonly MessageType[]): Message | undefined {
    const header = large.header ??= this.#readHeader(large.buffer, 0, allowed);
    if (large.filled < large.bytes) return undefined;
    this.#large = undefined;
    this.#borrowed = large.buffer;
    const payloadAt = HEADER_BYTES + header.annotationsBytes;
    const annotations = Buffer.from(large.buffer.subarray(HEADER_BYTES, payloadAt));
    return this.#message(header, annotations, large.buffer.subarray(payloadAt, large.bytes));
  }

  /** Adds to a large message; what comes behind its end is buffered. */
  #fill(large: LargeMessage, bytes: Buffer): void {
    const taken = bytes.copy(large.buffer, large.filled, 0, large.bytes - large.filled);
    large.filled += taken;
    if (taken < bytes.length) this.#buffer.push(Buffer.from(bytes.subarray(taken)));
  }

  #nextInChunk(allowed: readonly MessageType[]): Message | undefined {
    const chunk = this.#chunk;
    if (chunk.length - this.#at >= HEADER_BYTES) {
      const header = this.#readHeader(chunk, this.#at, allowed);
      const annotationsAt = this.#at + HEADER_BYTES;
      const payloadAt = annotationsAt + header.annotationsBytes;
      const end = payloadAt + header.payloadBytes;
      if (end <= chunk.length) {
        this.#at = end;
        if (end === chunk.length) this.#letGo();
        return this.#message(header, chunk.subarray(annotationsAt, payloadAt), chunk.subarray(payloadAt, end));
      }
    }
    this.#store();
    return this.#nextInBuffer(allowed);
  }

  #nextInBuffer(allowed: readonly MessageType[]): Message | undefined {
    const buffer = this.#buffer;
    if (this.#header === undefined) {
      if (buffer.length < HEADER_BYTES) {
        if (buffer.length >= GREETING_BYTES) checkGreeting(buffer.peek(GREETING_BYTES), 0);
        return undefined;
      }
      this.#header = this.#readHeader(buffer.take(HEADER_BYTES), 0, allowed);
    }
    const header = this.#header;
    if (buffer.length < header.annotationsBytes + header.payloadBytes) return undefined;
    this.#header = undefined;
    return this.#message(header, buffer.take(header.annotationsBytes), buffer.take(header.payloadBytes));
  }

  /** Puts what is left of the chunk behind what is buffered. */
  #store(): void {
    if (this.#at < this.#chunk.length) this.#buffer.push(this.#chunk.subarray(this.#at));
    this.#letGo();
  }

  /** An idle connection keeps no chunk alive. */
  #letGo(): void {
    this.#chunk = EMPTY;
    this.#at = 0;
  }

  #message(header: Header, chunks: Buffer, payload: Buffer): Message {
    const { type, flags, seq, serializerId } = header;
    const annotations = chunks.length === 0 ? NO_ANNOTATIONS : readAnnotations(chunks);
    this.#authenticate(annotations, payload);
    return { type, flags, seq, serializerId, annotations, payload };
  }

  #readHeader(bytes: Buffer, at: number, allowed: readonly MessageType[]): Header {
    checkGreeting(bytes, at);
    const type = bytes.readUInt16BE(at + 6);
    const flags = bytes.readUInt16BE(at + 8);
    const seq = bytes.readUInt16BE(at + 10);
    const payloadBytes = bytes.readInt32BE(at + 12);
    const serializerId = bytes.readUInt16BE(at + 16);
    const annotationsBytes = bytes.readUInt16BE(at + 18);
    if (bytes.readUInt16BE(at + 22) !== checksum(type, flags, seq, payloadBytes, serializerId, annotationsBytes)) {
      throw new ProtocolError("header checksum mismatch");
    }
    if (payloadBytes < 0) throw new ProtocolError(`invalid message size (${payloadBytes}, outside range 0..2Gb)`);
    if (payloadBytes + annotationsBytes > this.#maxBytes) {
      throw tooLarge(payloadBytes + annotationsBytes, this.#maxBytes);
    }
    for (const known of allowed) {
      if (known === type) return { type: known, flags, seq, serializerId, annotationsBytes, payloadBytes };
    }
    throw new ProtocolError(`invalid msg type ${type} received`);
  }

  #authenticate(annotations: Annotations, payload: Uint8Array): void {
    const authenticator = this.#authenticator;
    const digest = annotations.get(HMAC);
    if (digest === undefined && authenticator === undefined) return;
    if (digest === undefined || authenticator === undefined) {
      throw new SecurityError("hmac key config not symmetric");
    }
    if (!authenticator.isEqual(digest, authenticator.digest(digestedParts(annotations, payload)))) {
      throw new SecurityError("message hmac mismatch");
    }
  }
}

/** @throws {ForeignPeerError} unless tag and version are those of this protocol */
function checkGreeting(bytes: Buffer, at: number): void {
  if (bytes.readUInt32BE(at) !== PYRO_TAG || bytes.readUInt16BE(at + 4) !== PROTOCOL_VERSION) {
    throw foreignPeer(bytes.subarray(at, at + GREETING_BYTES));
  }
}

/** A place for the message that begins with `bytes`, if it is a large one that does not end there. Nothing is checked yet. */
function largeMessageIn(bytes: Buffer): LargeMessage | undefined {
  if (bytes.length < HEADER_BYTES || bytes.readUInt32BE(0) !== PYRO_TAG) return undefined;
  const total = HEADER_BYTES + bytes.readUInt16BE(18) + bytes.readInt32BE(12);
  if (total < LARGE_BYTES || total > TOO_LARGE_BYTES || total <= bytes.length) return undefined;
  return { buffer: takeSpareBuffer(total), bytes: total, filled: 0, header: undefined };
}
