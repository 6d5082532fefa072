import { Buffer } from "node:buffer";
import { setImmediate } from "node:timers";
import { type Clock, type Timer } from "../base/time.ts";
import type { Logger } from "../base/log.ts";
import type { Connection } from "../net/mod.ts";
import { ReplyWriter } from "../redis/wire/mod.ts";
import { Client } from "./client.ts";
import type { Executor } from "./executor.ts";
import type { ChangeLog } from "./journal/change_log.ts";
import { type Reply, writeReply } from "./reply.ts";
import type { Services } from "./services.ts";
import { Session, type SessionHost } from "./session.ts";
import type { CommandWords } from "./store/store.ts";

export interface ServerOptions {
  readonly executor: Executor;
  readonly services: Services;
  /** The same map that `services` shows. */
  readonly clients: Map<number, Client>;
  readonly changes: ChangeLog;
  readonly maxClients: number;
  readonly maxBulkBytes: number;
  readonly outputLimitBytes: number;
  /** How long one command may take to come in, unless it comes quickly. */
  readonly requestTimeoutMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called about once a second. */
  readonly onSecond: () => void;
}

/** Commands that come in at less than this may run into `requestTimeoutMs`. */
const SLOW_BYTES_PER_SECOND = 1024;
/** Expired keys removed in a row before clients are served again. */
const EXPIRE_AT_ONCE = 500;

/**
 * All sessions, and the end of each tick: everybody's changes are written in one go, then everybody's replies leave, each
 * client's in one write.
 *
 * Opens: a timer. Owns: the sessions it accepted; `close` ends them.
 */
