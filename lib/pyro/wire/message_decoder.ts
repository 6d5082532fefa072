import { ChunkBuffer } from "../../base/chunk_buffer.ts";
import { asError } from "../../base/errors.ts";
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

const PYRO_TAG = 0x5059_524f;
/** Tag and version: enough to tell who speaks, and all that some foreign peers ever send. */
const GREETING_BYTES = 6;

/**
 * Incremental decoder: `feed` bytes, pull messages with `next` until it returns `undefined`, `end` at EOF. Fails for good.
 *
 * Checks in Pyro's order: tag and version, checksum, size, type, annotations, digest.
 */
export class MessageDecoder {
  readonly #buffer = new ChunkBuffer();
  readonly #maxBytes: number;
  readonly #authenticator: MessageAuthenticator | undefined;
  #header: Header | undefined;
  #failed: Error | undefined;

  constructor(options: MessageDecoderOptions = {}) {
    this.#maxBytes = options.maxMessageBytes ?? MAX_PAYLOAD_BYTES;
    this.#authenticator = options.authenticator;
  }

  feed(chunk: Uint8Array): void {
    this.#buffer.push(chunk);
  }

  /** True while part of a message is buffered. */
  get isInsideMessage(): boolean {
    return this.#header !== undefined || this.#buffer.length > 0;
  }

  /**
   * @param allowed the types that may come now
   * @returns the next message, or `undefined` when more bytes are needed; payload and annotations are views into the
   * received chunks where they lie in one.
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
    const buffer = this.#buffer;
    this.#header ??= this.#readHeader(allowed);
    const header = this.#header;
    if (header === undefined || buffer.length < header.annotationsBytes + header.payloadBytes) return undefined;
    this.#header = undefined;
    const { type, flags, seq, serializerId, annotationsBytes, payloadBytes } = header;
    const annotations = annotationsBytes === 0 ? NO_ANNOTATIONS : readAnnotations(buffer.take(annotationsBytes));
    const payload = buffer.take(payloadBytes);
    this.#authenticate(annotations, payload);
    return { type, flags, seq, serializerId, annotations, payload };
  }

  #readHeader(allowed: readonly MessageType[]): Header | undefined {
    const buffer = this.#buffer;
    if (buffer.length < GREETING_BYTES) return undefined;
    if (buffer.length < HEADER_BYTES) {
      const head = buffer.peek(GREETING_BYTES);
      if (head.readUInt32BE(0) !== PYRO_TAG || head.readUInt16BE(4) !== PROTOCOL_VERSION) throw foreignPeer(head);
      return undefined;
    }
    const head = buffer.take(HEADER_BYTES);
    if (head.readUInt32BE(0) !== PYRO_TAG || head.readUInt16BE(4) !== PROTOCOL_VERSION) throw foreignPeer(head);
    const type = head.readUInt16BE(6);
    const flags = head.readUInt16BE(8);
    const seq = head.readUInt16BE(10);
    const payloadBytes = head.readInt32BE(12);
    const serializerId = head.readUInt16BE(16);
    const annotationsBytes = head.readUInt16BE(18);
    if (head.readUInt16BE(22) !== checksum(type, flags, seq, payloadBytes, serializerId, annotationsBytes)) {
      throw new ProtocolError("header checksum mismatch");
    }
    if (payloadBytes < 0) throw new ProtocolError(`invalid message size (${payloadBytes}, outside range 0..2Gb)`);
    if (payloadBytes + annotationsBytes > this.#maxBytes) {
      throw tooLarge(payloadBytes + annotationsBytes, this.#maxBytes);
    }
    const known = allowed.find((each) => each === type);
    if (known === undefined) throw new ProtocolError(`invalid msg type ${type} received`);
    return { type: known, flags, seq, serializerId, annotationsBytes, payloadBytes };
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
