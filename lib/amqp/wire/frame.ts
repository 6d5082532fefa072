/**
 * Frames: what everything after the protocol header travels in.
 *
 *     0      1         3             7                  7 + size
 *     +------+---------+-------------+------------------+----------+
 *     | type | channel | size: u32   | payload          | end 0xCE |
 *     +------+---------+-------------+------------------+----------+
 *
 * `frame_max`, agreed on in the handshake, counts the whole frame. Channel 0 is the connection itself.
 *
 * Spec: AMQP 0-9-1 §2.3.5, §4.2.3
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import type { Buffer } from "node:buffer";
import { ChunkBuffer } from "../../base/chunk_buffer.ts";
import { quoteBytes } from "../../base/bytes.ts";
import { LimitError, ProtocolError } from "../../base/errors.ts";
import type { ByteWriter } from "./byte_writer.ts";
import type { Method } from "./methods.ts";
import { writeMethod } from "./method_codec.ts";
import { type BasicProperties, writeContentHeader } from "./properties.ts";
import { ReplyCode } from "./reply_code.ts";

export const FrameType = { method: 1, header: 2, body: 3, heartbeat: 8 } as const;
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

export interface Frame {
  readonly type: FrameType;
  readonly channel: number;
  /** A view into a received chunk where it lies in one; copy it to keep it. */
  readonly payload: Buffer;
}

/** Every frame costs this beside its payload. */
export const FRAME_OVERHEAD_BYTES = 8;
/** `frame_max` that RabbitMQ and py-amqp propose; holds until the handshake has agreed on another. */
export const DEFAULT_FRAME_MAX_BYTES = 131_072;

const HEADER_BYTES = 7;
const FRAME_END = 0xce;

/** Appends a method frame. Nothing stays written if it throws. @throws {UsageError} for a value that has no place in its field. */
export function writeMethodFrame(writer: ByteWriter, channel: number, method: Method): void {
  const start = writer.length;
  try {
    const opened = openFrame(writer, FrameType.method, channel);
    writeMethod(writer, method);
    closeFrame(writer, opened);
  } catch (error) {
    writer.rewind(start);
    throw error;
  }
}

/** Appends a content header frame. Nothing stays written if it throws. */
export function writeHeaderFrame(
  writer: ByteWriter,
  channel: number,
  bodySize: number,
  properties: BasicProperties,
): void {
  const start = writer.length;
  try {
    const opened = openFrame(writer, FrameType.header, channel);
    writeContentHeader(writer, bodySize, properties);
    closeFrame(writer, opened);
  } catch (error) {
    writer.rewind(start);
    throw error;
  }
}

/** Appends `body`, which nobody may change afterwards, in as many frames as `frameMaxBytes` asks for; none for an empty body. */
export function writeBodyFrames(writer: ByteWriter, channel: number, body: Uint8Array, frameMaxBytes: number): void {
  const limit = frameMaxBytes - FRAME_OVERHEAD_BYTES;
  for (let at = 0; at < body.length; at += limit) {
    const size = Math.min(limit, body.length - at);
    writer.octet(FrameType.body);
    writer.short(channel);
    writer.long(size);
    writer.piece(size === body.length ? body : body.subarray(at, at + size));
    writer.octet(FRAME_END);
  }
}

export function writeHeartbeatFrame(writer: ByteWriter): void {
  closeFrame(writer, openFrame(writer, FrameType.heartbeat, 0));
}

function openFrame(writer: ByteWriter, type: FrameType, channel: number): number {
  writer.octet(type);
  writer.short(channel);
  return writer.openLength();
}

function closeFrame(writer: ByteWriter, opened: number): void {
  writer.closeLength(opened);
  writer.octet(FRAME_END);
}

