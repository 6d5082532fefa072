/**
 * Payload compression: zlib format, level 6, as Python's `zlib.compress`. Reading is always on, writing is a setting.
 *
 * Spec: Pyro4 4.82 `Pyro4/util.py` `SerializerBase.__compressdata`
 * @module
 */
import { deflateSync, inflateSync } from "node:zlib";
import { MessageTooLargeError, PyroRemoteError } from "./wire/errors.ts";

/** Shorter payloads are never compressed. */
const MIN_COMPRESS_BYTES = 200;

/** Returns the compressed payload, or `undefined` where that would not be shorter. */
export function compress(payload: Uint8Array): Uint8Array | undefined {
  if (payload.length < MIN_COMPRESS_BYTES) return undefined;
  const compressed = deflateSync(payload);
  return compressed.length < payload.length ? compressed : undefined;
}

/**
 * Undoes `compress`.
 *
 * @param maxBytes how long the result may be: a few kilobytes of zeros would else fill the memory
 * @throws {MessageTooLargeError} beyond; {PyroRemoteError} of Python's `zlib.error` if `payload` is not in zlib format
 */
export function decompress(payload: Uint8Array, maxBytes: number): Uint8Array {
  try {
    return inflateSync(payload, { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof RangeError) {
      throw new MessageTooLargeError(`max message size exceeded (decompressed, where max=${maxBytes})`, {
        cause: error,
      });
    }
    throw new PyroRemoteError(`Error -3 while decompressing data: ${error instanceof Error ? error.message : error}`, {
      remoteType: "zlib.error",
      cause: error,
    });
  }
}
