import * as net from "node:net";
import { chmodSync } from "node:fs";
import { ConnectionError, LimitError, UsageError } from "../base/errors.ts";
import { onAbort } from "../base/abort.ts";
import { type Logger, silentLogger } from "../base/log.ts";
import { systemClock } from "../base/time.ts";
import { type Address, checkAddress, describeAddress, isUnixAddress } from "./address.ts";
import { Connection } from "./connection.ts";
import { serverContext, type TlsOptions, wrapServer } from "./tls.ts";

export interface ListenOptions {
  readonly signal?: AbortSignal | undefined;
  readonly tls?: TlsOptions | undefined;
  /** Connections beyond this are closed at once. Default 10000. */
  readonly maxConnections?: number;
  /** Connections the system queues before `accept`. Default 511. */
  readonly backlog?: number;
  /** Permission bits of a unix socket. Default 0o600: only this user. */
  readonly mode?: number;
  /** Unsent bytes beyond which a connection's `send` waits. Default 1 MiB. */
  readonly highWaterBytes?: number;
  /** How long a TLS handshake may take. Default 10000. */
  readonly handshakeTimeoutMs?: number;
  readonly log?: Logger;
}

/** Serves one connection; when its promise settles the connection is closed, and what it throws is logged. */
export type ConnectionHandler = (connection: Connection) => void | Promise<void>;

/** A listening socket. Owns: the server and every connection it accepted; `close` ends both. */
export class Listener {
  /** The address really bound, with the port the system chose. */
  readonly address: Address;
  readonly #server: net.Server;
  readonly #connections: Set<Connection>;
  #closing: Promise<void> | undefined;

  /** Built by `listen`. */
  constructor(server: net.Server, address: Address, connections: Set<Connection>) {
    this.#server = server;
    this.address = address;
    this.#connections = connections;
  }

  get connections(): ReadonlySet<Connection> {
    return this.#connections;
  }

  /** Stops accepting, lets open connections send what is queued, and drops them after `drainMs` (default 1000). */
  close(options: { drainMs?: number } = {}): Promise<void> {
    this.#closing ??= (async () => {
      const gone = new Promise<void>((resolve) => this.#server.close(() => resolve()));
      await Promise.all([...this.#connections].map((connection) => connection.close(options.drainMs ?? 1000)));
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
 * @throws {ConnectionError} code ERR_LISTEN, e.g. when the port is in use; `signal.reason` when aborted.
 */
export async function listen(
  address: Address,
  handler: ConnectionHandler,
  options: ListenOptions = {},
): Promise<Listener> {
  const { signal, tls, maxConnections = 10_000, backlog = 511, mode = 0o600, log = silentLogger } = options;
  checkAddress(address);
  signal?.throwIfAborted();
  const name = describeAddress(address);
  const connections = new Set<Connection>();
  const context = tls === undefined ? undefined : serverContext(tls);
  let overLimit = false;

  const serve = (socket: net.Socket) => {
    const peer = socket.remoteAddress === undefined
      ? name
      : describeAddress({ host: socket.remoteAddress, port: socket.remotePort ?? 0 });
    const connection = new Connection(socket, peer, options.highWaterBytes);
    connections.add(connection);
    connection.closed.then(() => connections.delete(connection));
    Promise.resolve().then(() => handler(connection)).then(() => connection.close(), (error) => {
      log.warn("Connection ended with an error", { peer, error });
      connection.abort(error instanceof Error ? error : undefined);
    });
  };

  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    if (connections.size >= maxConnections) {
      if (!overLimit) {
        log.warn("Connection refused", {
          error: new LimitError(`Cannot accept a connection: ${maxConnections} are open`),
        });
      }
      overLimit = true;
      socket.destroy();
      return;
    }
    overLimit = false;
    if (context === undefined || tls === undefined) return serve(socket);
    shakeHands(wrapServer(socket, context, tls), options.handshakeTimeoutMs ?? 10_000, serve, (error) => {
      log.warn("TLS handshake failed", { peer: socket.remoteAddress, error });
    });
  });

  await new Promise<void>((resolve, reject) => {
    const unlisten = onAbort(signal, (reason) => {
      server.close();
      reject(reason);
    });
    server.once("error", (error: NodeJS.ErrnoException) => {
      unlisten();
      const why = error.code === "EADDRINUSE" ? "the address is in use" : error.message;
      reject(
        new ConnectionError(`Cannot listen on ${name}: ${why} (${error.code})`, { code: "ERR_LISTEN", cause: error }),
      );
    });
    const onListening = () => {
      unlisten();
      if (isUnixAddress(address)) chmodSync(address.path, mode);
      resolve();
    };
    if (isUnixAddress(address)) server.listen({ path: address.path, backlog }, onListening);
    else server.listen({ host: address.host, port: address.port, backlog }, onListening);
  });
  server.removeAllListeners("error");
  server.on("error", (error) => log.error("Listening socket failed", { address: name, error })); // e.g. EMFILE on accept

  const bound = server.address();
  if (bound === null) throw new UsageError(`Cannot listen on ${name}: it was closed at once`, { code: "ERR_STATE" });
  return new Listener(
    server,
    typeof bound === "string" ? { path: bound } : { host: bound.address, port: bound.port },
    connections,
  );
}

function shakeHands(
  secure: net.Socket,
  timeoutMs: number,
  serve: (socket: net.Socket) => void,
  failed: (error: Error) => void,
): void {
  const onError = (error: Error) => {
    timer.cancel();
    failed(error);
    secure.destroy();
  };
  const timer = systemClock.after(
    timeoutMs,
    () => onError(new ConnectionError(`Cannot finish the TLS handshake: the peer took more than ${timeoutMs} ms`)),
  );
  secure.once("error", onError);
  secure.once("secure", () => {
    timer.cancel();
    secure.removeListener("error", onError);
    serve(secure);
  });
}
