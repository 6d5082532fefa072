import type { Socket } from "node:net";
import { asError, LimitError } from "../base/errors.ts";
import { type Logger, silentLogger } from "../base/log.ts";
import { describeAddress } from "./address.ts";
import { Connection } from "./connection.ts";
import { explainSocketError } from "./socket_error.ts";

/** Serves one connection; when its promise settles the connection is closed, and what it throws is logged. */
export type ConnectionHandler = (connection: Connection) => void | Promise<void>;

export interface ReceptionOptions {
  /** Default 10000. */
  readonly maxConnections?: number;
  readonly highWaterBytes?: number;
  readonly log?: Logger;
}

/**
 * What happens to a socket between `accept` and its end: counted, refused over the limit, handed to the handler, closed
 * when the handler is done.
 *
 * Owns: every socket it admitted. Each kind of trouble is logged once per crossing, not once per socket.
 */
export class Reception {
  readonly connections = new Set<Connection>();
  readonly #sockets = new Set<Socket>(); // raw ones, unfinished handshakes included
  readonly #name: string;
  readonly #handler: ConnectionHandler;
  readonly #maxConnections: number;
  readonly #highWaterBytes: number | undefined;
  readonly #log: Logger;
  #isOverLimit = false;
  #isFailing = false;

  /** @param name where the listener listens; stands for peers that have no address */
  constructor(name: string, handler: ConnectionHandler, options: ReceptionOptions) {
    this.#name = name;
    this.#handler = handler;
    this.#maxConnections = options.maxConnections ?? 10_000;
    this.#highWaterBytes = options.highWaterBytes;
    this.#log = options.log ?? silentLogger;
  }

  /** Counts an accepted socket, or destroys it and returns false if there are too many. */
  admit(socket: Socket): boolean {
    this.#isFailing = false;
    if (this.#sockets.size >= this.#maxConnections) {
      socket.on("error", () => {}); // it is refused; how it dies is not news
      socket.destroy();
      if (!this.#isOverLimit) {
        const error = new LimitError(`Cannot accept a connection: ${this.#maxConnections} are open`);
        this.#log.warn("Connections are refused", { address: this.#name, error });
      }
      this.#isOverLimit = true;
      return false;
    }
    this.#isOverLimit = false;
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    return true;
  }

  /** Hands a socket that is ready to talk to the handler. */
  serve(socket: Socket): void {
    const { remoteAddress: host, remotePort: port = 0 } = socket;
    const peer = host === undefined ? this.#name : describeAddress({ host, port });
    const connection = new Connection(socket, peer, this.#highWaterBytes);
    this.connections.add(connection);
    connection.closed.then(() => this.connections.delete(connection));
    Promise.resolve(connection).then(this.#handler).then(() => connection.close(), (error) => {
      this.#log.warn("Connection ended with an error", { peer, error });
      connection.abort(asError(error));
    });
  }

  /** @param socket the TLS socket; if the client's certificate was refused, it knows why */
  handshakeFailed(error: Error, socket: Socket & { readonly authorizationError?: unknown }): void {
    socket.on("error", () => {}); // told below
    socket.destroy();
    if (this.#isOverLimit) return; // it was refused, and that was logged
    const refusal = socket.authorizationError;
    const why = explainSocketError(error, typeof refusal === "string" ? refusal : undefined);
    this.#log.warn("TLS handshake failed", { peer: socket.remoteAddress, why, error });
  }

  /** The system could not accept, e.g. because no more files may be open; it goes on trying. */
  acceptFailed(error: Error): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#log.error("Cannot accept connections", { address: this.#name, why: explainSocketError(error), error });
  }

  /** Closes what is served, dropping it after `drainMs`, and destroys what is not served yet. */
  async close(drainMs: number): Promise<void> {
    await Promise.all([...this.connections].map((connection) => connection.close(drainMs)));
    for (const socket of this.#sockets) socket.destroy();
  }
}
