import { type Clock, systemClock, type Timer } from "../base/time.ts";
import type { Client } from "./client.ts";
import type { CommandWords } from "./store/store.ts";

/** Where a reserved message is recorded, and where it came from. */
export interface Reservation {
  readonly database: number;
  readonly unackedKey: string;
  readonly indexKey: string;
  readonly tag: string;
  /** The very list it was popped from. */
  readonly list: string;
}

interface Holding {
  readonly name: string;
  graceMs: number;
  readonly clients: Set<Client>;
  readonly reservations: Map<string, Reservation>;
  timer: Timer | undefined;
}

/** For holders that reserved but never said how long they may be away. */
const DEFAULT_GRACE_MS = 10_000;

/**
 * Who reserved which messages, so that a dead worker's come back within seconds instead of after the visibility timeout.
 *
 * A holder is a worker, which may have several connections. When the last of them has been gone for the grace time, all that it
 * reserved and did not settle is handed to `onAbandoned`. Holdings outlive a restart of the broker: the journal keeps them.
 */
export class Holders {
  readonly #clock: Clock;
  readonly #holdings = new Map<string, Holding>();
  readonly #byTag = new Map<string, Holding>();
  #onAbandoned: (reservations: readonly Reservation[]) => void = () => {};
  #isClosed = false;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** Messages that are reserved by somebody. */
  get size(): number {
    return this.#byTag.size;
  }

  /** Sets who takes back what a holder left behind. */
  onAbandoned(listener: (reservations: readonly Reservation[]) => void): void {
    this.#onAbandoned = listener;
  }

  /** Binds a connection to a holder. @param client undefined: only notes the grace time, for a replay */
  hold(client: Client | undefined, name: string, graceMs: number): void {
    const holding = this.#holdingOf(name);
    holding.graceMs = graceMs;
    if (client === undefined) return;
    this.leave(client);
    holding.clients.add(client);
    holding.timer?.cancel();
    holding.timer = undefined;
    client.holder = name;
  }

  /** A connection has gone; with the last one of its holder the grace time begins. */
  leave(client: Client): void {
    const holding = client.holder === undefined ? undefined : this.#holdings.get(client.holder);
    client.holder = undefined;
    if (holding?.clients.delete(client)) this.#startGrace(holding);
  }

  reserve(name: string, reservation: Reservation): void {
    this.settle(reservation.tag);
    const holding = this.#holdingOf(name);
    holding.reservations.set(reservation.tag, reservation);
    this.#byTag.set(reservation.tag, holding);
  }

  /** The list that a reserved message was popped from. */
  listOf(tag: string): string | undefined {
    return this.#byTag.get(tag)?.reservations.get(tag)?.list;
  }

  /** The message was acknowledged or went back. */
  settle(tag: string): void {
    const holding = this.#byTag.get(tag);
    if (holding === undefined) return;
    this.#byTag.delete(tag);
    holding.reservations.delete(tag);
    this.#forgetIfIdle(holding);
  }

  /** After a restart: nobody is connected, so everybody's grace time begins. */
  startAllGraces(): void {
    for (const holding of this.#holdings.values()) this.#startGrace(holding);
  }

  /** Commands that bring all this back. */
  snapshot(): CommandWords[] {
    return [...this.#holdings.values()].flatMap(({ name, graceMs, reservations }) => [
      ["Q.HOLD", name, String(graceMs)],
      ...[...reservations.values()].map(({ database, unackedKey, indexKey, tag, list }) => [
        ...["Q.HELD", name, String(database), unackedKey, indexKey, tag, list],
      ]),
    ]);
  }

  /** Stops all timers: what is held stays held until the next start. */
  close(): void {
    this.#isClosed = true;
    for (const holding of this.#holdings.values()) holding.timer?.cancel();
  }

  #holdingOf(name: string): Holding {
    const before = this.#holdings.get(name);
    if (before !== undefined) return before;
    const holding: Holding = {
      name,
      graceMs: DEFAULT_GRACE_MS,
      clients: new Set(),
      reservations: new Map(),
      timer: undefined,
    };
    this.#holdings.set(name, holding);
    return holding;
  }

  #startGrace(holding: Holding): void {
    if (holding.clients.size > 0 || holding.timer !== undefined || this.#isClosed) return;
    holding.timer = this.#clock.after(holding.graceMs, () => this.#abandon(holding));
  }

  #abandon(holding: Holding): void {
    this.#holdings.delete(holding.name);
    for (const tag of holding.reservations.keys()) this.#byTag.delete(tag);
    if (holding.reservations.size > 0) this.#onAbandoned([...holding.reservations.values()]);
  }

  /** A holder without connections that holds nothing need not be remembered. */
  #forgetIfIdle(holding: Holding): void {
    if (holding.reservations.size > 0 || holding.clients.size > 0 || holding.timer === undefined) return;
    holding.timer.cancel();
    this.#holdings.delete(holding.name);
  }
}
