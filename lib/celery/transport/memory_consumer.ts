// deno-lint-ignore-file require-await -- async by interface: what is thrown has to reject
import { randomUUID } from "node:crypto";
import { UsageError } from "../../base/errors.ts";
import type { MemoryBroker, Queued } from "./memory_broker.ts";
import type { ConsumeOptions, Consumer, Delivery, Queue } from "./transport.ts";

/**
 * Consumes from queues in memory, in rounds: one message of each queue in turn, as long as there is credit.
 *
 * Owns: its place among the listeners of each queue, and what it holds unsettled.
 */
export class MemoryConsumer implements Consumer {
  readonly #broker: MemoryBroker;
  readonly #options: ConsumeOptions;
  readonly #queues = new Map<string, { readonly queue: Queue; readonly unlisten: () => void }>();
  readonly #held = new Map<string, MemoryDelivery>();
  #credit: number;
  #isPumping = false;
  #isStopped = false;

  constructor(broker: MemoryBroker, options: ConsumeOptions) {
    this.#broker = broker;
    this.#options = options;
    this.#credit = options.credit;
    for (const queue of options.queues) this.#listen(queue);
  }

  get queues(): readonly Queue[] {
    return [...this.#queues.values()].map(({ queue }) => queue);
  }

  get credit(): number {
    return this.#credit;
  }

  get unsettled(): number {
    return this.#held.size;
  }

  async addQueue(queue: Queue): Promise<void> {
    if (!this.#queues.has(queue.name)) this.#listen(queue);
  }

  async cancelQueue(name: string): Promise<void> {
    this.#queues.get(name)?.unlisten();
    this.#queues.delete(name);
  }

  setCredit(credit: number): void {
    this.#credit = credit;
    this.#pump();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const { unlisten } of this.#queues.values()) unlisten();
  }

  async close(): Promise<void> {
    await this.stop();
    for (const delivery of [...this.#held.values()].reverse()) await delivery.release();
  }

  #listen(queue: Queue): void {
    this.#broker.declare(queue);
    this.#queues.set(queue.name, { queue, unlisten: this.#broker.listen(queue.name, () => this.#pump()) });
    this.#pump();
  }

  /** Hands out messages on the next turn of the loop, so that no publisher runs a consumer's code. */
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    queueMicrotask(() => {
      this.#isPumping = false;
      let hasMore = true;
      while (hasMore) {
        hasMore = false;
        for (const name of this.#queues.keys()) hasMore = this.#deliver(name) || hasMore;
      }
    });
  }

  #deliver(name: string): boolean {
    if (this.#isStopped || (this.#credit > 0 && this.#held.size >= this.#credit)) return false;
    if (this.#options.room !== undefined && this.#options.room() <= 0) return false;
    const queued = this.#broker.take(name);
    if (queued === undefined) return false;
    const delivery = new MemoryDelivery(name, queued, (settled, side) => {
      this.#held.delete(settled.deliveryTag);
      if (side !== undefined) this.#broker.put(name, { ...queued, redelivered: true }, side);
      this.#pump();
    });
    if (this.#options.noAck !== true) this.#held.set(delivery.deliveryTag, delivery);
    this.#options.onDelivery(delivery);
    return true;
  }
}

type Settle = (delivery: MemoryDelivery, backTo: "front" | "back" | undefined) => void;

class MemoryDelivery implements Delivery {
  readonly deliveryTag = randomUUID();
  readonly isCurrent = true;
  readonly queue: string;
  readonly #queued: Queued;
  readonly #settle: Settle;
  #isSettled = false;

  constructor(queue: string, queued: Queued, settle: Settle) {
    this.queue = queue;
    this.#queued = queued;
    this.#settle = settle;
  }

  get message(): Queued["message"] {
    return this.#queued.message;
  }

  get exchange(): string {
    return this.#queued.exchange;
  }

  get routingKey(): string {
    return this.#queued.routingKey;
  }

  get redelivered(): boolean {
    return this.#queued.redelivered;
  }

  ack(): Promise<void> {
    return this.#end("acknowledge", undefined);
  }

  reject(): Promise<void> {
    return this.#end("reject", undefined);
  }

  requeue(): Promise<void> {
    return this.#end("requeue", "back");
  }

  release(): Promise<void> {
    return this.#end("release", "front");
  }

  async #end(attempt: string, backTo: "front" | "back" | undefined): Promise<void> {
    if (this.#isSettled) {
      throw new UsageError(`Cannot ${attempt} the delivery: it is settled already`, { code: "ERR_STATE" });
    }
    this.#isSettled = true;
    this.#settle(this, backTo);
  }
}
