import { utf8 } from "../../lib/base/bytes.ts";
import { silentLogger } from "../../lib/base/log.ts";
import { RedisTransport } from "../../lib/celery/transport/redis.ts";
import { readRedisOptions } from "../../lib/celery/transport/redis_options.ts";
import type { TransportOptions } from "../../lib/celery/transport/options.ts";
import type { ConsumeOptions, Consumer, Delivery, Queue, Route } from "../../lib/celery/transport/transport.ts";
import type { Message } from "../../lib/celery/wire/message.ts";
import { eventually } from "./eventually.ts";

/** A transport that reconnects fast. */
export function redisTransport(
  url: string,
  transportOptions: Record<string, unknown> = {},
  more: Partial<TransportOptions> = {},
): RedisTransport {
  return new RedisTransport(readRedisOptions({
    urls: [url],
    transportOptions,
    ssl: false,
    connectTimeoutMs: 5000,
    maxAttempts: 0,
    backoff: { startMs: 10, stepMs: 10, maxMs: 100 },
    heartbeatSeconds: 0,
    loginMethod: null,
    background: false,
    log: silentLogger,
    ...more,
  }));
}

/** A queue as Celery declares it: on a direct exchange of its own name. */
export function directQueue(name: string): Queue {
  return {
    name,
    exchange: { name, type: "direct", durable: true, autoDelete: false },
    routingKey: name,
    durable: true,
    exclusive: false,
    autoDelete: false,
    arguments: {},
  };
}

export function routeTo(queue: Queue): Route {
  return { exchange: "", exchangeType: "direct", routingKey: queue.name, queue };
}

/** A message whose body is a text that the test knows it by. */
export function textMessage(text: string, more: Partial<Message> = {}): Message {
  return {
    headers: { task: "t.t", id: text },
    properties: { correlationId: text },
    contentType: "application/json",
    contentEncoding: "utf-8",
    body: utf8(text),
    ...more,
  };
}

export const bodyOf = (delivery: Delivery): string => String(delivery.message.body);

/** A consumer that keeps what it gets. */
export class Collector {
  readonly deliveries: readonly Delivery[];
  readonly consumer: Consumer;

  private constructor(consumer: Consumer, deliveries: readonly Delivery[]) {
    this.consumer = consumer;
    this.deliveries = deliveries;
  }

  static async start(
    transport: { consume(options: ConsumeOptions): Promise<Consumer> },
    queues: readonly Queue[],
    options: Partial<ConsumeOptions> & { readonly autoAck?: boolean } = {},
  ): Promise<Collector> {
    const deliveries: Delivery[] = [];
    const { autoAck = false, ...rest } = options;
    const consumer = await transport.consume({
      queues,
      credit: 100,
      onDelivery: (delivery) => {
        deliveries.push(delivery);
        if (autoAck) delivery.ack().catch(() => {}); // the transport was closed under it
      },
      ...rest,
    });
    return new Collector(consumer, deliveries);
  }

  get bodies(): string[] {
    return this.deliveries.map(bodyOf);
  }

  async until(count: number): Promise<readonly Delivery[]> {
    await eventually(`${count} messages are there`, () => this.deliveries.length >= count);
    return this.deliveries;
  }
}
