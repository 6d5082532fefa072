import { createHash, timingSafeEqual } from "node:crypto";
import * as fsp from "node:fs/promises";
import { asError } from "../base/errors.ts";
import { Deferred } from "../base/deferred.ts";
import type { Logger } from "../base/log.ts";
import { type Connection, isUnixAddress, listen, type Listener } from "../net/mod.ts";
import type { Client } from "./client.ts";
import { preloadedScripts } from "./commands/known_scripts.ts";
import { COMMANDS } from "./commands/table.ts";
import { Executor } from "./executor.ts";
import { claimFolder, makeFolder, newSocketPath } from "./folder_claim.ts";
import { Holders } from "./holders.ts";
import { compact } from "./journal/compaction.ts";
import { folderFiles, type JournalFiles } from "./journal/files.ts";
import { Journal } from "./journal/journal.ts";
import { noJournal } from "./journal/no_journal.ts";
import { recover, type Recovered } from "./journal/recovery.ts";
import { type BrokerOptions, resolveBrokerOptions, type ResolvedBrokerOptions } from "./options.ts";
import { PubSub } from "./pubsub.ts";
import { report } from "./report.ts";
import { internalClient, Server } from "./server.ts";
import type { BrokerControl, BrokerReport, Services } from "./services.ts";
import { ScanCursors } from "./store/scan_cursors.ts";
import { Store } from "./store/store.ts";
import { Waiters } from "./waiters.ts";
import { Watches } from "./watches.ts";

/** Connections over the limit are accepted to be told so. */
const TOLD_OVER_LIMIT = 64;

/**
 * Starts a broker on a data folder; it serves when this resolves.
 *
 * @param files the folder's files; tests put a failing disk here
 * @throws {FolderTakenError} if another broker serves the folder; {ProtocolError} if its journal is damaged
 */
export async function startBroker(options: BrokerOptions, files?: JournalFiles): Promise<Broker> {
  const resolved = resolveBrokerOptions({ ...options, folder: await makeFolder(options.folder) });
  const broker = new Broker(resolved, files ?? folderFiles(resolved.folder), await newSocketPath(resolved.folder));
  try {
    await broker.start();
  } catch (error) {
    await broker.close(`it could not start: ${asError(error).message}`);
    throw error;
  }
  return broker;
}

/**
 * The embedded broker: a queue server that speaks Redis' protocol and keeps what it is told.
 *
 *     starting ──> serving ──close(), SHUTDOWN, idle──> closing ──> closed
 *
 * Opens: the unix socket, the TCP port if asked for, the journal. `close` ends them in this order: what was promised is written and
 * synced, clients are sent what they are owed, and only then the sockets are given up, so that no successor reads an unfinished journal.
 */
export class Broker implements BrokerControl {
  /** Path of the unix socket. */
  readonly socketPath: string;
  /** Settles when the broker has ended, with the reason. Never rejects. */
  readonly closed: Promise<string>;
  readonly options: ResolvedBrokerOptions;
  readonly #closed = new Deferred<string>();
  readonly #log: Logger;
  readonly #files: JournalFiles;
  readonly #startedAt: number;
  readonly #store = new Store();
  readonly #clients = new Map<number, Client>();
  readonly #services: Services;
  readonly #executor: Executor;
  readonly #server: Server;
  readonly #passwordDigest: Uint8Array | undefined;
  /** Undefined where nothing is kept. */
  readonly #journal: Journal | undefined;
  #listeners: Listener[] = [];
  #snapshotBytes = 0;
  #compacting: Promise<void> | undefined;
  #recovered: Recovered | undefined;
  #closing: Promise<void> | undefined;

