/**
 * The chunks between header and payload.
 *
 *     0          4          6          6 + n
 *     +----------+----------+----------+
 *     | id, text | n: u16   | value    |     ... one after the other, together at most 65535 bytes
 *     +----------+----------+----------+
 *
 * Pyro's own ids are `CORR` (correlation id, 16 bytes of a UUID), `HMAC` (digest, 20 bytes), `STRM` (id of a result
 * stream, text) and `BLBI` (what a blob is about, marshal); all others are the user's.
 *
 * Spec: Pyro4 4.82 `Pyro4/message.py`. Pure: no sockets, no clocks, no promises.
 * @module
 */
import type { Buffer } from "node:buffer";
import { ProtocolError } from "./errors.ts";

export const CORR = "CORR";
export const HMAC = "HMAC";
export const STRM = "STRM";
export const BLBI = "BLBI";

/** By id, in the order of the wire. */
export type Annotations = ReadonlyMap<string, Uint8Array>;

export const NO_ANNOTATIONS: Annotations = new Map();

const CHUNK_HEAD_BYTES = 6;
/** The header counts them in 16 bits. */
export const MAX_ANNOTATIONS_BYTES = 0xffff;

/**
 * Bytes that the annotations take on the wire.
 * @throws {ProtocolError} for an id that is not four ASCII characters, and if they are longer than the header can say.
 */
export function annotationsSize(annotations: Annotations): number {
  let size = 0;
  for (const [id, value] of annotations) {
    if (id.length !== 4) throw new ProtocolError("annotation key must be of length 4");
    if (!isAscii(id)) throw new ProtocolError(`annotation key must be ASCII, got ${JSON.stringify(id)}`);
    size += CHUNK_HEAD_BYTES + value.length;
  }
  if (size > MAX_ANNOTATIONS_BYTES) {
    throw new ProtocolError(`Cannot send the annotations: ${size} bytes, the header counts up to 65535`);
  }
  return size;
}

/** Writes what `annotationsSize` has measured. */
export function writeAnnotations(out: Buffer, at: number, annotations: Annotations): void {
  for (const [id, value] of annotations) {
    out.write(id, at, "latin1");
    out.writeUInt16BE(value.length, at + 4);
    out.set(value, at + CHUNK_HEAD_BYTES);
    at += CHUNK_HEAD_BYTES + value.length;
  }
}

/**
 * Reads the chunks; values are views. Of a doubled id the last one counts.
 * @throws {ProtocolError} if a chunk reaches over the end.
 */
export function readAnnotations(bytes: Buffer): Annotations {
  const found = new Map<string, Uint8Array>();
  for (let at = 0; at < bytes.length;) {
    if (bytes.length - at < CHUNK_HEAD_BYTES) throw overEnd(CHUNK_HEAD_BYTES, bytes.length - at);
    const id = bytes.toString("latin1", at, at + 4);
    const length = bytes.readUInt16BE(at + 4);
    at += CHUNK_HEAD_BYTES;
    if (bytes.length - at < length) throw overEnd(length, bytes.length - at);
    found.set(id, bytes.subarray(at, at + length));
    at += length;
  }
  return found;
}

function isAscii(id: string): boolean {
  for (let i = 0; i < id.length; i++) if (id.charCodeAt(i) > 0x7f) return false;
  return true;
}

function overEnd(need: number, left: number): ProtocolError {
  return new ProtocolError(`Cannot read the annotations: a chunk needs ${need} bytes, ${left} are left`);
}
