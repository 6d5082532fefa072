/**
 * `repr` of long texts, straight into the bytes of a document.
 *
 * A text of a megabyte is a string of its own size with every step that makes one, and a string of that size is memory fresh
 * from the system. So it is taken in blocks: each is encoded where it will stand, looked at there, four bytes at a time, and
 * taken back and escaped if it cannot stay as it is.
 *
 * Spec: as `string_repr.ts`. Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import type { Utf8Sink } from "../utf8_sink.ts";
import { BACKSLASH, SINGLE_QUOTE } from "./characters.ts";
import { isPrintable } from "./printable.ts";
import { escapeText, quoteOf } from "./string_repr.ts";

const BLOCK_CHARS = 16 * 1024;
const MOST_BYTES_PER_CHAR = 3;
const FIRST_PRINTABLE = 0x20;
const LAST_ASCII = 0x7f;

/** By byte: the letter behind the backslash of its escape, 0 for what stays, ANOTHER for what has a longer escape. */
const ESCAPES = new Uint8Array(256);
const ANOTHER = 1;
ESCAPES.fill(ANOTHER, 0, FIRST_PRINTABLE);
ESCAPES[LAST_ASCII] = ANOTHER;
for (const [byte, letter] of [[0x09, "t"], [0x0a, "n"], [0x0d, "r"], [BACKSLASH, "\\"], [SINGLE_QUOTE, "'"]] as const) {
  ESCAPES[byte] = letter.charCodeAt(0);
}

/** A byte of UTF-8 that may have an escape, because it is an ASCII character with one. */
const SPECIAL = 1;
/** One that may begin a character with an escape: all of those outside of ASCII do. */
const OTHER = 2;
/** By byte. U+0080 to U+00BF, of which a third is hidden, begin with C2; U+00C0 to U+00FF with C3, and are all visible. */
const KINDS = new Uint8Array(256);
for (let byte = 0; byte <= LAST_ASCII; byte++) if (ESCAPES[byte] !== 0) KINDS[byte] = SPECIAL;
KINDS.fill(OTHER, 0xc4);
KINDS[0xc2] = OTHER;

/** By code unit: SPECIAL as above, OTHER where there surely is, or may be, an escape. Made at the first use. */
let unitKinds: Uint8Array | undefined;

function makeUnitKinds(): Uint8Array {
  const made = new Uint8Array(0x10000);
  made.set(KINDS.subarray(0, LAST_ASCII + 1));
  for (let unit = LAST_ASCII + 1; unit < made.length; unit++) if (!isPrintable(unit)) made[unit] = OTHER;
  return made;
}

let scratch: Buffer | undefined;

/** Writes `repr(text)`. */
export function writeLongText(sink: Utf8Sink, text: string): void {
  const { quote, isQuoteEscaped } = quoteOf(text);
  const mayNeedEscapes = isQuoteEscaped || text.includes("\\");
  sink.write(quote);
  sink.reserve(text.length + MOST_BYTES_PER_CHAR * Math.min(text.length, BLOCK_CHARS));
  for (let at = 0; at < text.length;) {
    const end = blockEnd(text, at);
    writeBlock(sink, text.slice(at, end), isQuoteEscaped, mayNeedEscapes);
    at = end;
  }
  sink.write(quote);
}

/** Surrogates stay together. */
function blockEnd(text: string, at: number): number {
  const end = at + BLOCK_CHARS;
  if (end >= text.length) return text.length;
  return (text.charCodeAt(end - 1) & 0xfc00) === 0xd800 ? end - 1 : end;
}

function writeBlock(sink: Utf8Sink, block: string, isQuoteEscaped: boolean, mayNeedEscapes: boolean): void {
  const room = sink.room(MOST_BYTES_PER_CHAR * block.length);
  const length = room.write(block, "utf8");
  const isAscii = length === block.length; // nothing else is as long in bytes as in units
  if (isAscii && !mayNeedEscapes && !hasControl(room, length)) return sink.advance(length);
  const kinds = isAscii ? SPECIAL : kindsOf(room, length, block);
  if (kinds === 0) return sink.advance(length);
  if ((kinds & OTHER) === 0) {
    const bytes = scratch ??= Buffer.allocUnsafeSlow(MOST_BYTES_PER_CHAR * BLOCK_CHARS);
    room.copy(bytes, 0, 0, length);
    if (writeEscaped(sink, bytes, length, isQuoteEscaped)) return;
  }
  sink.write(escapeText(block, isQuoteEscaped));
}

/** All that occur in a block. Bytes are looked at faster than characters, but of some they tell too little. */
function kindsOf(bytes: Buffer, length: number, block: string): number {
  let kinds = 0;
  if (length < 2 * block.length) {
    for (let at = 0; at < length; at++) kinds |= KINDS[bytes[at] ?? 0] ?? 0;
    if ((kinds & OTHER) === 0) return kinds;
    kinds = 0;
  }
  const table = unitKinds ??= makeUnitKinds();
  for (let at = 0; at < block.length; at++) kinds |= table[block.charCodeAt(at)] ?? 0;
  return kinds;
}

/** True if there is a control character among the first `length` bytes, which are ASCII. */
function hasControl(bytes: Buffer, length: number): boolean {
  const head = -bytes.byteOffset & 3; // words are aligned
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + head, Math.max(0, length - head) >> 2);
  let bits = 0; // the high bit of a byte is set below by one under 0x20, then by 0x7f
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? 0;
    bits |= (word - 0x20202020) | (word + 0x01010101);
  }
  const tail = head + 4 * words.length;
  for (let at = 0; at < Math.min(head, length); at++) if (isControl(bytes[at] ?? 0)) return true;
  for (let at = tail; at < length; at++) if (isControl(bytes[at] ?? 0)) return true;
  return (bits & 0x80808080) !== 0;
}

function isControl(byte: number): boolean {
  return byte < FIRST_PRINTABLE || byte === LAST_ASCII;
}

/** Writes UTF-8 with a backslash where one is enough. @returns false, with nothing written, where something needs more */
function writeEscaped(sink: Utf8Sink, bytes: Buffer, length: number, isQuoteEscaped: boolean): boolean {
  const room = sink.room(2 * length);
  let to = 0;
  for (let at = 0; at < length; at++) {
    const byte = bytes[at] ?? 0;
    const letter = ESCAPES[byte] ?? 0;
    if (letter === 0 || (byte === SINGLE_QUOTE && !isQuoteEscaped)) room[to++] = byte;
    else if (letter === ANOTHER) return false;
    else {
      room[to++] = BACKSLASH;
      room[to++] = letter;
    }
  }
  sink.advance(to);
  return true;
}
