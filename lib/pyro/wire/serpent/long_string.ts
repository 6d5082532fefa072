/**
 * Long strings with escapes: where they end, and what they say. Both are found byte by byte in a buffer, which is several
 * times faster than to look at a string character by character, or to put one together from pieces.
 *
 * Spec: Python 3.11 language reference, "String and Bytes literals". Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer, isAscii } from "node:buffer";
import { giveSpareBuffer, takeSpareBuffer } from "../../../base/spare_buffer.ts";
import { latin1Text, ucs2Text } from "../decode_text.ts";
import { BACKSLASH, NEWLINE } from "./characters.ts";
import { longEscape, SHORT_ESCAPES } from "./tokens.ts";

const BLOCK_CHARS = 16 * 1024;
const MOST_BYTES_PER_CHAR = 3;
const LAST_LATIN1 = 0xff;
const TOO_WIDE = -1;

/** By the letter behind the backslash: the character that the two stand for; 0 where there is none of that kind. */
const SHORT = new Uint8Array(256);
for (const [letter, text] of SHORT_ESCAPES) SHORT[letter.charCodeAt(0)] = text === "" ? 0 : text.charCodeAt(0);

let block: Buffer | undefined;

/** Offset of the first quote at or behind `from` that no backslash hides, or -1. */
export function closingQuote(text: string, from: number, quote: number): number {
  const bytes = block ??= Buffer.allocUnsafeSlow(MOST_BYTES_PER_CHAR * BLOCK_CHARS);
  let skip = 0; // 1 where the last character of a block hides the first one of the next
  for (let start = from; start < text.length; start += BLOCK_CHARS) {
    const chars = text.slice(start, start + BLOCK_CHARS);
    const isNarrow = bytes.write(chars, "utf8") === chars.length;
    if (!isNarrow) bytes.write(chars, "utf16le");
    const at = quoteIn(isNarrow ? bytes : new Uint16Array(bytes.buffer, 0, chars.length), skip, chars.length, quote);
    if (at < 0) return start - at - 1;
    skip = at - chars.length;
  }
  return -1;
}

/** @returns the quote's offset as a negative number minus one; or where the search ended, which may be one too far */
function quoteIn(units: Uint8Array | Uint16Array, from: number, end: number, quote: number): number {
  let at = from;
  for (; at < end; at++) {
    const unit = units[at];
    if (unit === BACKSLASH) at++;
    else if (unit === quote) return -at - 1;
  }
  return at;
}

/** What the inside of a string says. @param at of the string in the document, for errors */
export function unescapeLong(raw: string, at: number): string {
  const buffer = takeSpareBuffer(2 * raw.length);
  try {
    return narrowText(buffer, raw, at) ?? wideText(buffer, raw, at);
  } finally {
    giveSpareBuffer(buffer);
  }
}

/** Undefined if there is a character that takes more than a byte. */
function narrowText(buffer: Buffer, raw: string, at: number): string | undefined {
  const bytes = buffer.subarray(0, buffer.write(raw, 0, raw.length, "utf8"));
  if (bytes.length !== raw.length || !isAscii(bytes)) return undefined;
  const length = unescapeUnits(bytes, raw, at, LAST_LATIN1);
  return length === TOO_WIDE ? undefined : latin1Text(bytes.subarray(0, length));
}

function wideText(buffer: Buffer, raw: string, at: number): string {
  buffer.write(raw, "utf16le");
  const length = unescapeUnits(new Uint16Array(buffer.buffer, buffer.byteOffset, raw.length), raw, at, 0xffff);
  return ucs2Text(buffer.subarray(0, 2 * length));
}

/**
 * Resolves the escapes of `raw`, which is what `units` hold, in place: nothing becomes longer.
 * @returns how many units are left, or TOO_WIDE if one is more than `most`
 */
function unescapeUnits(units: Uint8Array | Uint16Array, raw: string, at: number, most: number): number {
  const { length } = units;
  let to = 0;
  for (let from = 0; from < length;) {
    const unit = units[from] ?? 0;
    if (unit !== BACKSLASH) {
      units[to++] = unit;
      from++;
      continue;
    }
    const letter = units[from + 1] ?? 0;
    const short = SHORT[letter] ?? 0;
    if (short !== 0) {
      units[to++] = short;
      from += 2;
    } else if (letter === NEWLINE) from += 2;
    else {
      const { text, end } = longEscape(raw, from, at);
      for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i);
        if (code > most) return TOO_WIDE;
        units[to++] = code;
      }
      from = end;
    }
  }
  return to;
}
