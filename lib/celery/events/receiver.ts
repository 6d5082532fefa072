import { randomUUID } from "node:crypto";
import { isPlainObject } from "../../base/pyvalue.ts";
import type { Celery } from "../app.ts";
import { brokerUrls, eventQueueOptions } from "../connection_options.ts";
import type { Broadcast, Queue, Subscription, Transport } from "../transport/transport.ts";
import { eventExchange } from "../worker/events.ts";
import { type MonitorEvent, numberOf } from "./event.ts";

const SECONDS_PER_HOUR = 3600;
const RECONNECT_BACKOFF = { startMs: 200, stepMs: 200, maxMs: 5000 } as const;

export interface ReceiveOptions {
  /** Which events, as a pattern of topics: `task.#`, `worker.heartbeat`. Task events come in batches under `task.multi`. Default all. */
  readonly routingKey?: string;
  /** Ask all workers for a heartbeat at the start, and after an outage: those that are there show up at once. Default true. */
  readonly wakeup?: boolean;
  /** Move timestamps by the hours between the sender's time zone and ours, as Celery does. Default true. */
  readonly localize?: boolean;
  /** Told when the broker is lost, or not there to begin with, with the reason, and when it is there, with undefined. */
  readonly onOutage?: (reason: Error | undefined) => void;
  /** Ends waiting for a broker that is not there. */
  readonly signal?: AbortSignal;
}

/**
 * Hears what workers and clients tell of themselves, until it is closed; an outage of the broker is waited out, however long.
 *
 * Source: celery 5.6 celery/events/receiver.py
 *
 * Owns: a transport and a subscription, and holds the process. `close` ends all three.
 */
export class EventReceiver {
  readonly #app: Celery;
  readonly #transport: Transport;
  readonly #options: ReceiveOptions;
  readonly #listener: (event: MonitorEvent) => void;
  #subscription: Subscription | undefined;
  #closing: Promise<void> | undefined;
  #isOut = false;

  private constructor(
    app: Celery,
    transport: Transport,
    listener: (event: MonitorEvent) => void,
    options: ReceiveOptions,
  ) {
    this.#app = app;
    this.#transport = transport;
    this.#listener = listener;
    this.#options = options;
  }

  /** @param listener called with each event; it is held for broken if it throws, and the receiver goes on */
  static async open(
    app: Celery,
    listener: (event: MonitorEvent) => void,
    options: ReceiveOptions = {},
  ): Promise<EventReceiver> {
    // The app's own transport would give up as a client does; a monitor waits as long as it takes, and notices what is lost.
    const transport = await app.openTransport({
      urls: brokerUrls(app.conf, "read"),
      maxAttempts: 0,
      backoff: RECONNECT_BACKOFF,
      heartbeatSeconds: app.conf.brokerHeartbeat,
      background: false,
    });
    const receiver = new EventReceiver(app, transport, listener, options);
    app.hold.take();
    try {
      await receiver.#start();
    } catch (error) {
      await receiver.close();
      throw error;
    }
    return receiver;
  }

  async #start(): Promise<void> {
    const transport = this.#transport;
    const { signal, onOutage } = this.#options;
    transport.onState((state) => {
      if (state.kind === "waiting" && !this.#isOut) {
        this.#isOut = true;
        onOutage?.(state.reason);
      } else if (state.kind === "ready" && this.#isOut) {
        this.#isOut = false;
        onOutage?.(undefined);
        // Those that beat of themselves show up a little later.
        if (this.#subscription !== undefined) this.#wakeUp().catch(() => {});
      }
    });
    const onBroadcast = (broadcast: Broadcast) => this.#heard(broadcast);
    this.#subscription = await transport.subscribe(this.#queue(), onBroadcast, signal === undefined ? {} : { signal });
    await this.#wakeUp();
  }

  async #wakeUp(): Promise<void> {
    if (this.#options.wakeup !== false) await this.#app.control.heartbeat();
  }

  #queue(): Queue {
    const { conf } = this.#app;
    return {
      name: `${conf.eventQueuePrefix}.${randomUUID()}`,
      exchange: eventExchange(conf.eventExchange, this.#transport.name),
      routingKey: this.#options.routingKey ?? "#",
      ...eventQueueOptions(conf),
      arguments: { "x-expires": conf.eventQueueExpires * 1000, "x-message-ttl": conf.eventQueueTtl * 1000 },
    };
  }

  /** One event, or the batch of `task.multi`. */
  #heard({ message }: Broadcast): void {
    let payload: unknown;
    try {
      payload = this.#app.decodeEvent(message);
    } catch {
      return; // not for us
    }
    for (const event of Array.isArray(payload) ? payload : [payload]) {
      if (!isEvent(event)) continue;
      try {
        this.#listener(this.read(event));
      } catch (error) {
        this.#app.log.error("A listener to events has failed", { type: event.type, error });
      }
    }
  }

  /** The event as listeners get it: with our logical time where the sender's is none of ours, and when it was heard. */
  read(sent: MonitorEvent): MonitorEvent {
    const { logicalClock, clock: systemClock } = this.#app;
    const event: Record<string, unknown> & { readonly type: string } = { ...sent };
    if (event.type === "task-sent") {
      event.clock = (logicalClock.value === 0 ? 1 : logicalClock.value) - 1; // the clocks of clients run on their own
      logicalClock.adjust(event.clock);
    } else if (event.clock === undefined) {
      event.clock = logicalClock.forward();
    } else {
      logicalClock.adjust(event.clock);
    }
    const now = systemClock.now();
    const offset = numberOf(event.utcoffset);
    const timestamp = numberOf(event.timestamp);
    if (this.#options.localize !== false && offset !== undefined && timestamp !== undefined) {
      const here = Math.floor(new Date(now).getTimezoneOffset() / 60);
      event.timestamp = timestamp - (offset - here) * SECONDS_PER_HOUR;
    }
    event.local_received = now / 1000;
    return event;
  }

  /** Idempotent. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    try {
      await this.#subscription?.close();
      await this.#transport.close();
    } finally {
      this.#app.hold.give();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function isEvent(value: unknown): value is MonitorEvent {
  return isPlainObject(value) && typeof value.type === "string";
}
