/**
 * Sockets over `node:net`: connect and listen with deadlines, signals and limits, and one reconnect state machine.
 *
 * @example
 * ```ts
 * const listener = await listen({ host: "127.0.0.1", port: 0 }, async (peer) => {
 *   for await (const chunk of peer.chunks()) await peer.send(chunk);
 * });
 * const connection = await connect(listener.address);
 * await connection.send(new TextEncoder().encode("hello"));
 * ```
 * @module
 */
export { checkAddress, describeAddress, isLoopback, isUnixAddress } from "./address.ts";
export type { Address, TcpAddress, UnixAddress } from "./address.ts";
export { Connection } from "./connection.ts";
export type { ChunkHandler } from "./connection.ts";
export { connect } from "./connect.ts";
export type { ConnectOptions } from "./connect.ts";
export { listen, Listener } from "./listen.ts";
export type { ListenOptions } from "./listen.ts";
export type { ConnectionHandler } from "./reception.ts";
export { Supervisor } from "./supervisor.ts";
export type { Supervised, SupervisorOptions, SupervisorState } from "./supervisor.ts";
export type { TlsOptions } from "./tls.ts";
export { DEFAULT_MAX_FRAME_BYTES, encodeFrame, FrameDecoder } from "./wire/length_prefix.ts";
