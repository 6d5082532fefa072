import process from "node:process";
import { Buffer } from "node:buffer";
import { type Clock, systemClock } from "../../base/time.ts";
import type { Exchange, Queue, Transport } from "../transport/transport.ts";
import type { LogicalClock } from "../logical_clock.ts";
import type { Content } from "../wire/serializer.ts";

export type EventFields = Readonly<Record<string, unknown>>;

export interface EventDispatcherOptions {
  readonly transport: Transport;
  readonly exchange: Exchange;
  /** Node name. */
  readonly hostname: string;
  readonly logicalClock: LogicalClock;
  /** Send task events from the start (`-E`). */
  readonly taskEvents: boolean;
  /** Default: as JSON. */
  readonly encode?: ((value: unknown) => Content) | undefined;
  readonly clock?: Clock;
}

/** Celery's `buffer_limit`: so many task events make a message. */
const BATCH = 24;
/** Events that wait for the broker to come back; the oldest go first. */
const MAX_WAITING = 10_000;

/** How a queue is kept that hears events. */
export type EventQueueOptions = Pick<Queue, "durable" | "exclusive" | "autoDelete">;

/** Celery's. */
export const EVENT_QUEUE: EventQueueOptions = Object.freeze({ durable: false, exclusive: false, autoDelete: true });

/** The exchange that monitors listen to. On Redis every topic is a pub/sub channel. */
export function eventExchange(name: string, transportName: string): Exchange {
  return { name, type: transportName === "redis" ? "fanout" : "topic", durable: true, autoDelete: false };
}

/**
 * Sends monitoring events. Those about tasks travel in batches, one message each tick (`task.multi`).
 *
 * Source: celery 5.6 celery/events/dispatcher.py, celery/events/event.py
 */
export class EventDispatcher {
  readonly #options: EventDispatcherOptions;
  readonly #clock: Clock;
  readonly #headers: { readonly hostname: string };
  /** With `-E` task events cannot be switched off again: in Celery the set of groups is then empty, which means all. */
  readonly #always: boolean;
  #taskEvents: boolean;
  #batch: EventFields[] = [];
  #flushQueued = false;
  #waiting = 0;

  constructor(options: EventDispatcherOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#headers = { hostname: options.hostname };
    this.#always = options.taskEvents;
    this.#taskEvents = options.taskEvents;
  }

  /** Task events are wanted: ask before building one. */
  get sendsTaskEvents(): boolean {
    return this.#taskEvents;
  }

  /** @returns false if they were sent already */
  enableTaskEvents(): boolean {
    if (this.#taskEvents) return false;
    this.#taskEvents = true;
    return true;
  }

  /** @returns false if they were not sent anyway, or cannot be switched off */
  disableTaskEvents(): boolean {
    if (!this.#taskEvents || this.#always) return false;
    this.#taskEvents = false;
    return true;
  }

  /** @param type e.g. `worker-heartbeat`, `task-started`; its first part is the group */
  send(type: string, fields: EventFields): void {
    if (!type.startsWith("task-")) {
      this.#publish(type.replaceAll("-", "."), this.#event(type, fields));
      return;
    }
    if (!this.#taskEvents) return;
    this.#batch.push(this.#event(type, fields));
    if (this.#batch.length >= BATCH) this.flush();
    else if (!this.#flushQueued) {
      this.#flushQueued = true;
      setImmediate(() => this.flush());
    }
  }

  /** Sends the task events of this tick. */
  flush(): void {
    this.#flushQueued = false;
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    this.#publish("task.multi", batch);
  }

  #event(type: string, fields: EventFields): EventFields {
    return {
      hostname: this.#options.hostname,
      utcoffset: utcOffset(this.#clock.now()),
      pid: process.pid,
      clock: this.#options.logicalClock.forward(),
      ...fields,
      timestamp: this.#clock.now() / 1000,
      type,
    };
  }

  #publish(routingKey: string, body: unknown): void {
    if (this.#waiting >= MAX_WAITING) return; // the broker is away, and what it misses is old news
    this.#waiting++;
    const message = {
      headers: this.#headers,
      properties: { deliveryMode: 1, priority: 0 },
      ...(this.#options.encode ?? inJson)(body),
    } as const;
    const { transport, exchange } = this.#options;
    const sent = () => void this.#waiting--;
    transport.broadcast(exchange, routingKey, message).then(sent, sent); // monitors live with gaps
  }
}

function inJson(value: unknown): Content {
  return { contentType: "application/json", contentEncoding: "utf-8", body: Buffer.from(JSON.stringify(value)) };
}

/** Whole hours west of UTC, as Python computes them. */
function utcOffset(nowMs: number): number {
  return Math.floor(new Date(nowMs).getTimezoneOffset() / 60);
}
