import { Deferred } from "../../base/deferred.ts";
import { ConnectionError, TimeoutError } from "../../base/errors.ts";
import { type Clock, systemClock, withDeadline } from "../../base/time.ts";
import type { KnownQueue } from "../routing/queue.ts";
import type { Consumer, Delivery, Queue, Route, Transport } from "../transport/transport.ts";
import type { Message } from "../wire/message.ts";
import { isTaskV1 } from "../wire/task_message.ts";

export interface MigrationOptions {
  readonly source: Transport;
  readonly destination: Transport;
  /** What is consumed from, as the source has it. */
  readonly queues: readonly KnownQueue[];
  /** New names of queues, and with them of exchanges and routing keys of the same name. */
  readonly renames: ReadonlyMap<string, string>;
  /** Reads a body. @throws what ends the migration */
  readonly decode: (message: Message) => unknown;
  /** Names of the tasks that are wanted; empty: all. What is not wanted stays where it is. */
  readonly tasks: ReadonlySet<string>;
  /** Ends after so many; 0: never. */
  readonly limit: number;
  /** Ends when nothing came for so long; undefined: never. */
  readonly idleMs: number | undefined;
  /** Takes from the source what the destination has confirmed. Otherwise everything is back there at the end. */
  readonly acknowledges: boolean;
  readonly onMigrated: (progress: MigrationProgress) => void;
  /** So many are given back to the source now. */
  readonly onRestoring: (count: number) => void;
  /** Ends as idling does. */
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

export interface MigrationProgress {
  /** From 1. */
  readonly count: number;
  /** Messages that the queues held at the start; 0 where that is not known. */
  readonly total: number;
  /** The decoded body. */
  readonly payload: unknown;
}

/** So many are on their way to the destination at once. */
const BATCH = 100;
/** So many are taken from the source at once, where each that is done with makes room for another. */
const AHEAD = 2 * BATCH;

/**
 * Publishes at one broker what waits at another: the same bytes with the same headers, and the properties that Celery knows.
 *
 * A message is acknowledged at the source after the destination has confirmed it: what goes wrong in between leaves it at both.
 * Celery's own fails at a message with an expiry, and at `-T` with messages of protocol 2, and leaves the last message of a limit
 * unacknowledged and unmentioned; here these do what they say.
 *
 * Source: celery 5.6 celery/contrib/migrate.py `migrate_tasks`, `Filterer`
 */
export class Migration {
  readonly #options: MigrationOptions;
  readonly #queues: ReadonlyMap<string, Queue>;
  readonly #inbox: Delivery[] = [];
  #arrival = new Deferred<void>();
  #failure: Error | undefined;
  #count = 0;
  #total = 0;

  constructor(options: MigrationOptions) {
    this.#options = options;
    this.#queues = new Map(options.queues.map((queue) => [queue.name, queue]));
  }

  /** @returns how many were migrated @throws {ConnectionError} and what `decode` throws */
  async run(): Promise<number> {
    const { queues, source, destination, renames } = this.#options;
    for (const queue of queues) {
      await source.declareQueue(queue);
      await destination.declareQueue(renamed(queue, renames));
      this.#total += (await source.counts(queue)).messages;
    }
    const consumer = await this.#consume();
    try {
      while (!this.#isComplete && await this.#hasMore()) await this.#migrate(this.#inbox.splice(0, BATCH));
    } finally {
      await this.#end(consumer);
    }
    return this.#count;
  }

  #consume(): Promise<Consumer> {
    const { source, queues, acknowledges } = this.#options;
    return source.consume({
      queues,
      credit: this.#credit,
      onDelivery: (delivery) => {
        this.#inbox.push(delivery);
        this.#arrival.resolve();
      },
      onInterrupted: (reason) => {
        if (!acknowledges) this.#fail("all would come again", reason);
      },
      onCancelled: (reason) => this.#fail("a queue was taken away", reason),
    });
  }

  /** What stays at the source is held until the end, or it would be delivered again: there the queue itself is the bound. */
  get #credit(): number {
    const { limit, tasks, acknowledges } = this.#options;
    if (tasks.size > 0) return 0;
    if (!acknowledges) return limit;
    return limit === 0 ? AHEAD : Math.min(limit, AHEAD);
  }

  async #end(consumer: Consumer): Promise<void> {
    await consumer.stop();
    if (consumer.unsettled > 0) this.#options.onRestoring(consumer.unsettled);
    await consumer.close();
  }

  #fail(why: string, cause: Error): void {
    this.#failure = new ConnectionError(
      `Cannot go on after ${this.#count} messages: the source was lost (${cause.message}), and ${why}`,
      { cause },
    );
    this.#arrival.resolve();
  }

  get #isComplete(): boolean {
    const { limit } = this.#options;
    return limit > 0 && this.#count >= limit;
  }

  /** Waits for a delivery. @returns false when it is over */
  async #hasMore(): Promise<boolean> {
    const { idleMs, signal, clock = systemClock } = this.#options;
    if (this.#failure !== undefined) throw this.#failure;
    if (signal.aborted) return false;
    if (this.#inbox.length > 0) return true;
    this.#arrival = new Deferred();
    try {
      await withDeadline(this.#arrival.promise, { timeoutMs: idleMs, signal, clock, what: "find a message" });
    } catch (error) {
      if (error instanceof TimeoutError || signal.aborted) return false;
      throw error;
    }
    if (this.#failure !== undefined) throw this.#failure;
    return true;
  }

  /** What can be read is migrated, also where what follows cannot. */
  async #migrate(deliveries: readonly Delivery[]): Promise<void> {
    const wanted: { readonly delivery: Delivery; readonly payload: unknown }[] = [];
    let unreadable: { readonly error: unknown } | undefined;
    for (const delivery of deliveries) {
      if (!delivery.isCurrent) continue; // its connection ended: it comes again
      try {
        const payload = this.#options.decode(delivery.message);
        if (this.#isWanted(delivery.message, payload)) wanted.push({ delivery, payload });
      } catch (error) {
        unreadable = { error };
        break;
      }
    }
    const { limit, destination, acknowledges, onMigrated } = this.#options;
    if (limit > 0) wanted.splice(limit - this.#count);
    await Promise.all(wanted.map(({ delivery }) => destination.publish(delivery.message, this.#routeOf(delivery))));
    if (acknowledges) await Promise.all(wanted.map(({ delivery }) => delivery.ack()));
    for (const { payload } of wanted) onMigrated({ count: ++this.#count, total: this.#total, payload });
    if (unreadable !== undefined && !this.#isComplete) throw unreadable.error;
  }

  #isWanted({ headers }: Message, payload: unknown): boolean {
    const { tasks } = this.#options;
    if (tasks.size === 0) return true;
    const name = headers.task ?? (isTaskV1(payload) ? payload.task : undefined);
    return typeof name === "string" && tasks.has(name);
  }

  #routeOf({ exchange, routingKey, queue }: Delivery): Route {
    const { renames } = this.#options;
    return {
      exchange: renames.get(exchange) ?? exchange,
      exchangeType: this.#queues.get(queue)?.exchange.type ?? "direct",
      routingKey: renames.get(routingKey) ?? routingKey,
    };
  }
}

/** A queue as the destination has it: what was named after it is still. */
function renamed(queue: KnownQueue, renames: ReadonlyMap<string, string>): Queue {
  const name = renames.get(queue.name) ?? queue.name;
  const of = (given: string) => given === queue.name ? name : given;
  const { exchange } = queue;
  return { ...queue, name, routingKey: of(queue.routingKey), exchange: { ...exchange, name: of(exchange.name) } };
}
