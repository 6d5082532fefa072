import { asError, ConnectionError, RemoteError } from "../../base/errors.ts";
import { Deferred } from "../../base/deferred.ts";
import type { Logger } from "../../base/log.ts";
import { type Clock, delay, type Timer } from "../../base/time.ts";
import type { RedisClient } from "../../redis/mod.ts";
import type { Envelope } from "../wire/envelope.ts";
import type { RedisKeys } from "../wire/redis_keys.ts";
import { type Ending, readTaken, RedisDelivery } from "./redis_delivery.ts";
import type { RedisLeases } from "./redis_leases.ts";
import { QueueCycle } from "./redis_queue_cycle.ts";
import type { ListLook } from "./redis_operations.ts";
import type { QueueOrder } from "./redis_options.ts";
import type { TakenMessage } from "./redis_take.ts";
import type { RedisWaiter, WaiterLook } from "./redis_waiter.ts";
import type { ConsumeOptions, Consumer, Queue, Subscription } from "./transport.ts";

export interface RedisConsumerPorts {
  readonly client: RedisClient;
  readonly keys: RedisKeys;
  readonly leases: RedisLeases;
  /** The consumer's own: it is closed with it. */
  readonly waiter: RedisWaiter;
  readonly queueOrder: QueueOrder;
  readonly clock: Clock;
  readonly log: Logger;
  /** Takes up to so many messages from the lists; what a lost connection took with it is not the consumer's business. */
  readonly take: (lists: readonly string[], limit: number, look?: ListLook) => Promise<readonly TakenMessage[]>;
  readonly declare: (queue: Queue) => Promise<void>;
  /** Hears what is broadcast to a fanout queue. */
  readonly listen: (queue: Queue, onEnvelope: (envelope: Envelope) => void) => Promise<Subscription>;
  readonly onStopped: (consumer: RedisConsumer) => void;
}

/** Messages taken at once at most. */
const MAX_BATCH = 256;
/** Bytes taken at once, about: the next batch is as small as the last messages were large. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** After a refusal of the server, which will most likely be the same at once. */
const AFTER_REFUSAL_MS = 1000;
/** Without a successful look at the server for so long, everything is taken for dead and built anew. */
const LIVENESS_MS = 30_000;

/**
 * Consumes lists: takes as many messages as there is credit for, waits when there are none, and goes on after every
 * reconnect, because each round of its loop starts from nothing but the present connection.
 *
 *     ┌─> room? ──no──> sleep until something is settled ─┐
 *     │    │ yes                                          │
 *     │   take ──all that was asked for───────────────────┤
 *     │    │ fewer: the lists are empty                   │
 *     │   wait until one of them holds something ─────────┤
 *     └───────────────────────────────────────────────────┘
 *
 * Owns: the waiter, the subscriptions of its fanout queues, what it holds unsettled.
 */
export class RedisConsumer implements Consumer {
  readonly #ports: RedisConsumerPorts;
  readonly #options: ConsumeOptions;
  readonly #queues = new Map<string, Queue>();
  readonly #cycle: QueueCycle;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #held = new Set<RedisDelivery>();
  readonly #stop = new AbortController();
  readonly #loop: Promise<void>;
  #credit: number;
  #awake: Deferred<void> | undefined; // while the loop sleeps
  #waiting = new AbortController(); // calls the present wait off, or the next
  #revision = 0; // of what there is to look into
  #batch = 64;
  #lastLook: number;
  #watchdog: Timer | undefined;

  private constructor(ports: RedisConsumerPorts, options: ConsumeOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#credit = options.credit;
    this.#cycle = new QueueCycle(ports.queueOrder);
    this.#lastLook = ports.clock.monotonic();
    this.#loop = Promise.resolve().then(() => this.#run());
    this.#watch();
  }

  /** Declares the queues and starts. */
  static async start(ports: RedisConsumerPorts, options: ConsumeOptions): Promise<RedisConsumer> {
    const consumer = new RedisConsumer(ports, options);
    try {
      for (const queue of options.queues) await consumer.addQueue(queue);
    } catch (error) {
      await consumer.stop();
      throw error;
    }
    return consumer;
  }

