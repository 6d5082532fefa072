/**
 * Bytes as strings, and strings that cost little to make.
 *
 * What a string of a megabyte costs is the memory that it stands in, not the decoding: V8 takes fresh pages from the system
 * for it and gives them back, 4 KiB a page fault. Node keeps strings of more than `EXTERN_APEX` characters outside of V8's
 * heap, in memory that malloc uses again. So what is somewhat shorter is decoded as the head of a longer string, and malloc
 * is told, by a first large block, not to give memory of that size back either.
 *
 * Source: Node 20 `src/string_bytes.cc` `ExternString`; glibc `mallopt(3)`, M_MMAP_THRESHOLD, "dynamic".
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import * as nodeBuffer from "node:buffer";
import { viewOf } from "../../base/bytes.ts";
import { giveSpareBuffer, takeSpareBuffer } from "../../base/spare_buffer.ts";
import { BadPayloadError } from "./errors.ts";

const { Buffer, isAscii, isUtf8 } = nodeBuffer;

const EXTERNAL_CHARS = 0xfbee9;
const WORTH_PADDING_CHARS = EXTERNAL_CHARS / 4;
/** From this size on UTF-8 is decoded in two steps, which is faster than V8's one. */
const LARGE_BYTES = 64 * 1024;
const BLOCK_CHARS = 4096;
const LAST_LATIN1 = 0xff;
/** The largest block that glibc still learns from is 32 MiB. It is never touched, and garbage at once. */
const LESSON_BYTES = 31 * 1024 * 1024;

let paddedLatin1: nodeBuffer.Buffer | undefined;
let paddedUcs2: nodeBuffer.Buffer | undefined;
let isLearned = false;

/**
 * Decodes strict UTF-8: surrogates are refused, a byte order mark is kept.
 * @throws {BadPayloadError} where Python raises UnicodeDecodeError, a ValueError
 */
export function decodeText(bytes: Uint8Array, serializer: string): string {
  if (isAscii(bytes)) return latin1Text(bytes);
  if (!isUtf8(bytes)) {
    throw new BadPayloadError(`Cannot read ${serializer}: the bytes are not UTF-8`, { pythonType: "ValueError" });
  }
  // Some runtimes have no `transcode`.
  if (bytes.length < LARGE_BYTES || typeof nodeBuffer.transcode !== "function") return viewOf(bytes).toString("utf8");
  const wide = nodeBuffer.transcode(bytes, "utf8", "utf16le");
  return narrowText(wide) ?? ucs2Text(wide);
}

/** A text without a character over 255 takes half the memory; undefined if there is one. */
function narrowText(wide: nodeBuffer.Buffer): string | undefined {
  if (wide.byteOffset % 2 !== 0) return undefined;
  const units = new Uint16Array(wide.buffer, wide.byteOffset, wide.length / 2);
  const narrow = takeSpareBuffer(units.length);
  try {
    for (let at = 0; at < units.length;) {
      const end = Math.min(at + BLOCK_CHARS, units.length);
      let all = 0;
      for (; at < end; at++) {
        const unit = units[at] ?? 0;
        all |= unit;
        narrow[at] = unit;
      }
      if (all > LAST_LATIN1) return undefined;
    }
    return latin1Text(narrow.subarray(0, units.length));
  } finally {
    giveSpareBuffer(narrow);
  }
}

/** The characters 0 to 255, one a byte. */
export function latin1Text(bytes: Uint8Array): string {
  const { length } = bytes;
  if (!isWorthPadding(length)) return viewOf(bytes).toString("latin1");
  paddedLatin1 ??= Buffer.alloc(EXTERNAL_CHARS + 1);
  paddedLatin1.set(bytes);
  return paddedLatin1.toString("latin1").slice(0, length);
}

/** UTF-16 code units, two bytes each with the low one first. */
export function ucs2Text(bytes: Uint8Array): string {
  const length = bytes.length / 2;
  if (!isWorthPadding(length)) return viewOf(bytes).toString("utf16le");
  paddedUcs2 ??= Buffer.alloc(2 * (EXTERNAL_CHARS + 1));
  paddedUcs2.set(bytes);
  return paddedUcs2.toString("utf16le").slice(0, length);
}

/** To be called before large blocks of memory are taken and let go of again and again. */
export function keepLargeMemory(): void {
  if (!isLearned) Buffer.allocUnsafeSlow(LESSON_BYTES);
  isLearned = true;
}

function isWorthPadding(chars: number): boolean {
  if (chars < WORTH_PADDING_CHARS) return false;
  keepLargeMemory();
  return chars <= EXTERNAL_CHARS;
}
