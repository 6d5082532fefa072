import process from "node:process";
import { hostname } from "node:os";
import { randomUuid } from "../uuid.ts";
import { RedisClient, resolveRedisOptions } from "../../redis/mod.ts";
import type { Envelope } from "../wire/envelope.ts";
import type { Message } from "../wire/message.ts";
import type { TransportOptions } from "./options.ts";
import { RedisBindings } from "./redis_bindings.ts";
import { RedisConsumer } from "./redis_consumer.ts";
import { RedisFanout, toBroadcast } from "./redis_fanout.ts";
import { RedisLeases } from "./redis_leases.ts";
import type { OperationPorts } from "./redis_operations.ts";
import { readRedisOptions, type RedisTransportSettings } from "./redis_options.ts";
import { RedisPublisher } from "./redis_publisher.ts";
import { ServerOperations } from "./redis_server_operations.ts";
import { RedisSweeper } from "./redis_sweeper.ts";
import { takeRecorded, takeUnrecorded } from "./redis_take.ts";
import { RedisWaiter } from "./redis_waiter.ts";
import type {
  Broadcast,
  CallOptions,
  ConsumeOptions,
  Consumer,
  Exchange,
  Queue,
  QueueCounts,
  Route,
  Subscription,
  Transport,
  TransportCapabilities,
  TransportState,
} from "./transport.ts";

/**
 * Redis with kombu's exact layout, but without its holes: taking a message and recording who has it is one step, what is held
 * is renewed, and what a lost connection took with it is found again. Python workers on the same queues notice nothing.
 *
 * The same code serves the embedded broker, which has the atomic steps as commands of its own.
 *
 * Spec: kombu 5.6 kombu/transport/redis.py
 *
 * Owns: a connection for commands; one that listens and one for watched transactions, if they are needed; one for each
 * consumer, which may block it. They connect when they are needed first.
 */
export class RedisTransport implements Transport {
  readonly name = "redis";
  readonly uri: string;
  readonly capabilities: TransportCapabilities = {
    firstPriority: 0,
    rpc: true,
    queueArguments: false,
    storedBroadcasts: false,
  };
  readonly #settings: RedisTransportSettings;
  readonly #client: RedisClient;
  readonly #bindings: RedisBindings;
  readonly #fanout: RedisFanout;
  readonly #publisher: RedisPublisher;
  readonly #operations: ServerOperations;
  readonly #operationPorts: OperationPorts;
  readonly #leases: RedisLeases;
  readonly #sweeper: RedisSweeper;
  readonly #consumers = new Set<RedisConsumer>();
  readonly #listeners = new Set<(state: TransportState) => void>();
  readonly #clock;
  readonly #log;