  get queues(): readonly Queue[] {
    return [...this.#queues.values()];
  }

  get credit(): number {
    return this.#credit;
  }

  get unsettled(): number {
    return this.#held.size;
  }

  async addQueue(queue: Queue): Promise<void> {
    if (this.#queues.has(queue.name)) return;
    this.#queues.set(queue.name, queue);
    try {
      if (queue.exchange.type === "fanout") await this.#subscribe(queue);
      else {
        await this.#ports.declare(queue);
        if (this.#queues.has(queue.name)) this.#cycle.add(queue.name);
      }
    } catch (error) {
      this.#queues.delete(queue.name);
      throw error;
    }
    this.#look();
  }

  async cancelQueue(name: string): Promise<void> {
    this.#queues.delete(name);
    this.#cycle.remove(name);
    this.#look();
    const subscription = this.#subscriptions.get(name);
    this.#subscriptions.delete(name);
    await subscription?.close();
  }

  setCredit(credit: number): void {
    this.#credit = credit;
    this.#wake();
  }

  async stop(): Promise<void> {
    if (!this.#stop.signal.aborted) {
      this.#stop.abort(new ConnectionError("Cannot consume: the consumer was stopped"));
      this.#watchdog?.cancel();
      this.#callOff("the consumer was stopped");
      this.#wake();
      this.#ports.onStopped(this);
    }
    await this.#loop;
    await this.#ports.waiter.close();
    const subscriptions = [...this.#subscriptions.values()];
    this.#subscriptions.clear();
    await Promise.all(subscriptions.map((subscription) => subscription.close()));
  }

  async close(): Promise<void> {
    await this.stop();
    await Promise.all([...this.#held].map((delivery) => delivery.release()));
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#round(signal);
      } catch (error) {
        if (signal.aborted) return;
        const { kind } = this.#ports.client.state;
        if (kind === "closed") this.#options.onCancelled?.(asError(error));
        if (kind === "closed" || kind === "closing") return;
        await this.#recover(asError(error), signal);
      }
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    const revision = this.#revision;
    const room = this.#room();
    const lists = this.#ports.keys.listsInOrder(this.#cycle.order);
    if (room <= 0 || lists.length === 0) return await this.#sleep();
    // Whoever stops must not wait for a server that is away.
    if (this.#ports.client.state.kind !== "ready") await this.#ports.client.ready({ signal });
    // One batch comes from the first queue that has so many; the others have their turn with the next.
    const limit = Math.min(this.#batch, Math.ceil(room / this.#cycle.order.length));
    const look = this.#ports.waiter.look(lists);
    const taken = await this.#ports.take(lists, limit, look); // never called off: what is taken has to be handed over
    this.#lastLook = this.#ports.clock.monotonic();
    for (const message of taken) this.#deliver(message);
    if (taken.length > 0) this.#resize(taken);
    if (taken.length < limit && revision === this.#revision && !signal.aborted) await this.#wait(lists, look);
  }

  #room(): number {
    const credit = this.#credit === 0 ? MAX_BATCH : this.#credit - this.#held.size;
    return this.#options.room === undefined ? credit : Math.min(credit, this.#options.room());
  }

  /** Waits for room, or for queues. */
  async #sleep(): Promise<void> {
    this.#lastLook = this.#ports.clock.monotonic();
    this.#awake = new Deferred<void>();
    await this.#awake.promise;
    this.#lastLook = this.#ports.clock.monotonic();
  }

  async #wait(lists: readonly string[], look: WaiterLook | undefined): Promise<void> {
    const { signal } = this.#waiting;
    try {
      await this.#ports.waiter.wait(lists, signal, look);
      this.#lastLook = this.#ports.clock.monotonic();
    } catch (error) {
      if (!signal.aborted) throw error; // else: called off, because there are other queues now, or it is the end
    }
  }

  #deliver(taken: TakenMessage): void {
    const { keys, leases, log } = this.#ports;
    const { list, tag } = taken;
    const queue = keys.queueOf(list);
    this.#cycle.served(queue);
    const envelope = readTaken(taken.envelope, queue, tag);
    if (tag === undefined) return this.#handOver(new RedisDelivery(envelope, queue, () => Promise.resolve()));
    // Somebody's visibility timeout gave to others what is still worked on here: one of the two runs is enough.
    if (envelope.redelivered && leases.isHeld(tag)) {
      return log.info("A message that is held already was dropped", { tag });
    }
    const lease = leases.hold(tag, list, taken.envelope);
    const delivery = new RedisDelivery(envelope, queue, (ending) => {
      this.#held.delete(delivery);
      if (ending === "ack" || ending === "reject") {
        this.#wake();
        return leases.settle(lease);
      }
      return leases.giveBack(lease, ending === "release" ? "front" : "back").finally(() => this.#wake());
    });
    this.#held.add(delivery);
    if (this.#stop.signal.aborted) delivery.release().catch(() => {}); // it returns by its visibility timeout
    else this.#handOver(delivery);
  }

  #handOver(delivery: RedisDelivery): void {
    this.#options.onDelivery(delivery);
  }

  /** Keeps a batch within bounds in bytes, whatever the size of the messages. */
  #resize(taken: readonly TakenMessage[]): void {
    const bytes = taken.reduce((sum, { envelope }) => sum + envelope.length, 0);
    this.#batch = Math.max(1, Math.min(MAX_BATCH, Math.floor((BATCH_BYTES * taken.length) / Math.max(bytes, 1))));
  }

  async #subscribe(queue: Queue): Promise<void> {
    const subscription = await this.#ports.listen(queue, (envelope) => {
      const delivery: RedisDelivery = new RedisDelivery(envelope, queue.name, (ending: Ending) => {
        this.#held.delete(delivery); // nobody else has it, and nobody waits for it: what comes back is delivered again
        if (ending === "requeue") this.#options.onDelivery(delivery);
        return Promise.resolve();
      });
      if (this.#stop.signal.aborted) return;
      if (this.#options.noAck !== true) this.#held.add(delivery);
      this.#handOver(delivery);
    });
    if (this.#queues.has(queue.name)) this.#subscriptions.set(queue.name, subscription);
    else await subscription.close();
  }

  /** What was waited for may have changed: another round. */
  #look(): void {
    this.#revision++;
    this.#callOff("there are other queues now");
    this.#wake();
  }

  #callOff(why: string): void {
    this.#waiting.abort(why);
    this.#waiting = new AbortController();
  }

  #wake(): void {
    this.#awake?.resolve();
    this.#awake = undefined;
  }

  async #recover(error: Error, signal: AbortSignal): Promise<void> {
    const { log, clock } = this.#ports;
    if (error instanceof ConnectionError) return await delay(1, { clock }); // the next round waits for the next connection
    if (error instanceof RemoteError) log.error("Redis refuses to hand out messages", { error });
    else log.error("Cannot consume", { error });
    await delay(AFTER_REFUSAL_MS, { signal, clock }).catch(() => {}); // stopped: the loop ends
  }

  /** The last resort: a loop that has not looked at the server for long, while it is said to be there, is stuck. */
  #watch(): void {
    const { clock, client, waiter } = this.#ports;
    this.#watchdog = clock.after(LIVENESS_MS / 2, () => this.#watch());
    if (client.state.kind !== "ready") this.#lastLook = clock.monotonic(); // it is not its fault
    const silentMs = clock.monotonic() - this.#lastLook;
    if (silentMs < LIVENESS_MS || this.#room() <= 0) return;
    const reason = new ConnectionError(
      `Cannot consume: the last look at the queues was ${Math.round(silentMs)} ms ago`,
    );
    client.reconnect(reason);
    waiter.reconnect(reason);
  }
}
