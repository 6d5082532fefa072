/**
 * Short texts that come again and again (names of queues and headers, content types), found by their bytes: many times
 * quicker than decoding each anew.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import type { Buffer } from "node:buffer";

/** Ids are longer, and never come twice. */
const MAX_BYTES = 24;
const SLOTS = 512;

/** Remembers one ASCII text a slot; whatever falls into the same slot takes its place. */
export class KnownTexts {
  readonly #slots = new Array<string>(SLOTS).fill("");

  /** The text of `size` bytes from `at`, malformed UTF-8 as U+FFFD. */
  read(bytes: Buffer, at: number, size: number): string {
    if (size === 0) return "";
    if (size > MAX_BYTES) return bytes.toString("utf8", at, at + size);
    const [first, middle, last] = [bytes[at] ?? 0, bytes[at + (size >> 1)] ?? 0, bytes[at + size - 1] ?? 0];
    const slot = (size * 67 + first * 31 + middle * 7 + last) % SLOTS;
    const known = this.#slots[slot] ?? "";
    if (known.length === size && isSame(known, bytes, at)) return known;
    const text = bytes.toString("utf8", at, at + size);
    if (text.length === size) this.#slots[slot] = text; // one that is not ASCII is never the same as its bytes
    return text;
  }
}

function isSame(text: string, bytes: Buffer, at: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[at + i]) return false;
  return true;
}
