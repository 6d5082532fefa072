import type { Buffer } from "node:buffer";
import process from "node:process";
import { UsageError } from "../base/errors.ts";
import { connect } from "../net/mod.ts";
import { FrameChannel } from "./frame_channel.ts";
import { Note } from "./note.ts";

/** How a child learns where to meet its parent. Removed from the environment at once, so that grandchildren do not see them. */
export const PARENT_PATH_VARIABLE = "POOL_PARENT_SOCKET";
export const PARENT_TOKEN_VARIABLE = "POOL_PARENT_TOKEN";
export const PARENT_NOTE_VARIABLE = "POOL_PARENT_NOTE";

/** The parent, as its child sees it. */
export interface Parent {
  readonly channel: FrameChannel;
  /** What the child wants known of itself whatever happens to it; see `Child.note`. */
  readonly note: Note;
}

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
): Promise<Parent> {
  const [path, token, note] = [PARENT_PATH_VARIABLE, PARENT_TOKEN_VARIABLE, PARENT_NOTE_VARIABLE].map((name) => {
    const value = process.env[name];
    delete process.env[name];
    return value;
  });
  if (path === undefined || token === undefined || note === undefined) {
    throw new UsageError("Cannot meet the parent: this program is started by a pool, not by hand");
  }
  const gone = options.onGone ?? (() => process.exit(1));
  process.once("disconnect", gone);
  process.on("SIGINT", () => {}); // Ctrl-C reaches the whole process group; the parent decides what it means
  const channel = new FrameChannel(await connect({ path }));
  channel.send(new TextEncoder().encode(token));
  channel.read(onFrame).then(gone, gone);
  return { channel, note: Note.open(note) };
}
