import type { Logger } from "../../base/log.ts";
import { withDeadline } from "../../base/time.ts";
import { type RedisClient, RedisSubscriber, type ResolvedRedisOptions } from "../../redis/mod.ts";
import { decodeEnvelope, encodeEnvelope, type Envelope } from "../wire/envelope.ts";
import type { Message } from "../wire/message.ts";
import type { RedisKeys } from "../wire/redis_keys.ts";
import type { Broadcast, CallOptions, Queue, Subscription } from "./transport.ts";

export interface RedisFanoutOptions {
  readonly client: RedisClient;
  readonly subscriber: ResolvedRedisOptions;
  readonly keys: RedisKeys;
  readonly newId: () => string;
  readonly log: Logger;
}

/**
 * Fanout exchanges: channels that everybody hears who listens now, and that keep nothing.
 *
 * Spec: kombu 5.6 kombu/transport/redis.py `_put_fanout`, `_subscribe`, `_receive_one`
 *
 * Owns: one connection that listens, opened at the first subscription.
 */
export class RedisFanout {
  readonly #options: RedisFanoutOptions;
  readonly #subscriber: RedisSubscriber;

  constructor(options: RedisFanoutOptions) {
    this.#options = options;
    this.#subscriber = new RedisSubscriber(options.subscriber);
  }

  /** @returns how many clients heard it */
  async broadcast(
    exchange: string,
    routingKey: string,
    message: Message,
    options: CallOptions = {},
  ): Promise<number | undefined> {
    const { client, keys, newId } = this.#options;
    const envelope = encodeEnvelope(message, { exchange, routingKey, deliveryTag: newId() });
    const heard = await client.run(["PUBLISH", keys.fanoutChannel(exchange, routingKey), envelope], options);
    return typeof heard === "number" ? heard : undefined;
  }

  /** Hears everything that is sent to the queue's exchange under its binding key, from when the promise resolves on. */
  async consume(queue: Queue, onEnvelope: (envelope: Envelope) => void, call: CallOptions = {}): Promise<Subscription> {
    const { keys, subscriber } = this.#options;
    const { exchange, routingKey } = queue;
    const pattern = escapeGlob(keys.fanoutPattern(exchange.name, routingKey));
    const subscription = this.#subscriber.psubscribe(pattern, (payload, channel) => {
      const envelope = this.#read(payload, channel);
      if (envelope !== undefined) onEnvelope(envelope);
    });
    try {
      const what = `subscribe to ${exchange.name}`;
      await withDeadline(subscription.confirmed, { ...call, clock: subscriber.clock, what });
    } catch (error) {
      subscription.close();
      throw error;
    }
    return {
      close: () => {
        subscription.close();
        return Promise.resolve();
      },
    };
  }

  async close(): Promise<void> {
    await this.#subscriber.close();
  }

  #read(payload: Uint8Array, channel: string): Envelope | undefined {
    try {
      return decodeEnvelope(payload);
    } catch (error) {
      this.#options.log.warn("A broadcast cannot be read", { channel, error });
      return undefined;
    }
  }
}

/** A broadcast as the transport's users see it. */
export function toBroadcast({ message, exchange, routingKey }: Envelope): Broadcast {
  return { message, exchange, routingKey };
}

/** The exchange's name is no pattern; only the `*` that a binding key brought is. */
function escapeGlob(pattern: string): string {
  return pattern.replace(/[\\?[\]]/g, "\\$&");
}
