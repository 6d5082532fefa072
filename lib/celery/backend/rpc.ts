import { randomUUID } from "node:crypto";
import { Deferred } from "../../base/deferred.ts";
import { asError, ConnectionError, UsageError } from "../../base/errors.ts";
import { type Clock, systemClock } from "../../base/time.ts";
import { decompress } from "../compression.ts";
import type { CallOptions, Consumer, Delivery, Queue, Route, Transport } from "../transport/transport.ts";
import type { Message } from "../wire/message.ts";
import { readResultMeta, writeRpcResult } from "../wire/result_meta.ts";
import type { ChordComplete, ResultBackend, ResultMeta, ResultRequest, ResultTuple } from "./backend.ts";
import type { BackendOptions } from "./options.ts";
import { RpcResults } from "./rpc_results.ts";

const NO_CHORDS = 'The "rpc" result backend does not support chords! ' +
  "Note that a group chained with a task is also upgraded to be a chord, as this pattern requires synchronization. " +
  "Result backends that support chords: Redis";
const NO_GROUPS = 'The "rpc" result backend keeps no groups: its results are gone once they were read';
const BARRIER_PREFIX = "caught-up:";

type MetaListener = (meta: ResultMeta) => void;

interface Watcher {
  readonly onMeta: MetaListener;
  readonly failed: Deferred<never>;
}

/**
 * `rpc://`: results are messages to a queue of the process that sent the task, which alone can read them.
 *
 * The queue is declared before the first task goes out, and consumed from the first time that somebody asks for a result: a
 * program that never asks leaves its results with the broker, where they go with the queue. Once it is consumed from, the last
 * result of each task is kept here, up to a limit.
 *
 * Owns: the consumer of its queue; the watchers, whose `failed` it rejects when it is closed. Borrows the app's transport, and
 * the next one once that has given up.
 *
 * Spec: celery 5.6 celery/backends/rpc.py
 */
export class RpcBackend implements ResultBackend {
  readonly name = "rpc";
  readonly uri = "rpc://";
  readonly noChordReason = NO_CHORDS;
  readonly replyTo: string;
  readonly #options: BackendOptions;
  readonly #clock: Clock;
  readonly #queue: Queue;
  readonly #results = new RpcResults();
  readonly #watchers = new Map<string, Set<Watcher>>();
  readonly #barriers = new Map<string, Deferred<void>>();
  #transport: Promise<Transport> | undefined;
  #declared: Promise<void> | undefined;
  #declaredUntil = -Infinity; // on the monotonic clock
  #consuming: Promise<Consumer> | undefined;
  #isCaughtUp = false;

  constructor(options: BackendOptions, clock: Clock = systemClock) {
    this.#options = options;
    this.#clock = clock;
    this.replyTo = options.replyTo;
    this.#queue = replyQueue(options.replyTo, options.expiresSeconds);
  }

