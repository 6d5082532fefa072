import type { FileHandle } from "node:fs/promises";
import type { Connection } from "../net/mod.ts";
import { BLOCK_BYTES, BlockRing } from "./blocks.ts";
import type { TransferOptions } from "./transfer.ts";

/** Sends a file as it is; the caller ends the connection. @returns the bytes sent */
export async function sendBare(
  connection: Connection,
  handle: FileHandle,
  options: TransferOptions = {},
): Promise<number> {
  const { limit, events, signal } = options;
  const ring = new BlockRing();
  let at = 0;
  while (true) {
    const { bytesRead, buffer } = await handle.read(ring.next(), 0, BLOCK_BYTES, at);
    if (bytesRead === 0) return at;
    at += bytesRead;
    if (limit !== undefined) await limit.take(bytesRead, signal);
    events?.onBytes?.(bytesRead);
    await connection.send(BlockRing.filled(buffer, bytesRead));
  }
}
