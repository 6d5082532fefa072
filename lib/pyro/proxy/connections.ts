import type { DaemonConnection } from "./daemon_connection.ts";

/**
 * The connections of one proxy: opened when there is something to send, at most so many, the least busy one first.
 *
 * Owns: what `open` returns. `release` ends all of it, also what is still being opened; later calls open anew.
 */
export class Connections {
  readonly #most: number;
  readonly #open: () => Promise<DaemonConnection>;
  #connected: DaemonConnection[] = [];
  #opening = new Set<Promise<DaemonConnection>>();
  #isReleased = false;

  constructor(most: number, open: () => Promise<DaemonConnection>) {
    this.#most = most;
    this.#open = open;
  }

  get isConnected(): boolean {
    return this.#connected.some((connection) => connection.isOpen);
  }

  /** True after `release`, until the next connection is made. */
  get isReleased(): boolean {
    return this.#isReleased;
  }

  /** The connection to send on, if none has to be opened for that. */
  ready(): DaemonConnection | undefined {
    const first = this.#connected[0];
    if (this.#most === 1) return first?.isOpen === true ? first : undefined;
    this.#connected = this.#connected.filter((connection) => connection.isOpen);
    const best = this.#leastBusy();
    const isFull = this.#connected.length + this.#opening.size >= this.#most;
    return best !== undefined && (best.inFlight === 0 || isFull) ? best : undefined;
  }

  /** The connection to send on, opened if need be; callers at one time share what is being opened. */
  async get(): Promise<DaemonConnection> {
    const ready = this.ready();
    if (ready !== undefined) return ready;
    if (this.#opening.size > 0 && this.#connected.length + this.#opening.size >= this.#most) {
      return await Promise.race(this.#opening);
    }
    const opening = this.#begin();
    this.#opening.add(opening);
    try {
      return await opening;
    } finally {
      this.#opening.delete(opening);
    }
  }

  async release(): Promise<void> {
    this.#isReleased = true;
    const connected = this.#connected;
    this.#connected = [];
    this.#opening = new Set();
    await Promise.all(connected.map((connection) => connection.close()));
  }

  async #begin(): Promise<DaemonConnection> {
    const opening = this.#opening; // `release` puts another set in its place
    this.#isReleased = false;
    const connection = await this.#open();
    if (opening !== this.#opening) {
      void connection.close();
      return connection; // it fails who sends on it, with the reason
    }
    this.#connected = this.#connected.filter((each) => each.isOpen);
    this.#connected.push(connection);
    return connection;
  }

  #leastBusy(): DaemonConnection | undefined {
    let best = this.#connected[0];
    for (const each of this.#connected) if (best === undefined || each.inFlight < best.inFlight) best = each;
    return best;
  }
}
