/**
 * A few large buffers that are used again and again, by whoever needs one for a moment.
 *
 * Memory fresh from the system costs several times the work that is then done in it: a page fault for every 4 KiB. Whoever
 * takes a buffer here gives it back when it is done; one that is not given back is simply garbage.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";

/** Larger ones, and more of them, are not kept. */
const MAX_KEPT_BYTES = 8 * 1024 * 1024;
const MAX_KEPT = 4;
const ROUND_BYTES = 256 * 1024;

const kept: Buffer[] = [];
const lent = new WeakSet<ArrayBufferLike>();

/** A buffer of at least `bytes`, with anything in it. */
export function takeSpareBuffer(bytes: number): Buffer {
  const at = kept.findIndex((buffer) => buffer.length >= bytes);
  const [found] = at === -1 ? [] : kept.splice(at, 1);
  if (found !== undefined) return found;
  const fresh = Buffer.allocUnsafeSlow(Math.ceil(bytes / ROUND_BYTES) * ROUND_BYTES);
  lent.add(fresh.buffer);
  return fresh;
}

/**
 * Gives a buffer back that was taken, or of which `bytes` are a part; nobody may look at it any more. Other bytes are left
 * alone.
 */
export function giveSpareBuffer(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (!lent.has(buffer) || buffer.byteLength > MAX_KEPT_BYTES) return;
  if (kept.some((each) => each.buffer === buffer)) return; // twice is once
  kept.push(Buffer.from(buffer));
  if (kept.length > MAX_KEPT) kept.shift();
}
