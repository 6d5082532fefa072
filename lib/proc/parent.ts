import type { Buffer } from "node:buffer";
import process from "node:process";
import { UsageError } from "../base/errors.ts";
import { connect } from "../net/mod.ts";
import { FrameChannel } from "./frame_channel.ts";

/** How a child learns where to meet its parent. Removed from the environment at once, so that grandchildren do not see them. */
export const PARENT_PATH_VARIABLE = "POOL_PARENT_SOCKET";
export const PARENT_TOKEN_VARIABLE = "POOL_PARENT_TOKEN";

/**
 * Child side: meets the parent that started this process.
 *
 * The child does not outlive its parent: when the channel to it ends, for whatever reason, the process exits with code 1
 * unless `onGone` says otherwise. (One that is stuck in a loop and cannot notice is ended by the parent's `Undertaker`.)
 *
 * @throws {UsageError} if this process was not started as a child of a pool.
 */
export async function meetParent(
  onFrame: (payload: Buffer) => void,
  options: { onGone?: () => void } = {},
): Promise<FrameChannel> {
  const path = process.env[PARENT_PATH_VARIABLE];
  const token = process.env[PARENT_TOKEN_VARIABLE];
  delete process.env[PARENT_PATH_VARIABLE];
  delete process.env[PARENT_TOKEN_VARIABLE];
  if (path === undefined || token === undefined) {
    throw new UsageError("Cannot meet the parent: this program is started by a pool, not by hand");
  }
  const gone = options.onGone ?? (() => process.exit(1));
  process.once("disconnect", gone);
  process.on("SIGINT", () => {}); // Ctrl-C reaches the whole process group; the parent decides what it means
  const channel = new FrameChannel(await connect({ path }));
  channel.send(new TextEncoder().encode(token));
  channel.read(onFrame).then(gone, gone);
  return channel;
}
