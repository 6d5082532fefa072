import { Buffer, isAscii, isUtf8 } from "node:buffer";
import { viewOf } from "../../base/bytes.ts";
import { BadPayloadError } from "./errors.ts";

/**
 * Node keeps a string of more characters than this outside of V8's heap, in memory that malloc uses again. One somewhat
 * shorter gets pages fresh from the system instead, which costs fifty times as much: it is decoded as the head of a
 * longer one. (`EXTERN_APEX` in Node's `src/string_bytes.cc`.)
 */
const EXTERNAL_CHARS = 0xfbee9;
const WORTH_PADDING_CHARS = EXTERNAL_CHARS / 4;

let padded: Buffer | undefined;

/**
 * Decodes strict UTF-8: surrogates are refused, a byte order mark is kept.
 * @throws {BadPayloadError} where Python raises UnicodeDecodeError, a ValueError
 */
export function decodeText(bytes: Uint8Array, serializer: string): string {
  if (isAscii(bytes)) return decodeAscii(bytes);
  if (isUtf8(bytes)) return viewOf(bytes).toString("utf8");
  throw new BadPayloadError(`Cannot read ${serializer}: the bytes are not UTF-8`, { pythonType: "ValueError" });
}

function decodeAscii(bytes: Uint8Array): string {
  const { length } = bytes;
  if (length < WORTH_PADDING_CHARS || length > EXTERNAL_CHARS) return viewOf(bytes).toString("latin1");
  padded ??= Buffer.alloc(EXTERNAL_CHARS + 1);
  padded.set(bytes);
  return padded.toString("latin1").slice(0, length);
}
