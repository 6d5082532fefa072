/**
 * Small helpers on bytes. Views stay views; whatever copies says so in its name.
 * @module
 */
import { Buffer, isAscii } from "node:buffer";

const EMPTY = new Uint8Array(0);

/** Returns a `Buffer` over the same memory: no copy. */
export function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Returns a copy that the caller owns, backed by memory of its own (never Node's shared pool). */
export function copyOf(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length);
  out.set(bytes);
  return out;
}

/** Returns one array with all chunks; a single chunk is returned as it is. */
export function concatBytes(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 0) return EMPTY;
  if (chunks.length === 1) return chunks[0] ?? EMPTY;
  return Buffer.concat(chunks);
}

/** UTF-8 bytes of `text`; a fresh `Buffer`. Lone surrogates become U+FFFD, as `TextEncoder` does. */
export function utf8(text: string): Buffer {
  return Buffer.from(text, "utf8");
}

/** Text of UTF-8 `bytes`; malformed sequences become U+FFFD. Use `strictUtf8ToString` where that would hide an error. */
export function utf8ToString(bytes: Uint8Array): string {
  return viewOf(bytes).toString("utf8");
}

const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @throws {TypeError} if `bytes` are not UTF-8. */
export function strictUtf8ToString(bytes: Uint8Array): string {
  return isAscii(bytes) ? viewOf(bytes).toString("latin1") : STRICT.decode(bytes); // the decoder is slow to call
}

export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && viewOf(a).equals(b);
}

/** Quotes at most `limit` bytes of a peer's payload for an error message: printable ASCII as it is, the rest as `\xNN`. */
export function quoteBytes(bytes: Uint8Array, limit = 64): string {
  let out = "";
  for (const byte of bytes.subarray(0, limit)) {
    if (byte === 0x5c || byte === 0x22) out += `\\${String.fromCharCode(byte)}`;
    else if (byte >= 0x20 && byte < 0x7f) out += String.fromCharCode(byte);
    else out += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return `"${out}"${bytes.length > limit ? ` and ${bytes.length - limit} bytes more` : ""}`;
}
