/**
 * Child processes over `node:child_process`: a pool that keeps them alive and talks to them in frames over a private socket.
 *
 * @example
 * ```ts
 * // child.ts
 * const { channel } = await meetParent((payload) => channel.send(payload)); // an echo
 *
 * // parent.ts
 * const pool = await ChildPool.start({
 *   module: new URL("./child.ts", import.meta.url),
 *   size: 2,
 *   onConnected: (child) => child.send(new TextEncoder().encode("hello")),
 *   onFrame: (child, payload) => console.log(child.pid, payload.toString()),
 * });
 * ```
 * @module
 */
export { Child, type OutputStream } from "./child.ts";
export type { ChildOptions } from "./child.ts";
export { describeExit, findSignal, signalNumber } from "./child_exit.ts";
export type { ChildExit } from "./child_exit.ts";
export { ChildPool } from "./child_pool.ts";
export type { ChildPoolOptions } from "./child_pool.ts";
export { FrameChannel, MAX_CHANNEL_FRAME_BYTES } from "./frame_channel.ts";
export { Note } from "./note.ts";
export { meetParent } from "./parent.ts";
export type { Parent } from "./parent.ts";
