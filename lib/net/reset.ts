/**
 * Resets: how TCP says that a stream is broken, where EOF says that it is complete. Where EOF alone ends a file, it matters
 * which of the two came.
 * @module
 */
import type { Socket } from "node:net";

/**
 * True if what `socket` reported as the peer's end was a reset. libuv takes a hang-up that arrives together with the last
 * bytes for EOF without asking the system why; but the system no longer knows a peer then.
 *
 * Call it in the `end` event, while our own side is open: a connection that ended on both sides has no peer either.
 *
 * Source: libuv 1.46 to 1.51, src/unix/stream.c `uv__stream_io`.
 *
 * @returns false where it cannot be told (TLS, unix sockets, Deno, Bun)
 */
export function wasReset(socket: Socket): boolean {
  const handle: unknown = Reflect.get(socket, "_handle");
  if ("encrypted" in socket || typeof handle !== "object" || handle === null) return false;
  const getpeername: unknown = Reflect.get(handle, "getpeername");
  if (typeof getpeername !== "function") return false;
  const status: unknown = Reflect.apply(getpeername, handle, [{}]);
  return typeof status === "number" && status < 0;
}

/** Destroys `socket` so that the peer sees a reset; so that it sees EOF where a reset cannot be sent. */
export function sendReset(socket: Socket): void {
  try {
    socket.resetAndDestroy();
  } catch {
    socket.destroy(); // TLS and unix sockets have none; some runtimes do not know the method
  }
}