/** Incremental decoder: `feed` bytes, pull frames with `next` until it returns `undefined`, `end` at EOF. */
export class FrameDecoder {
  /** Largest whole frame that is accepted, in bytes; the handshake sets it to what was agreed on. */
  maxFrameBytes: number;
  readonly #buffer = new ChunkBuffer();
  #consumed = 0; // bytes of the stream in frames that were handed out
  #failed: ProtocolError | undefined;

  constructor(options: { maxFrameBytes?: number } = {}) {
    this.maxFrameBytes = options.maxFrameBytes ?? DEFAULT_FRAME_MAX_BYTES;
  }

  /** Bytes that wait for the rest of their frame. */
  get bufferedBytes(): number {
    return this.#buffer.length;
  }

  feed(chunk: Uint8Array): void {
    this.#buffer.push(chunk);
  }

  /**
   * @returns the next frame, or `undefined` when more bytes are needed.
   * @throws {LimitError} if a header announces more than `maxFrameBytes`, before any payload is buffered.
   * @throws {ProtocolError} for anything that is no frame; then the decoder stays failed.
   */
  next(): Frame | undefined {
    if (this.#failed !== undefined) throw this.#failed;
    const buffer = this.#buffer;
    if (buffer.length < HEADER_BYTES) return undefined;
    const header = buffer.peek(HEADER_BYTES);
    const type = header[0] ?? 0;
    const channel = header.readUInt16BE(1);
    const size = header.readUInt32BE(3);
    if (!isFrameType(type)) throw this.#fail(`${quoteBytes(header)} is no frame header${strangerHint(header)}`);
    if (size + FRAME_OVERHEAD_BYTES > this.maxFrameBytes) throw this.#failTooLarge(size + FRAME_OVERHEAD_BYTES);
    if (type === FrameType.heartbeat && (channel !== 0 || size !== 0)) {
      throw this.#fail(`a heartbeat on channel ${channel} with ${size} bytes, expected channel 0 and none`);
    }
    if (buffer.length < size + FRAME_OVERHEAD_BYTES) return undefined;
    const frame = buffer.take(size + FRAME_OVERHEAD_BYTES);
    const end = frame[size + HEADER_BYTES] ?? 0;
    if (end !== FRAME_END) {
      throw this.#fail(`a frame of ${size} bytes ends with 0x${end.toString(16)}, expected 0xce`);
    }
    this.#consumed += frame.length;
    return { type, channel, payload: frame.subarray(HEADER_BYTES, HEADER_BYTES + size) };
  }

  /** @throws {ProtocolError} if the stream stopped inside a frame. */
  end(): void {
    if (this.#failed !== undefined) throw this.#failed;
    if (this.#buffer.length === 0) return;
    throw this.#fail(`the stream ended inside a frame, with ${quoteBytes(this.#buffer.peek(this.#buffer.length))}`);
  }

  #fail(why: string): ProtocolError {
    this.#failed = new ProtocolError(`Cannot read AMQP frame: ${why}`, {
      offset: this.#consumed,
      replyCode: ReplyCode.frameError,
    });
    return this.#failed;
  }

  #failTooLarge(bytes: number): LimitError {
    const error = new LimitError(
      `Cannot accept AMQP frame: ${bytes} bytes announced, ${this.maxFrameBytes} were agreed on`,
      { offset: this.#consumed, replyCode: ReplyCode.frameError },
    );
    this.#failed = error;
    return error;
  }
}

function isFrameType(type: number): type is FrameType {
  return type >= 1 && type <= 3 || type === FrameType.heartbeat;
}

/** Says what a peer that speaks no AMQP 0-9-1 probably is. */
function strangerHint(header: Buffer): string {
  const text = header.toString("latin1");
  if (text.startsWith("AMQP")) {
    return `; the server speaks AMQP ${header[5]}-${header[6]} and something newer, not 0-9-1`;
  }
  if (text.startsWith("HTTP/")) return "; an HTTP server answers there: is it the management port, 15672?";
  if (header[0] === 0x15 || header[0] === 0x16) return "; TLS answers there: use amqps://";
  return "";
}
