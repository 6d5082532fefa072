import { Buffer } from "node:buffer";

/** Bytes of one block: large enough that the system calls do not count. */
export const BLOCK_BYTES = 1024 * 1024;

/** Fresh memory costs more than copying into old: blocks are kept for the next file, up to so many. */
const MAX_SPARE = 8;
const spare: Buffer[] = [];

export function takeBlock(): Buffer {
  return spare.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
}

/** Only by who is sure that nobody reads or writes it any more. */
export function giveBlock(block: Buffer): void {
  if (spare.length < MAX_SPARE) spare.push(block);
}

/**
 * Blocks for sending, used in turns. While one is being read from the disk and one is hashed and queued, at most the
 * connection's high-water mark (1 MiB) of those before is unsent, because each send is awaited: when a block's turn comes
 * again, its bytes have left. That holds for full blocks only; less is copied.
 */
export class BlockRing {
  readonly #blocks = Array.from({ length: 4 }, takeBlock);
  #turn = 0;

  next(): Buffer {
    return this.#blocks[this.#turn++ % this.#blocks.length] ?? takeBlock();
  }

  /** What may be queued for sending: the block itself if it is full, else a copy of its first `count` bytes. */
  static filled(block: Buffer, count: number): Buffer {
    return count === block.length ? block : Buffer.from(block.subarray(0, count));
  }
}