  /** Built by `startBroker`. */
  constructor(options: ResolvedBrokerOptions, files: JournalFiles, socketPath: string) {
    const { clock, log, maxMemoryBytes } = options;
    this.options = options;
    this.socketPath = socketPath;
    this.closed = this.#closed.promise;
    this.#log = log;
    this.#files = files;
    this.#startedAt = clock.now();
    this.#passwordDigest = options.password === undefined ? undefined : digest(options.password);
    const services: Services = {
      clients: this.#clients,
      commands: COMMANDS,
      cursors: new ScanCursors(),
      holders: new Holders(clock),
      pubsub: new PubSub(),
      scripts: preloadedScripts(),
      waiters: new Waiters(clock),
      watches: new Watches(),
      control: this,
      random: Math.random,
    };
    this.#services = services;
    const store = this.#store;
    store.onTouched((database, key) => {
      services.watches.touched(database, key);
      services.waiters.touched(database, key);
    });
    this.#journal = this.#newJournal();
    const changes = this.#journal ?? noJournal;
    this.#executor = new Executor({ store, services, sink: changes, maxMemoryBytes, clock, log });
    this.#server = new Server({
      ...options,
      executor: this.#executor,
      services,
      clients: this.#clients,
      changes,
      onSecond: () => this.#onSecond(),
    });
    services.holders.onAbandoned((reservations) => {
      this.#server.asNobody((nobody) => {
        const count = this.#executor.takeBack(nobody, reservations);
        if (count > 0) log.warn("Messages of a holder that has gone were given back", { count });
      });
    });
  }

  /** The TCP port that is listened on; undefined without one. */
  get port(): number | undefined {
    const address = this.#listeners.map((listener) => listener.address).find((each) => !isUnixAddress(each));
    return address === undefined || isUnixAddress(address) ? undefined : address.port;
  }

  /** Records read at the start. */
  get recoveredRecords(): number {
    return this.#recovered?.records ?? 0;
  }

  /** For `startBroker`. */
  async start(): Promise<void> {
    const { durability, folder, host, port } = this.options;
    await this.#listen({ path: this.socketPath }, false);
    await claimFolder(folder, this.socketPath, durability);
    if (this.#journal !== undefined) await this.#recover();
    this.#executor.unavailable = undefined;
    this.#services.holders.startAllGraces();
    if (port !== undefined) await this.#listen({ host, port }, this.#passwordDigest !== undefined);
  }

  /** Ends the broker with everything on disk. @param reason for `closed` and the log */
  close(reason = "it was closed"): Promise<void> {
    this.#closing ??= (async () => {
      this.#executor.unavailable = "ERR the broker is closing";
      this.#services.holders.close();
      await this.#compacting;
      this.#server.flush();
      try {
        await this.#journal?.close();
      } catch (error) {
        this.#log.error("Journal could not be closed properly", { error });
      }
      this.#server.close(reason);
      await Promise.all(this.#listeners.map((listener) => listener.close()));
      await fsp.rm(this.socketPath, { force: true });
      this.#log.info("Broker closed", { reason });
      this.#closed.resolve(reason);
    })();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  report(): BrokerReport {
    return report({
      options: this.options,
      store: this.#store,
      services: this.#services,
      executor: this.#executor,
      server: this.#server,
      startedAt: this.#startedAt,
      tcpPort: this.port ?? 0,
      socketPath: this.socketPath,
      journalBytes: this.#journal?.size ?? 0,
      isCompacting: this.#compacting !== undefined,
      refusal: this.#journal?.refusal,
    });
  }

  checkPassword(client: Client, _user: string, password: string): boolean | undefined {
    if (!client.needsPassword || this.#passwordDigest === undefined) return undefined;
    return timingSafeEqual(digest(password), this.#passwordDigest);
  }

  compact(): string | undefined {
    const journal = this.#journal;
    if (journal === undefined) return "there is no journal to compact: the durability is memory";
    if (this.#compacting !== undefined) return "Background append only file rewriting already in progress";
    if (journal.refusal !== undefined) return journal.refusal;
    const { holders } = this.#services;
    const options = {
      files: this.#files,
      journal,
      store: this.#store,
      extra: () => holders.snapshot(),
      log: this.#log,
    };
    this.#compacting = compact(options).then((bytes) => {
      this.#snapshotBytes = bytes;
    }, (error) => this.#log.error("Journal could not be compacted", { error })).finally(() => {
      this.#compacting = undefined;
    });
    return undefined;
  }

  shutDown(reason: string): void {
    void this.close(reason);
  }

  #newJournal(): Journal | undefined {
    const { clock, durability, log } = this.options;
    if (durability === "memory") return undefined;
    return new Journal({
      files: this.#files,
      durability,
      clock,
      log,
      onDurable: () => this.#server.releaseSettled(),
      onFailure: () => this.#server.failWrites(this.#journal?.refusal ?? "MISCONF the journal cannot be written"),
    });
  }

  async #recover(): Promise<void> {
    const { clock, repair } = this.options;
    const replayer = internalClient(clock.now());
    const recovered = await recover({
      files: this.#files,
      repair,
      log: this.#log,
      replay: (words, isFirstOfStep) => {
        if (isFirstOfStep) replayer.database = 0;
        this.#executor.replay(replayer, words);
      },
    });
    this.#recovered = recovered;
    this.#snapshotBytes = recovered.snapshotBytes;
    this.#journal?.open(recovered.end);
    if (!recovered.wasRepaired) return;
    this.compact();
    await this.#compacting;
  }

  async #listen(address: { path: string } | { host: string; port: number }, needsPassword: boolean): Promise<void> {
    const { maxClients } = this.options;
    const serve = (connection: Connection) => this.#server.accept(connection, needsPassword);
    const options = { maxConnections: maxClients + TOLD_OVER_LIMIT, log: this.#log };
    this.#listeners.push(await listen(address, serve, options));
  }

  #onSecond(): void {
    const { compactAtBytes, idleMs } = this.options;
    if (this.#executor.unavailable !== undefined) return;
    if (this.#journal !== undefined && this.#journal.size > Math.max(compactAtBytes, this.#snapshotBytes)) {
      this.compact();
    }
    if (idleMs > 0 && this.#server.aloneMs >= idleMs) this.shutDown(`no client came for ${idleMs} ms`);
  }
}

function digest(password: string): Uint8Array {
  return createHash("sha256").update(password, "latin1").digest();
}
