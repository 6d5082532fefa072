import { Buffer } from "node:buffer";
import { LimitError, ProtocolError, UsageError } from "../base/errors.ts";
import type { Connection } from "./connection.ts";
import { Framed, type FramedOptions } from "./framed.ts";
import { type FramePiece, FramePieceDecoder } from "./wire/frame_pieces.ts";
import { DEFAULT_MAX_FRAME_BYTES } from "./wire/length_prefix.ts";

/** One frame whose body is read as it arrives. Read it, or ask for the next frame: the rest is skipped then. */
export interface StreamedFrame {
  /** Bytes of the body. */
  readonly size: number;
  /** The body piece by piece, each a view into what one read delivered. */
  chunks(): AsyncGenerator<Buffer>;
  /** The whole body. @throws {LimitError} if it is larger than `maxBytes` (default 16 MiB), before anything is read. */
  bytes(maxBytes?: number): Promise<Buffer>;
}

/**
 * Length-prefixed frames (4 bytes, big-endian) with bodies of up to 4 GiB that are never held as a whole.
 *
 * The deadlines of `Framed` count per piece of a body: a slow peer may take its time, a silent one may not.
 *
 * Owns: the connection it is given.
 */
export class FrameStream implements AsyncIterable<StreamedFrame> {
  readonly #framed: Framed<FramePiece, Uint8Array>;
  #current: { left: number } | undefined;

  constructor(connection: Connection, options: FramedOptions & { readonly maxFrameBytes?: number } = {}) {
    this.#framed = new Framed(connection, {
      decoder: () => new FramePieceDecoder(options),
      encode: (bytes: Uint8Array) => bytes,
    }, options);
  }

  /** The next frame, or `undefined` at the peer's EOF. What was not read of the one before is skipped. */
  async next(): Promise<StreamedFrame | undefined> {
    while (this.#current !== undefined && this.#current.left > 0) await this.#piece(this.#current);
    const first = await this.#framed.next();
    if (first === undefined) return undefined;
    const state = { left: first.frameBytes - first.bytes.length };
    this.#current = state;
    const chunks = () => this.#chunks(first.bytes, state);
    return {
      size: first.frameBytes,
      chunks,
      bytes: async (maxBytes = DEFAULT_MAX_FRAME_BYTES) => {
        if (first.frameBytes > maxBytes) {
          throw new LimitError(`Cannot hold frame: it has ${first.frameBytes} bytes, limit is ${maxBytes}`);
        }
        const parts: Buffer[] = [];
        for await (const part of chunks()) parts.push(part);
        return Buffer.concat(parts);
      },
    };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StreamedFrame> {
    for (let frame; (frame = await this.next()) !== undefined;) yield frame;
  }

  /**
   * Sends one frame. Resolves when the last byte is on its way.
   * @throws {UsageError} if `body` has not exactly `size` bytes; the connection is aborted then, for the peer counts on them.
   */
  async send(size: number, body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const header = Buffer.alloc(4);
    header.writeUInt32BE(size);
    this.#framed.write(header);
    let sent = 0;
    try {
      for await (const bytes of body) {
        sent += bytes.length;
        if (sent > size) break;
        await this.#framed.send(bytes);
      }
      if (sent !== size) throw new UsageError(`Cannot send frame: ${size} bytes announced, ${sent} or more given`);
    } catch (error) {
      this.#framed.abort(error instanceof Error ? error : undefined);
      throw error;
    }
  }

  /** Half-close. */
  end(): void {
    this.#framed.end();
  }

  close(): Promise<void> {
    return this.#framed.close();
  }

  async *#chunks(first: Buffer, state: { left: number }): AsyncGenerator<Buffer> {
    if (this.#current !== state) {
      throw new UsageError("Cannot read body: the next frame was asked for", { code: "ERR_STATE" });
    }
    if (first.length > 0) yield first;
    while (state.left > 0) yield await this.#piece(state);
  }

  async #piece(state: { left: number }): Promise<Buffer> {
    const piece = await this.#framed.next();
    if (piece === undefined) throw new ProtocolError(`Cannot finish frame: ${state.left} bytes are missing`);
    state.left -= piece.bytes.length;
    return piece.bytes;
  }
}
