/**
 * What every framing has in common: bytes in, messages out, and back.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */

/** How far the peer has come: between two messages, inside a header, or inside a message whose size (or end) is awaited. */
export type Pending = "nothing" | "header" | "body";

/**
 * Incremental decoder: `feed` bytes, pull messages with `next` until it returns `undefined`, `end` at EOF (and pull once
 * more: some framings let the last message end with the stream). After its first error it stays failed.
 */
export interface Decoder<T> {
  /** Appends a received chunk; the caller must not change it afterwards, unless the decoder `keepsNothing`. */
  feed(chunk: Uint8Array): void;
  /** The next message, or `undefined` when more bytes are needed. @throws {ProtocolError} */
  next(): T | undefined;
  /** The peer has sent everything. @throws {ProtocolError} if that was in the middle of a message. */
  end(): void;
  /** What the bytes that `next` could not use yet are part of; deadlines are counted by it. */
  readonly pending: Pending;
  /** True: no view of a chunk is kept after `feed`, so that its memory may be used again. Default false. */
  readonly keepsNothing?: boolean;
  /**
   * Where the next chunk is best put: memory of whoever takes its bytes, who then finds them in their place. Undefined:
   * anywhere. Whoever feeds may do otherwise.
   */
  target?(): Uint8Array | undefined;
}

/** A framing: how to read what the peer sends, and how to write for it. */
export interface Codec<In, Out> {
  /** A fresh decoder for one connection. */
  decoder(): Decoder<In>;
  /** The bytes of a whole message; parts are written one after the other, large ones without a copy. */
  encode(message: Out): Uint8Array | readonly Uint8Array[];
}

/**
 * A codec of other values over `codec`. What `decode` throws should be a ProtocolError, and fails the decoder for good.
 */
export function mapCodec<In, Out, RawIn, RawOut>(
  codec: Codec<RawIn, RawOut>,
  map: { readonly decode: (raw: RawIn) => In; readonly encode: (message: Out) => RawOut },
): Codec<In, Out> {
  return {
    decoder: () => new MappedDecoder(codec.decoder(), map.decode),
    encode: (message) => codec.encode(map.encode(message)),
  };
}

class MappedDecoder<Raw, T> implements Decoder<T> {
  readonly #raw: Decoder<Raw>;
  readonly #decode: (raw: Raw) => T;
  #failed: { readonly error: unknown } | undefined;

  constructor(raw: Decoder<Raw>, decode: (raw: Raw) => T) {
    this.#raw = raw;
    this.#decode = decode;
  }

  get pending(): Pending {
    return this.#raw.pending;
  }

  feed(chunk: Uint8Array): void {
    if (this.#failed === undefined) this.#raw.feed(chunk);
  }

  next(): T | undefined {
    if (this.#failed !== undefined) throw this.#failed.error;
    const raw = this.#raw.next();
    if (raw === undefined) return undefined;
    try {
      return this.#decode(raw);
    } catch (error) {
      this.#failed = { error };
      throw error;
    }
  }

  end(): void {
    if (this.#failed !== undefined) throw this.#failed.error;
    this.#raw.end();
  }
}
