import type { Socket } from "node:net";
import { UsageError } from "../../base/errors.ts";
import { Deferred } from "../../base/deferred.ts";
import { type Timer, withDeadline } from "../../base/time.ts";
import { type Address, Connection, isUnixAddress, listen, type Listener } from "../../net/mod.ts";
import { connectedLocation, connectedName } from "../connected_socket.ts";
import { newUuidBytes, uuidFromBytes } from "../correlation.ts";
import { createAuthenticator } from "../hmac.ts";
import { type Proxy, proxyCodec, proxyFromState } from "../proxy/proxy.ts";
import type { Untyped } from "../proxy/proxy_types.ts";
import { ClassRegistry } from "../wire/class_registry.ts";
import { createSerializers } from "../wire/serializers.ts";
import type { Uri } from "../wire/uri.ts";
import { ClientConnection } from "./client_connection.ts";
import type { Host } from "./host.ts";
import { Instances } from "./instances.ts";
import { DAEMON_ID, ObjectTable } from "./object_table.ts";
import { type NamedObjects, serveObjects, type ServeSimpleOptions } from "./serve_simple.ts";
import { type DaemonOptions, type DaemonSettings, resolveDaemonSettings } from "./settings.ts";
import { StreamTable } from "./streams.ts";

/** Clients over the limit that may wait to be told so; beyond that they are dropped without a word. */
const REFUSALS = 100;
const NO_FREE_WORKERS = "no free workers, increase server threadpool size";

/**
 * A server for objects: it hears clients, and carries out their calls on what is registered with it.
 *
 *     const daemon = await Daemon.start();
 *     const uri = daemon.register(Warehouse, "example.warehouse");
 *     await daemon.requestLoop();
 *
 * The calls of one connection are carried out in order, connections side by side; methods may be async.
 *
 * Opens: a listening socket, the connections of its clients, timers. `close` ends them all: no client is accepted any
 * more, what is being done is finished and answered, then connections, streams and the socket are closed.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `Daemon`
 */
export class Daemon {
  readonly #settings: DaemonSettings;
  readonly #host: Host;
  readonly #clients = new Set<ClientConnection>();
  readonly #ended = new Deferred<void>();
  #listener: Listener | undefined;
  #connectedSocket: Socket | undefined; // until it is served
  #housekeeping: Timer | undefined;
  #closing: Promise<void> | undefined;

