/**
 * Strings, files and additions over plain TCP.
 *
 * @example
 * ```ts
 * const server = await SocketServer.start({ address: { host: "127.0.0.1", port: 0 }, reply: (text) => text.toUpperCase() });
 * const client = await SocketClient.connect(server.address);
 * await client.ask("hello"); // "HELLO"
 * await client.close();
 * await server.close();
 * ```
 * @module
 */
export { ADDITION_PORT, addOver, serveAddition } from "./addition.ts";
export type { Addition, AdditionServerOptions } from "./addition.ts";
export { runAddition, runClient, runServer } from "./cli.ts";
export { SocketClient } from "./client.ts";
export type { SocketClientOptions } from "./client.ts";
export { ConfinedFolder } from "./confined_folder.ts";
export { TransferError } from "./errors.ts";
export { RateLimit } from "./rate_limit.ts";
export { askRaw, getRaw, sendRaw } from "./raw_client.ts";
export type { RawClientOptions } from "./raw_client.ts";
export type { ReceiveOptions } from "./receive_files.ts";
export type { SendOptions } from "./send_files.ts";
export { DEFAULT_HOST, DEFAULT_PORT, SocketServer } from "./server.ts";
export type { RawMode, Reply, SocketServerOptions } from "./server_options.ts";
export { SourceList } from "./source.ts";
export type { FileOutcome, TransferEvents, TransferOptions, TransferReport } from "./transfer.ts";
export { addNumbers, formatNumber, parseNumber } from "./wire/addition.ts";
export type { Numeric } from "./wire/addition.ts";
export { parseFileName } from "./wire/file_name.ts";
export type { Entry, Existing, FailureCode } from "./wire/message.ts";
