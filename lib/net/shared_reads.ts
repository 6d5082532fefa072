/**
 * Reading into one buffer that all sockets share.
 *
 * Left to itself, Node reserves 64 KiB for every read and gives them back later: for a stream of files that is more work
 * than the copying (1 GiB: 1.3 s of system time against 0.4 s), and for small messages it is most of the work. Node can
 * read into a given buffer (`onread`), but only lets sockets that connect ask for it, not those that were accepted. So it
 * is asked here in the way its own `net.Socket` asks, and where that way is not found (TLS, Deno, Bun, a Node that
 * changed), sockets are read as usual.
 *
 * Source: Node 20 to 24, lib/net.js `initSocketHandle`, lib/internal/stream_base_commons.js `onStreamRead`.
 * @module
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";

/** Large enough that a file takes few reads, small enough to stay in the processor's cache. */
const SHARED_BYTES = 256 * 1024;
let shared: Buffer | undefined;

/**
 * Makes `socket` hand what it receives to `lend`, which must be done with the bytes when it returns: the next read of any
 * socket overwrites them. What the socket had received before still comes as `data` events.
 *
 * @param target asked after each read where the next is to go; undefined: into the shared buffer
 * @returns false if this socket cannot, and nothing was changed
 */
export function readShared(
  socket: Socket,
  lend: (bytes: Buffer) => void,
  target: () => Uint8Array | undefined = () => undefined,
): boolean {
  const handle: unknown = Reflect.get(socket, "_handle");
  if ("encrypted" in socket || typeof handle !== "object" || handle === null) return false;
  const useUserBuffer: unknown = Reflect.get(handle, "useUserBuffer");
  const symbols = Object.getOwnPropertySymbols(socket);
  const slot = (name: string) => symbols.find(({ description }) => description === name);
  const [buffer, callback, generator] = [slot("kBuffer"), slot("kBufferCb"), slot("kBufferGen")];
  if (typeof useUserBuffer !== "function" || !buffer || !callback || !generator) return false;
  const usual = shared ??= Buffer.allocUnsafeSlow(SHARED_BYTES);
  Reflect.set(socket, buffer, usual);
  Reflect.set(socket, generator, () => {
    const wanted = target();
    return wanted === undefined || wanted.length === 0 ? usual : wanted; // a read into nothing fails
  });
  Reflect.set(socket, callback, (count: number, bytes: Buffer): boolean => {
    lend(bytes.length === count ? bytes : bytes.subarray(0, count));
    return true; // whether to go on is told by pause() and resume()
  });
  Reflect.apply(useUserBuffer, handle, [usual]);
  return true;
}
