import { silentLogger } from "../../base/log.ts";
import { isUnixAddress } from "../../net/mod.ts";
import { Daemon } from "../daemon/daemon.ts";
import { type DaemonOptions, resolveDaemonSettings } from "../daemon/settings.ts";
import type { Uri } from "../wire/uri.ts";
import { AutoCleaner } from "./auto_cleaner.ts";
import { BroadcastResponder } from "./broadcast.ts";
import { NAME_SERVER_NAME, NameServer } from "./name_server.ts";
import type { NameStore } from "./name_store.ts";
import { openStore } from "./open_store.ts";

export interface NameServerOptions extends DaemonOptions {
  /** `memory`, or `file:PATH` for names that outlive the process. Default: memory. */
  readonly storage?: string;
  /** Answers broadcasts, unless only this machine can reach it, or it has an IPv6 address. Default true. */
  readonly broadcast?: boolean;
  /** Where broadcasts are heard. Default: NS_BCHOST and NS_BCPORT. */
  readonly bchost?: string;
  readonly bcport?: number;
}

/** The registration of the name server itself. */
const OWN_TAG = "class:Pyro4.naming.NameServer";

/**
 * A name server: a daemon with one object, which others register with.
 *
 * Opens: the daemon, the store, a UDP socket for broadcasts, the cleaner. `close` closes all of them.
 *
 * Spec: Pyro4 4.82 `Pyro4/naming.py` `NameServerDaemon`, `startNS`
 */
export class NameServerDaemon {
  readonly daemon: Daemon;
  readonly nameServer: NameServer;
  /** What clients use; with `nathost` the external one. */
  readonly uri: Uri;
  readonly internalUri: Uri;
  /** Why broadcasts are not answered, or who answers them. */
  readonly broadcast: BroadcastResponder | "off" | "IPv6" | "localhost";
  readonly #store: NameStore;
  readonly #cleaner: AutoCleaner | undefined;
  #closing: Promise<void> | undefined;

  private constructor(parts: {
    readonly daemon: Daemon;
    readonly nameServer: NameServer;
    readonly store: NameStore;
    readonly broadcast: BroadcastResponder | "off" | "IPv6" | "localhost";
    readonly cleaner: AutoCleaner | undefined;
  }) {
    const { daemon, nameServer, store, broadcast, cleaner } = parts;
    this.daemon = daemon;
    this.nameServer = nameServer;
    this.uri = daemon.uriFor(NAME_SERVER_NAME);
    this.internalUri = daemon.uriFor(NAME_SERVER_NAME, false);
    this.broadcast = broadcast;
    this.#store = store;
    this.#cleaner = cleaner;
  }

  /** Opens a name server on NS_PORT, unless `port` says another. @throws what opening its parts throws */
  static async start(options: NameServerOptions = {}): Promise<NameServerDaemon> {
    const { config, log, clock } = resolveDaemonSettings(options);
    const store = openStore(options.storage ?? "memory", log);
    let daemon: Daemon | undefined;
    let cleaner: AutoCleaner | undefined;
    try {
      daemon = await Daemon.start({ port: config.NS_PORT, ...options });
      const nameServer = new NameServer(store);
      daemon.register(nameServer, NAME_SERVER_NAME);
      nameServer.register(NAME_SERVER_NAME, daemon.uriFor(NAME_SERVER_NAME), false, [OWN_TAG]);
      if (config.NS_AUTOCLEAN !== 0) {
        const timeoutMs = (config.COMMTIMEOUT || 5) * 1000;
        cleaner = new AutoCleaner(nameServer, { intervalMs: config.NS_AUTOCLEAN * 1000, timeoutMs, clock, log });
      }
      const broadcast = options.broadcast === false ? "off" : await respond(daemon, options);
      return new NameServerDaemon({ daemon, nameServer, store, broadcast, cleaner });
    } catch (error) {
      await cleaner?.close();
      await daemon?.close();
      store.close();
      throw error;
    }
  }

  /** Names that the store held already, the name server's own not counted. */
  get existing(): number {
    return this.nameServer.count() - 1;
  }

  /** Resolves when it has been closed. */
  requestLoop(): Promise<void> {
    return this.daemon.requestLoop();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    if (this.broadcast instanceof BroadcastResponder) await this.broadcast.close();
    await this.#cleaner?.close();
    await this.daemon.close();
    this.#store.close();
  }
}

/** Same as `NameServerDaemon.start`, by Python's name. */
export function startNS(options: NameServerOptions = {}): Promise<NameServerDaemon> {
  return NameServerDaemon.start(options);
}

/** Answers broadcasts with the internal URI: who hears them is on this side of a NAT. */
async function respond(daemon: Daemon, options: NameServerOptions): Promise<NameServerDaemon["broadcast"]> {
  const { address } = daemon;
  if (isUnixAddress(address)) return "off";
  if (address.host === "::1" || address.host.includes(":")) return "IPv6";
  if (address.host.startsWith("127.")) return "localhost";
  const { config } = resolveDaemonSettings(options);
  return await BroadcastResponder.start(daemon.uriFor(NAME_SERVER_NAME, false), {
    host: options.bchost ?? config.NS_BCHOST ?? undefined,
    port: options.bcport ?? config.NS_BCPORT,
    log: options.log ?? silentLogger,
  });
}
