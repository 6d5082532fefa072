import { UsageError } from "../../base/errors.ts";
import type { Config } from "../config.ts";
import type { Exchange, Queue } from "../transport/transport.ts";
import type { HeaderValue } from "../wire/message.ts";
import { exchange, type KnownQueue, queue, type QueueOptions } from "./queue.ts";

/** What of the settings decides over queues. */
export type QueueSettings = Pick<
  Config,
  | "taskQueues"
  | "taskDefaultQueue"
  | "taskDefaultExchange"
  | "taskDefaultExchangeType"
  | "taskDefaultRoutingKey"
  | "taskDefaultQueueType"
  | "taskCreateMissingQueues"
  | "taskCreateMissingQueueType"
  | "taskCreateMissingQueueExchangeType"
  | "taskQueueMaxPriority"
>;

/**
 * The queues of an app by name, and which of them its worker consumes from.
 *
 * Spec: celery 5.6 celery/app/amqp.py `Queues`
 */
export class QueueTable {
  readonly #settings: QueueSettings;
  readonly #queues = new Map<string, KnownQueue>();
  readonly #aliases = new Map<string, KnownQueue>();
  #selected: Map<string, KnownQueue> | undefined;

  constructor(settings: QueueSettings) {
    this.#settings = settings;
    const { taskQueues, taskDefaultQueue } = settings;
    if (Array.isArray(taskQueues)) { for (const item of taskQueues) this.add(item); }
    else if (taskQueues !== null) {
      for (const [name, options] of Object.entries(taskQueues as Record<string, QueueOptions>)) {
        this.add(this.#fromOptions(name, options));
      }
    }
    if (this.#queues.size === 0) this.add(this.#default(taskDefaultQueue));
  }

  /** Where tasks without a route go. */
  get defaultQueue(): KnownQueue {
    return this.get(this.#settings.taskDefaultQueue);
  }

  /** Exchange of queues that name none. */
  get defaultExchange(): Exchange {
    const { taskDefaultExchange, taskDefaultExchangeType, taskDefaultQueue } = this.#settings;
    return exchange(taskDefaultExchange ?? taskDefaultQueue, taskDefaultExchangeType);
  }

  get defaultRoutingKey(): string {
    return this.#settings.taskDefaultRoutingKey ?? this.#settings.taskDefaultQueue;
  }

  /**
   * The queue of that name or alias; made on the spot unless `taskCreateMissingQueues` is off.
   *
   * @throws {UsageError} in Celery's words
   */
  get(name: string): KnownQueue {
    const known = this.#aliases.get(name) ?? this.#queues.get(name);
    if (known !== undefined) return known;
    if (!this.#settings.taskCreateMissingQueues) throw new UsageError(`Queue '${name}' missing from task_queues`);
    return this.add(this.#missing(name));
  }

  has(name: string): boolean {
    return this.#aliases.has(name) || this.#queues.has(name);
  }

  /** Adds a queue, or replaces the one of its name. A text is the name of a queue bound to the default exchange. */
  add(given: Queue | string): KnownQueue {
    const known: KnownQueue = typeof given === "string"
      ? queue(given, { exchange: this.defaultExchange, routingKey: this.defaultRoutingKey })
      : given;
    const added = { ...known, arguments: this.#withMaxPriority(known.arguments) };
    this.#queues.set(added.name, added);
    if (added.alias !== undefined) this.#aliases.set(added.alias, added);
    return added;
  }

  /** Adds a queue that is consumed from whatever was selected. */
  selectAdd(given: Queue | string): KnownQueue {
    const added = typeof given === "string" ? this.get(given) : this.add(given);
    this.#selected?.set(added.name, added);
    return added;
  }

  /** Consumes from these only: `-Q`. */
  select(names: readonly string[]): void {
    if (names.length > 0) this.#selected = new Map(names.map((name) => [name, this.get(name)]));
  }

  /** Does not consume from these: `-X`, `cancel_consumer`. */
  deselect(names: readonly string[]): void {
    this.#selected ??= new Map(this.#queues);
    for (const name of names) this.#selected.delete(name);
  }

  /** The queues to consume from, in order of their selection or definition. */
  get consumeFrom(): readonly KnownQueue[] {
    return [...(this.#selected ?? this.#queues).values()];
  }

  #default(name: string): KnownQueue {
    const isQuorum = this.#settings.taskDefaultQueueType === "quorum";
    return queue(name, {
      exchange: this.defaultExchange,
      routingKey: this.defaultRoutingKey,
      ...(isQuorum ? { queueArguments: { "x-queue-type": "quorum" } } : {}),
    });
  }

  #fromOptions(name: string, options: QueueOptions): KnownQueue {
    return queue(name, { ...(options.exchange === undefined ? { exchange: this.defaultExchange } : {}), ...options });
  }

  #missing(name: string): KnownQueue {
    const { taskCreateMissingQueueType: type, taskCreateMissingQueueExchangeType: exchangeType } = this.#settings;
    return queue(name, {
      ...(exchangeType === null ? {} : { exchangeType }),
      ...(type === "quorum" ? { queueArguments: { "x-queue-type": "quorum" } } : {}),
    });
  }

  #withMaxPriority(given: Queue["arguments"]): Queue["arguments"] {
    const { taskQueueMaxPriority } = this.#settings;
    if (taskQueueMaxPriority === null || "x-max-priority" in given) return given;
    const highest: Record<string, HeaderValue> = { "x-max-priority": taskQueueMaxPriority };
    return { ...given, ...highest };
  }
}
