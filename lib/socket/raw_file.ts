import { Buffer } from "node:buffer";
import type { FileHandle } from "node:fs/promises";
import type { Connection } from "../net/mod.ts";
import type { TransferOptions } from "./transfer.ts";

const BLOCK_BYTES = 1024 * 1024;
const BLOCKS = 4; // as in file_sender.ts: by the time a block's turn comes again, it has left

/** Sends a file as it is; the caller ends the connection. @returns the bytes sent */
export async function sendBare(
  connection: Connection,
  handle: FileHandle,
  options: TransferOptions = {},
): Promise<number> {
  const { limit, events, signal } = options;
  const blocks = Array.from({ length: BLOCKS }, () => Buffer.allocUnsafeSlow(BLOCK_BYTES));
  let at = 0;
  for (let turn = 0;; turn++) {
    const { bytesRead, buffer } = await handle.read(blocks[turn % BLOCKS] ?? Buffer.alloc(0), 0, BLOCK_BYTES, at);
    if (bytesRead === 0) return at;
    at += bytesRead;
    if (limit !== undefined) await limit.take(bytesRead, signal);
    events?.onBytes?.(bytesRead);
    await connection.send(buffer.subarray(0, bytesRead));
  }
}
