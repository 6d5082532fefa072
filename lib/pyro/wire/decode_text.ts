import { isUtf8 } from "node:buffer";
import { viewOf } from "../../base/bytes.ts";
import { BadPayloadError } from "./errors.ts";

/**
 * Decodes strict UTF-8: surrogates are refused, a byte order mark is kept.
 * @throws {BadPayloadError} as Python raises UnicodeDecodeError
 */
export function decodeText(bytes: Uint8Array, serializer: string): string {
  if (!isUtf8(bytes)) {
    throw new BadPayloadError(`Cannot read ${serializer}: the bytes are not UTF-8`, {
      pythonType: "UnicodeDecodeError",
    });
  }
  return viewOf(bytes).toString("utf8");
}