  async ready(options?: CallOptions): Promise<void> {
    await (await this.#ready()).ready(options);
  }

  async expect(_taskIds: readonly string[], options?: CallOptions): Promise<void> {
    if (this.#consuming !== undefined) return; // the consumer keeps the queue
    if (this.#clock.monotonic() > this.#declaredUntil) this.#declared = undefined;
    this.#declared ??= this.#declare(options);
    try {
      await this.#declared;
    } catch (error) {
      this.#declared = undefined;
      throw error;
    }
  }

  /** Sends the result to whoever sent the task; to nobody, where it names no queue. */
  async store(meta: ResultMeta, request: ResultRequest, options?: CallOptions): Promise<boolean> {
    const { replyTo, correlationId = meta.taskId } = request;
    if (replyTo === undefined || replyTo === "") return true;
    const { codec, persistent } = this.#options;
    const message: Message = {
      headers: {},
      properties: { deliveryMode: persistent ? 2 : 1, priority: 0, correlationId },
      contentType: codec.contentType,
      contentEncoding: codec.contentEncoding,
      body: codec.encode(writeRpcResult(meta)),
    };
    await (await this.#ready()).publish(message, this.#reply(replyTo), options);
    return true;
  }

  async get(taskId: string, options?: CallOptions): Promise<ResultMeta | undefined> {
    await this.#catchUp(options);
    return this.#results.get(taskId);
  }

  async getMany(taskIds: readonly string[], options?: CallOptions): Promise<(ResultMeta | undefined)[]> {
    await this.#catchUp(options);
    return taskIds.map((taskId) => this.#results.get(taskId));
  }

  watch(taskId: string, onMeta: MetaListener): { close(): void; readonly failed: Promise<never> } {
    const watcher: Watcher = { onMeta, failed: new Deferred() };
    watcher.failed.promise.catch(() => {}); // told to whoever waits
    const all = this.#watchers.get(taskId) ?? new Set();
    this.#watchers.set(taskId, all.add(watcher));
    this.#consume().catch((error) => watcher.failed.reject(error));
    queueMicrotask(() => {
      const present = all.has(watcher) ? this.#results.get(taskId) : undefined;
      if (present !== undefined) onMeta(present);
    });
    return {
      failed: watcher.failed.promise,
      close: () => {
        all.delete(watcher);
        if (all.size === 0) this.#watchers.delete(taskId);
      },
    };
  }

  forget(taskId: string): Promise<void> {
    this.#results.forget(taskId);
    return Promise.resolve();
  }

  saveGroup(): Promise<void> {
    return refuse("save a group", NO_GROUPS);
  }

  restoreGroup(): Promise<ResultTuple | undefined> {
    return refuse("restore a group", NO_GROUPS);
  }

  deleteGroup(): Promise<void> {
    return refuse("delete a group", NO_GROUPS);
  }

  setChordSize(): Promise<void> {
    return refuse("start a chord", NO_CHORDS);
  }

  growChord(): Promise<void> {
    return refuse("add to a chord", NO_CHORDS);
  }

  addChordPart(): Promise<ChordComplete | undefined> {
    return refuse("count a part of a chord", NO_CHORDS);
  }

  deleteChord(): Promise<void> {
    return refuse("end a chord", NO_CHORDS);
  }

  async close(): Promise<void> {
    this.#fail(new ConnectionError("Cannot wait for the result: the rpc backend was closed"));
    const consumer = await this.#consuming?.catch(() => undefined); // it has told whoever waited
    await consumer?.close();
  }

  /** Where the broker does not end a reply queue by itself, it goes as long after its last result as our own queue would. */
  #reply(replyTo: string): Route {
    const { expiresSeconds } = this.#options;
    return expiresSeconds === null ? toQueue(replyTo) : { ...toQueue(replyTo), unreadMs: expiryMs(expiresSeconds) };
  }

  /** @throws {UsageError} for a transport without reply queues */
  #ready(): Promise<Transport> {
    this.#transport ??= this.#options.transport().then((transport) => {
      if (!transport.capabilities.rpc) {
        throw new UsageError(
          `Cannot use rpc:// results: the broker at ${transport.uri} has no reply queues; use it as the result backend instead`,
        );
      }
      transport.onState((state) => {
        if (state.kind === "closed") this.#onTransportEnd(state.reason);
      });
      return transport;
    });
    this.#transport.catch(() => this.#transport = undefined); // the next use tries again
    return this.#transport;
  }

  /** It has given up: whoever waits is told, and what comes next gets another one, where the queue is declared anew. */
  #onTransportEnd(reason: Error | undefined): void {
    this.#transport = this.#declared = this.#consuming = undefined;
    this.#isCaughtUp = false;
    this.#fail(reason ?? new ConnectionError("Cannot wait for the result: the broker connection was closed"));
  }

  /** Again before an unused queue expires. */
  async #declare(options: CallOptions | undefined): Promise<void> {
    const { expiresSeconds } = this.#options;
    this.#declaredUntil = expiresSeconds === null ? Infinity : this.#clock.monotonic() + expiresSeconds * 500;
    await (await this.#ready()).declareQueue(this.#queue, options);
  }