  constructor(settings: RedisTransportSettings) {
    const resolved = resolveRedisOptions(settings.redis);
    const { keys, visibilityMs, restoreLimit, mutexMs, holdGraceMs } = settings;
    const { clock, log } = resolved;
    const newId = randomUuid;
    const holder = `${hostname()}:${process.pid}:${newId()}`;
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
    this.uri = settings.uri;
    this.#client = new RedisClient({ ...resolved, onState: (state) => this.#onState(state) }, {
      prepare: (connection, info) => this.#operations.prepare(connection, info, { holder, graceMs: holdGraceMs }),
    });
    this.#bindings = new RedisBindings(this.#client, keys);
    this.#fanout = new RedisFanout({ client: this.#client, subscriber: resolved, keys, newId, log });
    this.#publisher = new RedisPublisher({
      ...{ client: this.#client, keys, bindings: this.#bindings, fanout: this.#fanout, newId, log },
    });
    this.#operationPorts = {
      ...{ client: this.#client, keys, holder, mutexMs, newId, log },
      queuesOf: (exchange, routingKey) => this.#bindings.queuesOf(exchange, routingKey),
    };
    this.#operations = new ServerOperations(this.#operationPorts);
    this.#leases = new RedisLeases({ operations: this.#operations, clock, log, visibilityMs });
    this.#sweeper = new RedisSweeper({
      ...{ operations: this.#operations, leases: this.#leases, clock, log, visibilityMs, restoreLimit },
    });
  }

  get state(): TransportState {
    return this.#client.state;
  }

  onState(listener: (state: TransportState) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async ready(options: CallOptions = {}): Promise<void> {
    await this.#client.ready(options);
  }

  async declareQueue(queue: Queue, options?: CallOptions): Promise<void> {
    await this.#bindings.declare(queue, options);
  }

  async deleteQueue(queue: Queue, options?: CallOptions): Promise<void> {
    await this.#bindings.delete(queue, options);
  }

  async purge(queue: Queue, options?: CallOptions): Promise<number> {
    return await this.#bindings.purge(queue, options);
  }

  async counts(queue: Queue, options?: CallOptions): Promise<QueueCounts> {
    return { messages: await this.#bindings.count(queue, options), consumers: undefined };
  }

  publish(message: Message, route: Route, options?: CallOptions): Promise<void> {
    return this.#publisher.publish(message, route, options);
  }

  async consume(options: ConsumeOptions): Promise<Consumer> {
    const isRecorded = options.noAck !== true && this.#settings.ackEmulation;
    const ports = { ...this.#operationPorts, operations: this.#operations, leases: this.#leases };
    if (isRecorded) this.#sweeper.join();
    const consumer = await RedisConsumer.start({
      client: this.#client,
      keys: this.#settings.keys,
      leases: this.#leases,
      waiter: new RedisWaiter(this.#client, this.#clock),
      queueOrder: this.#settings.queueOrder,
      clock: this.#clock,
      log: this.#log,
      take: isRecorded
        ? (lists, limit, look) => takeRecorded(ports, lists, limit, look)
        : (lists, limit) => takeUnrecorded(this.#client, lists, limit),
      declare: (queue) => this.#bindings.declare(queue),
      listen: (queue, onEnvelope) => this.#listen(queue, onEnvelope),
      onStopped: (stopped) => {
        this.#consumers.delete(stopped);
        if (isRecorded) this.#sweeper.leave();
      },
    }, options);
    this.#consumers.add(consumer);
    return consumer;
  }

  async broadcast(
    exchange: Exchange,
    routingKey: string,
    message: Message,
    options?: CallOptions,
  ): Promise<number | undefined> {
    return await this.#fanout.broadcast(exchange.name, routingKey, message, options);
  }

  async subscribe(
    queue: Queue,
    onBroadcast: (broadcast: Broadcast) => void,
    options?: CallOptions,
  ): Promise<Subscription> {
    return await this.#listen(queue, (envelope) => onBroadcast(toBroadcast(envelope)), options);
  }

  async close(): Promise<void> {
    this.#sweeper.close();
    this.#leases.close();
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()));
    await Promise.all([this.#fanout.close(), this.#operations.close()]);
    await this.#client.close();
  }

  async #listen(
    queue: Queue,
    onEnvelope: (envelope: Envelope) => void,
    options?: CallOptions,
  ): Promise<Subscription> {
    await this.#bindings.declare(queue, options);
    const subscription = await this.#fanout.consume(queue, onEnvelope, options);
    return {
      close: async () => {
        await subscription.close();
        const isReachable = this.#client.state.kind === "ready";
        // Without a connection the binding stays, as kombu's does; nothing hangs on it.
        if (queue.autoDelete && isReachable) await this.#bindings.delete(queue).catch(() => {});
      },
    };
  }

  #onState(state: TransportState): void {
    if (state.kind === "ready" && state.generation > 1) {
      // The server may have been restarted without its data, and time has passed: say again what we have.
      Promise.all([this.#bindings.renew(), this.#leases.renew()]).catch((error) => {
        this.#log.warn("Cannot renew bindings and leases after a reconnect", { error });
      });
    }
    for (const listener of this.#listeners) listener(state);
  }
}

/** Entry of the factory: `redis://`, `rediss://`, `redis+socket://`, `socket://`, `unix://`, `sentinel://`. */
export function createRedisTransport(options: TransportOptions): Transport {
  return new RedisTransport(readRedisOptions(options));
}