  private constructor(options: DaemonOptions) {
    const settings = resolveDaemonSettings(options);
    this.#settings = settings;
    this.#connectedSocket = settings.connectedSocket;
    const { config, log } = settings;
    const classes = settings.classes ?? new ClassRegistry({ proxies: proxyCodec({ config, log }) });
    const newId = () => uuidFromBytes(newUuidBytes());
    const objects = new ObjectTable({
      requireExpose: config.REQUIRE_EXPOSE,
      location: (nat) => nat ? this.natLocation ?? this.location : this.location,
      newId: () => `obj_${newId().hex}`,
    });
    const streams = new StreamTable({
      lingerMs: settings.lingerMs,
      lifetimeMs: settings.lifetimeMs,
      sweepMs: settings.pollMs,
      maxStreams: settings.maxStreams,
      clock: settings.clock,
      log,
      newId: () => newId().text,
    });
    const daemonObject = new settings.interface({ objects, streams, describe: () => this.describe() });
    objects.add(daemonObject, DAEMON_ID);
    this.#host = {
      settings,
      daemonObject,
      objects,
      streams,
      instances: new Instances(),
      classes,
      serializers: createSerializers({ classes, keepFloats: settings.keepFloats }),
      authenticator: createAuthenticator(settings.hmacKey),
    };
  }

  /** Opens a daemon. @throws {ConnectionError} code ERR_LISTEN if the address cannot be had; {UsageError} for bad options */
  static async start(options: DaemonOptions = {}): Promise<Daemon> {
    const daemon = new Daemon(options);
    await daemon.#open();
    return daemon;
  }

  /**
   * Serves a few objects in one line: starts a daemon, registers them there and, by their names, with the name server, and
   * resolves when the daemon has been closed.
   *
   *     await Daemon.serveSimple(new Map([[Warehouse, "example.warehouse"]]), { print: console.log });
   *
   * @throws {NamingError} `Failed to locate the nameserver`; what `start` and `register` throw. The daemon is closed then.
   */
  static async serveSimple(objects: NamedObjects, options: ServeSimpleOptions = {}): Promise<void> {
    const { host, port, config } = options;
    const own = { ...(host === undefined ? {} : { host }), ...(port === undefined ? {} : { port }) };
    const daemon = options.daemon ?? await Daemon.start({ ...own, ...(config === undefined ? {} : { config }) });
    await serveObjects(daemon, objects, options);
  }

  /** Where clients reach it: `localhost:1234` with the host as it was given, `[::1]:1234`, or `./u:path`. */
  get location(): string {
    if (this.#settings.connectedSocket !== undefined) return connectedLocation(this.#settings.connectedSocket);
    const address = this.address;
    return isUnixAddress(address) ? `./u:${address.path}` : hostPort(this.#settings.host, address.port);
  }

  /** Where clients on the other side of a NAT reach it, if that was said. */
  get natLocation(): string | undefined {
    const { nat } = this.#settings;
    if (nat === undefined) return undefined;
    const address = this.address;
    return hostPort(nat.host, nat.port === 0 && !isUnixAddress(address) ? address.port : nat.port);
  }

  /** The address really bound. */
  get address(): Address {
    if (this.#listener !== undefined) return this.#listener.address;
    throw new UsageError("Cannot tell the daemon's address: it does not listen", { code: "ERR_STATE" });
  }

  /** Clients that are connected. */
  get connectionCount(): number {
    return this.#clients.size;
  }

  /** Classes that are written and read beside Pyro's own. */
  get classes(): ClassRegistry {
    return this.#host.classes;
  }

  /**
   * Makes an object, or a class whose instances the daemon creates, callable under an id.
   *
   * @param objectId default: `obj_` and 32 random hex digits
   * @param force takes the id, and the object, from where they were registered before
   * @throws {DaemonError} where the object or the id is taken; {UsageError} if it exposes what it does not have
   */
  register(target: object, objectId?: string, force = false): Uri {
    if (this.#connectedSocket !== undefined) void Promise.resolve().then(() => this.#serveConnected());
    return this.#host.objects.register(target, objectId, force);
  }

  /** Clients get `unknown object` from now on. @throws {DaemonError} for an object that is not registered */
  unregister(objectOrId: object | string): void {
    this.#host.objects.unregister(objectOrId);
  }

  /**
   * @param nat false gives the internal address where there is an external one
   * @throws {DaemonError} for an object that is not registered here; ids need not be
   */
  uriFor(objectOrId: object | string, nat = true): Uri {
    return this.#host.objects.uriFor(objectOrId, nat);
  }

  /** A proxy that knows its members already. @throws {DaemonError} for what is not registered here */
  proxyFor<T extends object = Untyped>(objectOrId: object | string, nat = true): Proxy<T> {
    const { config, log } = this.#settings;
    return proxyFromState<T>(this.#host.objects.stateOf(objectOrId, nat), { config, log });
  }

  /** Looks at a registered object again, after its class got other members; new proxies see them. */
  resetMetadataCache(objectOrId: object | string): void {
    this.#host.objects.resetMembers(objectOrId);
  }

  /**
   * Resolves when the daemon has been closed.
   * @param condition asked every POLLTIMEOUT; once it is false the daemon is closed
   */
  async requestLoop(condition?: () => boolean): Promise<void> {
    void this.#serveConnected();
    const { clock, pollMs } = this.#settings;
    let timer: Timer | undefined;
    const ask = () => {
      if (condition?.() === false) this.shutdown();
      else timer = clock.after(pollMs, ask);
    };
    if (condition !== undefined) ask();
    await this.#ended.promise;
    timer?.cancel();
  }

  /** Begins to close, and does not wait for it: what a method calls that is to end its own daemon. */
  shutdown(): void {
    void this.close();
  }

  /**
   * Accepts no more clients, lets what is being done end with its answer, and closes everything. A second call returns the
   * same promise.
   *
   * @param drainMs how long calls may still take; then their connections are dropped. Default 5000.
   */
  close(drainMs = 5000): Promise<void> {
    this.#closing ??= this.#close(drainMs);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** One line about the daemon, the answer of `Pyro.Daemon.info()`. */
  describe(): string {
    const { objects, settings } = this.#host;
    const server = settings.connectedSocket === undefined
      ? `<SocketServer_Multiplex on ${this.location}; ${this.#clients.size} connections>`
      : `<SocketServer_ExistingConnection on ${this.location}>`;
    const nat = this.natLocation ?? "None";
    return `${DAEMON_ID} bound on ${this.location}, NAT ${nat}, ${objects.size} objects registered. Servertype: ${server}`;
  }

  async #open(): Promise<void> {
    const { log, tls, mode, maxConnections, handshakeTimeoutMs } = this.#settings;
    if (this.#connectedSocket !== undefined) return this.#keepHouse();
    this.#listener = await listen(this.#bindAddress(), (connection) => this.#serve(connection), {
      tls,
      mode,
      log,
      handshakeTimeoutMs,
      maxConnections: maxConnections + REFUSALS,
    });
    this.#keepHouse();
  }

  #bindAddress(): Address {
    const { unixsocket, host, port, config } = this.#settings;
    if (unixsocket !== undefined) return { path: unixsocket };
    if (host !== "localhost") return { host, port };
    return { host: config.PREFER_IP_VERSION === 6 ? "::1" : "127.0.0.1", port };
  }

  async #serve(connection: Connection): Promise<void> {
    if (this.#closing !== undefined) return connection.abort();
    const isFull = this.#clients.size >= this.#settings.maxConnections;
    const client = new ClientConnection(this.#host, connection, { refusal: isFull ? NO_FREE_WORKERS : undefined });
    if (!isFull) this.#clients.add(client);
    try {
      await client.serve();
    } finally {
      this.#clients.delete(client);
    }
  }

  /** Serves the one client of a connected socket, unless that is done already, and closes when it is gone. */
  async #serveConnected(): Promise<void> {
    const socket = this.#connectedSocket;
    if (socket === undefined) return;
    this.#connectedSocket = undefined;
    const client = new ClientConnection(this.#host, new Connection(socket, connectedName(socket)), { isKnown: true });
    this.#clients.add(client);
    await client.serve();
    await this.close();
  }

  #keepHouse(): void {
    const { housekeeping, clock, pollMs, log } = this.#settings;
    if (housekeeping === undefined) return;
    this.#housekeeping = clock.after(pollMs, () => {
      try {
        housekeeping();
      } catch (error) {
        log.warn("Housekeeping failed", { error });
      }
      if (this.#closing === undefined) this.#keepHouse();
    });
  }

  async #close(drainMs: number): Promise<void> {
    this.#housekeeping?.cancel();
    this.#connectedSocket?.destroy(); // nothing was ever registered
    const drained = Promise.all(Array.from(this.#clients, (client) => client.close()));
    await withDeadline(drained, { timeoutMs: drainMs, what: "finish all calls", clock: this.#settings.clock }).catch(
      (error) => this.#settings.log.warn("Calls are dropped", { error }),
    );
    this.#host.streams.closeAll();
    await this.#listener?.close({ drainMs: 0 });
    this.#host.objects.clear();
    this.#ended.resolve();
  }
}

function hostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
