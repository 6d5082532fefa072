/**
 * UTF-8 that carries lone surrogates, each in three bytes: Python's error handler `surrogatepass`.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer, isUtf8 } from "node:buffer";
import { concatBytes, utf8 } from "../../../base/bytes.ts";

const LONE = /[\ud800-\udfff]/u;
const LONE_OR_TEXT = /[\ud800-\udfff]|[^\ud800-\udfff]+/gu;

export function encodeWithSurrogates(text: string): Uint8Array {
  if (!LONE.test(text)) return utf8(text);
  return concatBytes((text.match(LONE_OR_TEXT) ?? []).map((part) => {
    const unit = part.charCodeAt(0);
    if (part.length > 1 || !LONE.test(part)) return utf8(part);
    return Uint8Array.of(0xe0 | unit >> 12, 0x80 | unit >> 6 & 0x3f, 0x80 | unit & 0x3f);
  }));
}

/** @returns undefined if the bytes are not UTF-8 even so */
export function decodeWithSurrogates(bytes: Buffer): string | undefined {
  if (isUtf8(bytes)) return bytes.toString("utf8");
  let out = "";
  let from = 0;
  for (let at = bytes.indexOf(0xed); at !== -1; at = bytes.indexOf(0xed, at + 1)) {
    const second = bytes[at + 1] ?? 0;
    const third = bytes[at + 2] ?? 0;
    if ((second & 0xe0) !== 0xa0 || (third & 0xc0) !== 0x80) continue;
    const before = bytes.subarray(from, at);
    if (!isUtf8(before)) return undefined;
    out += before.toString("utf8") + String.fromCharCode(0xd000 | (second & 0x3f) << 6 | third & 0x3f);
    from = at + 3;
  }
  const rest = bytes.subarray(from);
  return isUtf8(rest) ? out + rest.toString("utf8") : undefined;
}
