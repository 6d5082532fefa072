import * as net from "node:net";
import { chmodSync } from "node:fs";
import { asError, ConnectionError, UsageError } from "../base/errors.ts";
import { onAbort } from "../base/abort.ts";
import type { Logger } from "../base/log.ts";
import { type Address, checkAddress, describeAddress, isUnixAddress } from "./address.ts";
import type { Connection } from "./connection.ts";
import { type ConnectionHandler, Reception } from "./reception.ts";
import { explainSocketError } from "./socket_error.ts";
import { createTlsServer, type TlsOptions } from "./tls.ts";

export interface ListenOptions {
  /** Ends the attempt to listen; a listener that stands is ended by `close`. */
  readonly signal?: AbortSignal | undefined;
  readonly tls?: TlsOptions | undefined;
  /** Connections beyond this, unfinished handshakes included, are closed at once. Default 10000. */
  readonly maxConnections?: number;
  /** Connections the system queues before `accept`. Default 511. */
  readonly backlog?: number;
  /** Permission bits of a unix socket. Default 0o600: only this user. */
  readonly mode?: number;
  /** Unsent bytes beyond which a connection's `send` waits. Default 1 MiB. */
  readonly highWaterBytes?: number;
  /** How long a TLS handshake may take. Default 10000. */
  readonly handshakeTimeoutMs?: number;
  /** Milliseconds of silence before TCP probes a peer. Default 30000; 0 switches it off. */
  readonly keepAliveMs?: number;
  readonly log?: Logger;
}

/** A listening socket. Owns: the server and every connection it accepted; `close` ends both. */
export class Listener {
  /** The address really bound, with the port the system chose. */
  readonly address: Address;
  readonly #server: net.Server;
  readonly #reception: Reception;
  #closing: Promise<void> | undefined;

  /** Built by `listen`. */
  constructor(server: net.Server, address: Address, reception: Reception) {
    this.#server = server;
    this.address = address;
    this.#reception = reception;
  }

  /** Those that are being served. */
  get connections(): ReadonlySet<Connection> {
    return this.#reception.connections;
  }

  /** Stops accepting, lets open connections send what is queued, and drops them after `drainMs` (default 1000). */
  close(options: { drainMs?: number } = {}): Promise<void> {
    this.#closing ??= (async () => {
      const gone = new Promise<void>((resolve) => this.#server.close(() => resolve()));
      await this.#reception.close(options.drainMs ?? 1000);
      await gone;
    })();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Listens on `address` and hands each connection to `handler`.
 *
 * @throws {ConnectionError} code ERR_LISTEN, e.g. when the port is in use; {UsageError} for TLS material that cannot be
 * used; `signal.reason` when aborted.
 */
export async function listen(
  address: Address,
  handler: ConnectionHandler,
  options: ListenOptions = {},
): Promise<Listener> {
  const { signal, tls, keepAliveMs = 30_000 } = options;
  checkAddress(address);
  signal?.throwIfAborted();
  const name = describeAddress(address);
  const reception = new Reception(name, handler, options);

  const server = tls === undefined
    ? net.createServer({
      allowHalfOpen: true,
      noDelay: true,
      ...(keepAliveMs > 0 ? { keepAlive: true, keepAliveInitialDelay: keepAliveMs } : {}),
    })
    : createTlsServer(tls, options.handshakeTimeoutMs ?? 10_000);
  server.on("connection", (socket: net.Socket) => {
    if (!reception.admit(socket)) return;
    if (tls === undefined) reception.serve(socket);
    else if (keepAliveMs > 0) socket.setKeepAlive(true, keepAliveMs);
  });
  server.on("secureConnection", (socket: net.Socket) => reception.serve(socket));
  server.on("tlsClientError", (error: Error, socket: net.Socket) => reception.handshakeFailed(error, socket));

  await bind(server, address, options);
  server.on("error", (error) => reception.acceptFailed(error)); // e.g. EMFILE
  const bound = server.address();
  if (bound === null) throw new UsageError(`Cannot listen on ${name}: it was closed at once`, { code: "ERR_STATE" });
  return new Listener(
    server,
    typeof bound === "string" ? { path: bound } : { host: bound.address, port: bound.port },
    reception,
  );
}

/** Resolves once `server` listens; a unix socket has its permission bits then. */
function bind(server: net.Server, address: Address, options: ListenOptions): Promise<void> {
  const { signal, backlog = 511, mode = 0o600 } = options;
  return new Promise((resolve, reject) => {
    const finish = () => {
      unlisten();
      server.removeListener("error", refuse);
    };
    const fail = (reason: unknown) => {
      finish();
      server.on("error", () => {}); // it is given up; what it adds is not news
      server.close();
      reject(reason);
    };
    const refuse = (error: Error) => {
      const why = explainSocketError(error);
      fail(
        new ConnectionError(`Cannot listen on ${describeAddress(address)}: ${why}`, {
          code: "ERR_LISTEN",
          cause: error,
        }),
      );
    };
    const listening = () => {
      try {
        const isFile = isUnixAddress(address) && !address.path.startsWith("\0"); // an abstract socket has no bits
        if (isFile) chmodSync(address.path, mode);
      } catch (error) {
        return refuse(asError(error));
      }
      finish();
      resolve();
    };
    const unlisten = onAbort(signal, fail);
    server.once("error", refuse);
    if (isUnixAddress(address)) server.listen({ path: address.path, backlog }, listening);
    else server.listen({ host: address.host, port: address.port, backlog }, listening);
  });
}
