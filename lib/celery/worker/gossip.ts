import process from "node:process";
import { isPlainObject } from "../../base/pyvalue.ts";
import { type Clock, systemClock, type Timer } from "../../base/time.ts";
import type { Broadcast, Exchange, Queue, Subscription, Transport } from "../transport/transport.ts";
import type { EventDispatcher, EventQueueOptions } from "./events.ts";
import type { LogicalClock } from "../logical_clock.ts";
import type { WorkerLog } from "./log.ts";
import * as lines from "./log_lines.ts";

export interface GossipOptions {
  readonly transport: Transport;
  readonly exchange: Exchange;
  readonly node: string;
  readonly events: EventDispatcher;
  readonly logicalClock: LogicalClock;
  readonly log: WorkerLog;
  /** Reads the body of an event message. */
  readonly decode: (broadcast: Broadcast) => unknown;
  /** Of the queue that hears the others. */
  readonly queue: EventQueueOptions;
  /** Does what an election was held for. */
  readonly onElected: (topic: string, action: unknown) => void;
  readonly newId: () => string;
  readonly clock?: Clock;
}

/** How often silent neighbours are looked for. */
const CHECK_MS = 5000;
/** A neighbour is lost after so many missed heartbeats. */
const MISSED_BEATS = 2;
/** Beyond these, further neighbours and elections are not followed. */
const MAX_PEERS = 10_000;
const MAX_ELECTIONS = 1000;

interface Ballot {
  readonly clock: number;
  readonly candidate: string;
  readonly topic: string;
  readonly action: unknown;
}

/**
 * Listens to what other workers say of themselves: who is there, who has fallen silent, what time it is on their logical
 * clocks, and elections.
 *
 * Source: celery 5.6 celery/worker/consumer/gossip.py
 *
 * Owns: a subscription and a timer. `stop` ends both.
 */
export class Gossip {
  readonly #options: GossipOptions;
  readonly #clock: Clock;
  /** When each neighbour has to be heard of again, monotonic. */
  readonly #peers = new Map<string, number>();
  readonly #ballots = new Map<string, Ballot[]>();
  /** Who has acknowledged the elections that were called here. */
  readonly #acks = new Map<string, Set<string>>();
  #subscription: Subscription | undefined;
  #timer: Timer | undefined;

  constructor(options: GossipOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  get peers(): readonly string[] {
    return [...this.#peers.keys()];
  }

  async start(): Promise<void> {
    const { transport, exchange, newId } = this.#options;
    const queue: Queue = {
      name: `${exchange.name}.${newId()}`,
      exchange,
      routingKey: "worker.#",
      ...this.#options.queue,
      arguments: { "x-expires": 60_000, "x-message-ttl": 2000 },
    };
    this.#subscription = await transport.subscribe(queue, (broadcast) => this.#heard(broadcast));
    this.#arm();
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.#subscription?.close();
  }

  /** Asks all workers to agree on the one that does `action`. */
  elect(id: string, topic: string, action: unknown): void {
    if (this.#acks.size >= MAX_ELECTIONS) return;
    this.#acks.set(id, new Set());
    this.#options.events.send("worker-elect", { id, topic, action, cver: 1 });
  }

  #heard(broadcast: Broadcast): void {
    if (!broadcast.routingKey.startsWith("worker.")) return; // where patterns are off, everything comes
    let event: unknown;
    try {
      event = this.#options.decode(broadcast);
    } catch {
      return; // nothing that a worker sends
    }
    if (!isPlainObject(event) || typeof event.hostname !== "string") return;
    this.#options.logicalClock.adjust(event.clock);
    switch (broadcast.routingKey) {
      case "worker.elect":
        return this.#nominated(event);
      case "worker.elect.ack":
        return this.#acknowledged(event, event.hostname);
      case "worker.offline":
        return void this.#peers.delete(event.hostname);
      default:
        if (event.hostname === this.#options.node || this.#peers.size >= MAX_PEERS) return;
        this.#peers.set(event.hostname, this.#clock.monotonic() + frequencyOf(event.freq) * 1000 * MISSED_BEATS);
    }
  }

  #nominated(event: Record<string, unknown>): void {
    const { id, clock, hostname, pid, topic, action } = event;
    if (typeof id !== "string" || typeof clock !== "number" || typeof topic !== "string") return;
    if (!this.#ballots.has(id) && this.#ballots.size >= MAX_ELECTIONS) return;
    const ballot = { clock, candidate: `${hostname}.${pid}`, topic, action };
    this.#ballots.set(id, [...this.#ballots.get(id) ?? [], ballot]);
    this.#options.events.send("worker-elect-ack", { id });
  }

  #acknowledged(event: Record<string, unknown>, from: string): void {
    const id = String(event.id);
    const acks = this.#acks.get(id);
    if (acks === undefined) return; // called by somebody else
    acks.add(from);
    if (acks.size < this.#peers.size + 1) return;
    const [winner] = (this.#ballots.get(id) ?? []).toSorted(earlier);
    this.#acks.delete(id);
    this.#ballots.delete(id);
    const isHere = winner?.candidate === `${this.#options.node}.${process.pid}`;
    if (winner !== undefined && isHere) this.#options.onElected(winner.topic, winner.action);
  }

  #arm(): void {
    this.#timer = this.#clock.after(CHECK_MS, () => {
      const now = this.#clock.monotonic();
      for (const [peer, until] of this.#peers) {
        if (now <= until) continue;
        this.#options.log.write(lines.heartbeatMissed(peer));
        this.#peers.delete(peer);
      }
      this.#arm();
    });
  }
}

/** The smallest clock wins; ties go to the smallest name. */
function earlier(a: Ballot, b: Ballot): number {
  return a.clock - b.clock || (a.candidate < b.candidate ? -1 : 1);
}

function frequencyOf(value: unknown): number {
  return typeof value === "number" && value > 0 ? value : 2;
}
