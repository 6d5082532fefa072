import { type Connection, listen, type Listener } from "../net/mod.ts";
import { ConfinedFolder } from "./confined_folder.ts";
import { fileError } from "./errors.ts";
import { serveRaw } from "./raw_server.ts";
import { resolveServerOptions, type SocketServerOptions } from "./server_options.ts";
import { serveSession } from "./server_session.ts";
import { quoteName } from "./wire/file_name.ts";

export const DEFAULT_HOST = "127.0.0.1";
export const DEFAULT_PORT = 9999;

/** A running server. Owns: the listener, its connections, and the open folder; `close` ends all three. */
export class SocketServer {
  readonly #listener: Listener;
  readonly #folder: ConfinedFolder | undefined;

  private constructor(listener: Listener, folder: ConfinedFolder | undefined) {
    this.#listener = listener;
    this.#folder = folder;
  }

  /** @throws {ConnectionError} if the port is in use; {TransferError} if the folder cannot be opened; {UsageError} */
  static async start(options: SocketServerOptions = {}): Promise<SocketServer> {
    const { address = { host: DEFAULT_HOST, port: DEFAULT_PORT }, tls, maxConnections = 10_000, log } = options;
    const folder = options.folder === undefined ? undefined : await openFolder(options.folder);
    try {
      const settings = resolveServerOptions(options, folder);
      const serve = settings.raw === undefined ? serveSession : serveRaw;
      const handler = (connection: Connection) => serve(connection, settings);
      const listener = await listen(address, handler, { tls, maxConnections, ...(log === undefined ? {} : { log }) });
      return new SocketServer(listener, folder);
    } catch (error) {
      await folder?.close();
      throw error;
    }
  }

  get address(): Listener["address"] {
    return this.#listener.address;
  }

  /** Connections that are being served. */
  get connections(): number {
    return this.#listener.connections.size;
  }

  async close(): Promise<void> {
    await this.#listener.close();
    await this.#folder?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function openFolder(path: string): Promise<ConfinedFolder> {
  try {
    return await ConfinedFolder.open(path);
  } catch (error) {
    throw fileError(`use the folder ${quoteName(path)}`, error);
  }
}
