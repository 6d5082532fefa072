/**
 * Two dicts that are something else: serpent's form of bytes, and of floats that have no literal.
 *
 *     {'data': 'AAE=', 'encoding': 'base64'}        {'__class__':'float','value':'nan'}
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { parseFloatText } from "./tokens.ts";

/** What a dict of two texts stands for; the dict itself, where it would not be written as this very dict again. */
export function specialDict(dict: Record<string, unknown>): unknown {
  const { data, encoding, __class__: name, value } = dict;
  if (encoding === "base64" && typeof data === "string") return canonicalBytes(data) ?? dict;
  return name === "float" && typeof value === "string" ? parseFloatText(value) : dict;
}

const BASE64_BLOCK = 4;

/** The bytes of a base64 text, unless they would not be written as this very text again. */
function canonicalBytes(text: string): Buffer | undefined {
  if (text.length % BASE64_BLOCK !== 0 || text.includes("-") || text.includes("_")) return undefined;
  const bytes = Buffer.from(text, "base64"); // skips what is no base64, which shows in the length
  const end = text.slice(-BASE64_BLOCK);
  const padding = end.endsWith("==") ? 2 : end.endsWith("=") ? 1 : 0;
  const isWhole = bytes.length === (text.length / BASE64_BLOCK) * 3 - padding;
  const lastBlock = Math.max(0, bytes.length - 3 + padding);
  return isWhole && bytes.toString("base64", lastBlock) === end ? bytes : undefined;
}
