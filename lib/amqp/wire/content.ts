/**
 * Contents: a method, a content header and body frames, put together for one channel.
 *
 *     method ──> (no content) ──────────────────────────────> event
 *        └─────> header ──> body ──> body … (until full) ───> event
 *
 * Frames of other channels may come in between, so every channel has an assembler of its own.
 *
 * Spec: AMQP 0-9-1 §2.3.5.2, §4.2.6
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import type { Buffer } from "node:buffer";
import { LimitError, ProtocolError } from "../../base/errors.ts";
import { BodyBuffer } from "./body_buffer.ts";
import type { ByteWriter } from "./byte_writer.ts";
import { type Frame, FrameType, writeBodyFrames, writeHeaderFrame, writeMethodFrame } from "./frame.ts";
import { type ContentMethod, hasContent, type MethodOf, type PlainMethod } from "./methods.ts";
import { readMethod } from "./method_codec.ts";
import { type BasicProperties, readBodySize, readContentHeader } from "./properties.ts";
import { ReplyCode } from "./reply_code.ts";

/** Largest body that RabbitMQ 3.10 accepts by default. */
export const DEFAULT_MAX_BODY_BYTES = 128 * 1024 * 1024;

export interface Content {
  readonly properties: BasicProperties;
  /** The caller's to keep; nobody writes to it any more. */
  readonly body: Uint8Array;
}

/**
 * What a channel receives. `refused` is a message that was not read, because it is too large or its headers are
 * malformed, and whose publisher is to blame: the channel goes on behind it.
 */
export type ChannelEvent =
  | { readonly kind: "method"; readonly method: PlainMethod }
  | { readonly kind: "content"; readonly method: ContentMethod; readonly content: Content }
  | { readonly kind: "refused"; readonly method: ContentMethod; readonly reason: ProtocolError };

/** Appends the frames of one publish. Nothing stays written if it throws. */
export function writePublish(
  writer: ByteWriter,
  channel: number,
  method: MethodOf<"basic.publish">,
  content: Content,
  frameMaxBytes: number,
): void {
  const start = writer.begin();
  try {
    writeMethodFrame(writer, channel, method);
    writeHeaderFrame(writer, channel, content.body.length, content.properties);
    writeBodyFrames(writer, channel, content.body, frameMaxBytes);
  } catch (error) {
    writer.rewind(start);
    throw error;
  }
}

type State =
  | { readonly kind: "idle" }
  | { readonly kind: "header"; readonly method: ContentMethod }
  | {
    readonly kind: "body";
    readonly method: ContentMethod;
    /** Undefined once the message is refused: its body is counted and dropped. */
    readonly properties: BasicProperties | undefined;
    readonly reason: ProtocolError | undefined;
    readonly body: BodyBuffer;
  };

const IDLE: State = { kind: "idle" };

/** Puts the frames of one channel together. */
export class ContentAssembler {
  readonly #maxBodyBytes: number;
  #state: State = IDLE;

  constructor(options: { maxBodyBytes?: number } = {}) {
    this.#maxBodyBytes = options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
  }

  /**
   * @returns what is complete with this frame, or undefined.
   * @throws {ProtocolError} 505 for a frame that has no place here, 501 for more body than was announced, 502 for a malformed one.
   */
  push(frame: Frame): ChannelEvent | undefined {
    const state = this.#state;
    switch (frame.type) {
      case FrameType.method: {
        if (state.kind !== "idle") throw unexpected(frame, state);
        const method = readMethod(frame.payload);
        if (!hasContent(method)) return { kind: "method", method };
        this.#state = { kind: "header", method };
        return undefined;
      }
      case FrameType.header:
        if (state.kind !== "header") throw unexpected(frame, state);
        return this.#onHeader(state.method, frame.payload);
      case FrameType.body:
        if (state.kind !== "body") throw unexpected(frame, state);
        return this.#onBody(state, frame.payload);
      case FrameType.heartbeat:
        throw unexpected(frame, state);
    }
  }

  #onHeader(method: ContentMethod, payload: Buffer): ChannelEvent | undefined {
    const bodySize = readBodySize(payload);
    let properties: BasicProperties | undefined;
    let reason: ProtocolError | undefined;
    if (bodySize > this.#maxBodyBytes) {
      reason = new LimitError(`Cannot accept message: ${bodySize} bytes announced, limit is ${this.#maxBodyBytes}`, {
        replyCode: ReplyCode.contentTooLarge,
      });
    } else {
      try {
        properties = readContentHeader(payload).properties;
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        reason = error; // RabbitMQ passes on what a publisher wrote, unread
      }
    }
    const body = new BodyBuffer(bodySize);
    if (bodySize === 0) return this.#finish(method, properties, reason, body);
    this.#state = { kind: "body", method, properties, reason, body };
    return undefined;
  }

  #onBody(state: Extract<State, { kind: "body" }>, payload: Buffer): ChannelEvent | undefined {
    const { method, properties, reason, body } = state;
    if (reason === undefined) body.push(payload);
    else body.drop(payload);
    return body.isWhole ? this.#finish(method, properties, reason, body) : undefined;
  }

  #finish(
    method: ContentMethod,
    properties: BasicProperties | undefined,
    reason: ProtocolError | undefined,
    body: BodyBuffer,
  ): ChannelEvent {
    this.#state = IDLE;
    if (reason !== undefined) return { kind: "refused", method, reason };
    return { kind: "content", method, content: { properties: properties ?? {}, body: body.take() } };
  }
}

function unexpected(frame: Frame, state: State): ProtocolError {
  const awaited = state.kind === "idle" ? "a method" : `the ${state.kind} of ${state.method.kind}`;
  const [came] = Object.entries(FrameType).find(([, type]) => type === frame.type) ?? ["unknown"];
  return new ProtocolError(
    `Cannot read AMQP content: a ${came} frame came on channel ${frame.channel}, not ${awaited}`,
    {
      replyCode: ReplyCode.unexpectedFrame,
    },
  );
}