  #consume(): Promise<Consumer> {
    this.#consuming ??= this.#ready().then((transport) =>
      transport.consume({
        queues: [this.#queue],
        credit: 0,
        noAck: true,
        onDelivery: (delivery) => this.#onDelivery(delivery),
        onInterrupted: (reason) => this.#onInterrupted(reason),
        onCancelled: (reason) => this.#onCancelled(reason),
      })
    );
    this.#consuming.catch(() => this.#consuming = undefined); // the next one to ask tries again
    return this.#consuming;
  }

  /**
   * The queue went with the connection, and what was in it: whoever waits is told, as in Python, and may ask again. What comes
   * from now on arrives.
   */
  #onInterrupted(reason: Error): void {
    for (const barrier of this.#barriers.values()) barrier.resolve(); // nothing is left that could still arrive
    const why =
      "the reply queue was lost, and results that were on their way with it; call get() again to go on waiting";
    this.#failWatchers(
      new ConnectionError(`Cannot wait for the result: ${why} (${reason.message})`, { cause: reason }),
    );
  }

  /** The broker does not let us have our queue any more. The next one to ask tries again. */
  #onCancelled(reason: Error): void {
    this.#consuming?.then((consumer) => consumer.close()).catch(() => {}); // it consumes from nothing
    this.#declared = this.#consuming = undefined;
    this.#isCaughtUp = false;
    this.#fail(reason);
  }

  /**
   * Makes sure that what lay in the queue when it was first asked for has arrived: a message to ourselves comes behind it.
   */
  async #catchUp(options: CallOptions | undefined): Promise<void> {
    await this.#consume();
    if (this.#isCaughtUp) return;
    const id = `${BARRIER_PREFIX}${randomUUID()}`;
    const arrived = new Deferred<void>();
    arrived.promise.catch(() => {}); // told below; the publish may fail first
    this.#barriers.set(id, arrived);
    try {
      const properties = { deliveryMode: 1, priority: 0, correlationId: id } as const;
      const { contentType, contentEncoding } = this.#options.codec;
      const barrier: Message = { headers: {}, properties, contentType, contentEncoding, body: new Uint8Array(0) };
      await (await this.#ready()).publish(barrier, toQueue(this.replyTo), options);
      await arrived.promise;
      this.#isCaughtUp = true;
    } finally {
      this.#barriers.delete(id);
    }
  }

  #onDelivery({ message }: Delivery): void {
    const { correlationId } = message.properties;
    const barrier = correlationId === undefined ? undefined : this.#barriers.get(correlationId);
    if (barrier !== undefined) return barrier.resolve();
    if (correlationId?.startsWith(BARRIER_PREFIX)) return; // of an earlier attempt
    try {
      this.#onResult(message, correlationId);
    } catch (error) {
      const reason = asError(error);
      this.#options.log.error("A result cannot be read", { taskId: correlationId, reason: reason.message });
      for (const { failed } of this.#watchers.get(correlationId ?? "") ?? []) failed.reject(reason);
    }
  }

  #onResult(message: Message, correlationId: string | undefined): void {
    const { compression } = message.headers;
    const body = typeof compression === "string" ? decompress(message.body, compression) : message.body;
    const meta = readResultMeta(this.#options.codec.decode(body, message), correlationId ?? "");
    const taskId = correlationId ?? meta.taskId;
    if (!this.#results.keep(taskId, meta, body.length)) return;
    for (const { onMeta } of [...this.#watchers.get(taskId) ?? []]) onMeta(meta);
  }

  #fail(reason: Error): void {
    for (const barrier of this.#barriers.values()) barrier.reject(reason);
    this.#failWatchers(reason);
  }

  #failWatchers(reason: Error): void {
    for (const all of this.#watchers.values()) for (const { failed } of all) failed.reject(reason);
    this.#watchers.clear();
  }
}

export function createRpcBackend(options: BackendOptions): ResultBackend {
  return new RpcBackend(options);
}

/** Python's, flag by flag. */
function replyQueue(name: string, expiresSeconds: number | null): Queue {
  return {
    name,
    exchange: { name: "", type: "direct", durable: true, autoDelete: false },
    routingKey: name,
    durable: false,
    exclusive: false,
    autoDelete: true,
    arguments: expiresSeconds === null ? {} : { "x-expires": expiryMs(expiresSeconds) },
  };
}

function expiryMs(seconds: number): number {
  return Math.trunc(seconds * 1000);
}

function toQueue(name: string): Route {
  return { exchange: "", exchangeType: "direct", routingKey: name };
}

function refuse(attempt: string, why: string): Promise<never> {
  return Promise.reject(new UsageError(`Cannot ${attempt}: ${why}`, { code: "ERR_STATE" }));
}