export class Server implements SessionHost {
  readonly #options: ServerOptions;
  readonly #sessions = new Set<Session>();
  /** Those with something to send or to go on with at the end of this tick. */
  readonly #awake = new Set<Session>();
  /** Those whose output waits for the journal. */
  readonly #held = new Set<Session>();
  readonly #writer = new ReplyWriter(2, undefined, "latin1");
  #writing: Session | undefined; // whose bytes are in the writer
  #isFlushQueued = false;
  #lastId = 0;
  #accepted = 0;
  #refused = 0;
  #timer: Timer | undefined;
  /** Stands for nobody: runs what no client asked for. */
  readonly #nobody: Client;
  /** Monotonic time since which no client has been connected; undefined while there are some. */
  #aloneSince: number | undefined;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#nobody = internalClient(options.clock.now());
    this.#aloneSince = options.clock.monotonic();
    this.#armTimer();
  }

  get hasWritten(): boolean {
    return this.#options.executor.hasWritten;
  }

  /** Connections accepted and refused since the start. */
  get accepted(): { readonly accepted: number; readonly refused: number } {
    return { accepted: this.#accepted, refused: this.#refused };
  }

  /** Milliseconds since the last client left; 0 while one is there. */
  get aloneMs(): number {
    return this.#aloneSince === undefined ? 0 : this.#options.clock.monotonic() - this.#aloneSince;
  }

  /** Serves a connection until it ends. */
  async accept(connection: Connection, needsPassword: boolean): Promise<void> {
    const { clients, clock, log, maxBulkBytes, maxClients, outputLimitBytes } = this.#options;
    if (clients.size >= maxClients) {
      if (this.#refused++ === 0) log.warn("Client refused: there are too many", { peer: connection.peer, maxClients });
      connection.write(Buffer.from("-ERR max number of clients reached\r\n"));
      return;
    }
    const session = new Session(connection, this, { maxBulkBytes, outputLimit: outputLimitBytes });
    const client = new Client({
      id: ++this.#lastId,
      address: connection.peer,
      connectedAt: clock.now(),
      needsPassword,
      output: session,
    });
    this.#accepted++;
    clients.set(client.id, client);
    this.#sessions.add(session);
    this.#aloneSince = undefined;
    await session.serve(client);
  }

  execute(client: Client, words: CommandWords): void {
    client.lastActiveAt = this.#options.clock.now();
    this.#options.executor.execute(client, words);
  }

  write(session: Session, reply: Reply): void {
    if (this.#writing !== session) this.#hand(session);
    this.#writer.version = session.protocol;
    writeReply(this.#writer, reply);
  }

  unwritten(session: Session): number {
    return this.#writing === session ? this.#writer.length : 0;
  }

  wake(session: Session): void {
    this.#awake.add(session);
    this.#queueFlush();
  }

  leave(session: Session, reason: string): void {
    const { clients, services, log, clock } = this.#options;
    const { client } = session;
    services.waiters.remove(client);
    services.pubsub.remove(client);
    services.watches.clear(client);
    services.holders.leave(client);
    clients.delete(client.id);
    log.debug("Client left", { client: client.id, peer: client.address, reason });
    this.flush(); // what it is still owed leaves before the connection is closed
    this.#sessions.delete(session);
    if (clients.size === 0) this.#aloneSince = clock.monotonic();
  }

  /** The end of a tick; at the next one if nobody calls it now. */
  flush(): void {
    this.#isFlushQueued = false;
    const { changes } = this.#options;
    for (const session of this.#awake) session.resume();
    this.#hand(undefined);
    for (const session of this.#awake) {
      session.hold(changes.appended);
      this.#held.add(session);
    }
    this.#awake.clear();
    changes.flush();
    this.releaseSettled();
  }

  /** Sends what the journal has settled meanwhile. */
  releaseSettled(): void {
    const isSettled = (record: number) => this.#options.changes.isSettled(record);
    for (const session of this.#held) {
      session.release(isSettled);
      if (!session.isHeld) this.#held.delete(session);
    }
  }

  /** The journal lost what was appended and not settled: all who wait for it are told. */
  failWrites(message: string): void {
    this.#hand(undefined);
    for (const session of new Set([...this.#awake, ...this.#held])) session.failWrites(message);
    this.#queueFlush();
  }

  /** Gives back what a dead holder had reserved, or does whatever else no client asked for. */
  asNobody(run: (client: Client) => void): void {
    run(this.#nobody);
    this.#queueFlush();
  }

  /** Hangs up on everybody, with what they are owed. */
  close(reason: string): void {
    this.#timer?.cancel();
    this.flush();
    for (const session of this.#sessions) session.close("drained", reason);
    this.flush();
  }

  /** Moves what is in the writer to the session it belongs to, and lets another begin. */
  #hand(next: Session | undefined): void {
    this.#writing?.take(this.#writer.take());
    this.#writing = next;
  }

  #queueFlush(): void {
    if (this.#isFlushQueued) return;
    this.#isFlushQueued = true;
    setImmediate(() => {
      if (this.#isFlushQueued) this.flush();
    });
  }

  #armTimer(): void {
    this.#timer = this.#options.clock.after(1000, () => {
      this.#armTimer();
      this.#expire();
      this.#dropSlowRequests();
      this.#options.onSecond();
    });
  }

  #expire(): void {
    const { executor } = this.#options;
    if (executor.unavailable !== undefined) return;
    let mayBeMore = true;
    this.asNobody((nobody) => mayBeMore = executor.expireSome(nobody, EXPIRE_AT_ONCE));
    if (mayBeMore) setImmediate(() => this.#expire());
  }

  #dropSlowRequests(): void {
    const { requestTimeoutMs } = this.#options;
    for (const session of this.#sessions) {
      if (session.partial === undefined) continue;
      const ms = performance.now() - session.partial.since;
      if (ms < requestTimeoutMs || session.partial.bytes / ms > SLOW_BYTES_PER_SECOND / 1000) continue;
      session.close("now", `its command did not come whole within ${Math.round(ms)} ms`);
    }
  }
}

/** A client without a connection, for replays and for what the broker does by itself. */
export function internalClient(now: number): Client {
  const output = { send() {}, close() {}, protocol: 2 as const };
  return new Client({ id: 0, address: "broker", connectedAt: now, needsPassword: false, output });
}
