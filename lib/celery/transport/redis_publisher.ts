import type { Logger } from "../../base/log.ts";
import type { RedisClient, RedisCommand, RunOptions } from "../../redis/mod.ts";
import { encodeEnvelope } from "../wire/envelope.ts";
import type { Message } from "../wire/message.ts";
import type { RedisKeys } from "../wire/redis_keys.ts";
import type { RedisBindings } from "./redis_bindings.ts";
import type { RedisFanout } from "./redis_fanout.ts";
import type { CallOptions, Route } from "./transport.ts";

export interface RedisPublisherPorts {
  readonly client: RedisClient;
  readonly keys: RedisKeys;
  readonly bindings: RedisBindings;
  readonly fanout: RedisFanout;
  readonly newId: () => string;
  readonly log: Logger;
}

/**
 * Puts messages into the lists of the queues that their route leads to.
 *
 * Spec: kombu 5.6 kombu/transport/redis.py `_put`, kombu/transport/virtual/base.py `_lookup`, exchange.py `deliver`
 */
export class RedisPublisher {
  readonly #ports: RedisPublisherPorts;

  constructor(ports: RedisPublisherPorts) {
    this.#ports = ports;
  }

  /** Resolves when the server has the message. Most go straight to one queue that is known. */
  publish(message: Message, route: Route, options: CallOptions = {}): Promise<void> {
    const { bindings, client } = this.#ports;
    const { exchange, routingKey, queue } = route;
    const isKnown = exchange === "" && (queue === undefined || bindings.isDeclared(queue));
    if (!isKnown || options.signal !== undefined || options.timeoutMs !== undefined) {
      return this.#publishInSteps(message, route, options);
    }
    try {
      const sent = client.post(this.#push(routingKey, message, route));
      const expire = this.#expire(message, route);
      if (expire !== undefined) client.post(expire).catch(() => {}); // the next message to it tries again
      return sent;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #publishInSteps(message: Message, route: Route, options: CallOptions): Promise<void> {
    const { bindings, client, fanout } = this.#ports;
    const { exchange, exchangeType, routingKey, queue } = route;
    if (queue !== undefined && !bindings.isDeclared(queue)) await bindings.declare(queue, options);
    if (exchange === "") {
      await this.#put([routingKey], message, route, options);
      const expire = this.#expire(message, route);
      if (expire !== undefined) await client.run(expire, options as RunOptions);
      return;
    }
    if (exchangeType === "fanout") {
      await fanout.broadcast(exchange, routingKey, message, options);
      return;
    }
    const queues = await bindings.queuesOf(exchange, routingKey, options);
    if (queues.length > 0) return await this.#put(queues, message, route, options);
    this.#ports.log.warn("A message was dropped: no queue is bound for it", { exchange, routingKey });
  }

  /** Each queue gets the message under a tag of its own: kombu gives all of them one, and the second is lost in a crash. */
  async #put(queues: readonly string[], message: Message, route: Route, options: CallOptions): Promise<void> {
    const { client } = this.#ports;
    const [first, ...others] = queues.map((queue) => this.#push(queue, message, route));
    if (first === undefined) return;
    if (others.length === 0) await client.run(first, options as RunOptions);
    else await client.transaction([first, ...others], options as RunOptions);
  }

  /** Keeps what nobody reads from lying there for ever, which kombu lets it. */
  #expire(message: Message, { routingKey, unreadMs }: Route): RedisCommand | undefined {
    if (unreadMs === undefined) return undefined;
    return ["PEXPIRE", this.#ports.keys.list(routingKey, message.properties.priority ?? 0), String(unreadMs)];
  }

  #push(queue: string, message: Message, { exchange, routingKey }: Route): RedisCommand {
    const { keys, newId } = this.#ports;
    const list = keys.list(queue, message.properties.priority ?? 0);
    return ["LPUSH", list, encodeEnvelope(message, { exchange, routingKey, deliveryTag: newId() })];
  }
}
