/**
 * Native delayed delivery: RabbitMQ itself keeps tasks with an ETA, in 28 levels of queues.
 *
 * The delay in seconds is written in binary and put before the routing key, one digit a word, the highest first:
 * 3 s to `celery` is `0.0. … .1.1.celery`. Level n looks at the digit of 2^n. At 1 the message waits that long in the level's
 * queue and is dead-lettered to the next level; at 0 it goes on at once. Behind level 0 all delays are over.
 *
 *     publish ──> exchange celery_delayed_27 ──(1)──> queue celery_delayed_27, TTL 2^27 s ──┐ dead letter
 *                       │ (0)                                                              v
 *                       └──────────────────────────> exchange celery_delayed_26 ──> … ──> celery_delayed_0
 *                                                                                               │
 *                    the task's queue <── its own exchange <──(#.routing key)── celery_delayed_delivery
 *
 * Exchanges of type direct cannot match `#.routing key`, so their queues are left out.
 *
 * Spec: kombu 5.6 kombu/transport/native_delayed_delivery.py · celery 5.6 celery/worker/consumer/delayed_delivery.py
 * @module
 */
import type { Entity } from "../../amqp/mod.ts";
import { isQuorum } from "./amqp_entities.ts";
import type { Queue, Route } from "./transport.ts";

const LEVELS = 28;
/** Longest delay that 28 digits hold. */
const MAX_SECONDS = 2 ** LEVELS - 1;
const DELIVERY_EXCHANGE = "celery_delayed_delivery";

export type DelayedQueueType = "classic" | "quorum";

/** True for queues whose delayed messages RabbitMQ can keep. */
export function canDelay(queue: Queue): boolean {
  return isQuorum(queue) && queue.exchange.type !== "direct" && queue.exchange.name !== "";
}

/** All levels, in the order in which Celery declares them. */
export function delayedEntities(type: DelayedQueueType): Entity[] {
  const levels = Array.from({ length: LEVELS }, (_, i) => LEVELS - 1 - i);
  return [
    ...levels.flatMap((level) => levelEntities(level, type)),
    ...levels.slice(0, -1).map((level) => bindLevel(level, levelName(level - 1))),
    topic(DELIVERY_EXCHANGE),
    bindLevel(0, DELIVERY_EXCHANGE),
  ];
}

/** How a queue's exchange gets what has waited long enough. */
export function delayedBindings({ name, exchange, routingKey }: Queue): Entity[] {
  const key = `#.${routingKey}`;
  return [
    {
      kind: "exchange-binding",
      binding: { destination: exchange.name, source: DELIVERY_EXCHANGE, routingKey: key },
    },
    { kind: "queue-binding", binding: { queue: name, exchange: exchange.name, routingKey: key } },
  ];
}

/**
 * Where to publish a message that is to arrive in `delaySeconds`.
 * @returns undefined where the delay is none, or longer than 8.5 years: then the worker waits.
 */
export function delayedRoute(queue: Queue, delaySeconds: number): Route | undefined {
  const seconds = Math.floor(delaySeconds);
  if (seconds < 1 || seconds > MAX_SECONDS) return undefined;
  const digits = seconds.toString(2).padStart(LEVELS, "0").split("").join(".");
  return {
    exchange: levelName(LEVELS - 1),
    exchangeType: "topic",
    routingKey: `${digits}.${queue.routingKey}`,
  };
}

function levelEntities(level: number, type: DelayedQueueType): Entity[] {
  const name = levelName(level);
  return [
    topic(name),
    {
      kind: "queue",
      declaration: {
        queue: name,
        durable: true,
        arguments: {
          "x-queue-type": type,
          "x-overflow": "reject-publish",
          "x-message-ttl": 2 ** level * 1000,
          "x-dead-letter-exchange": level > 0 ? levelName(level - 1) : DELIVERY_EXCHANGE,
          ...(type === "quorum" ? { "x-dead-letter-strategy": "at-least-once" } : {}),
        },
      },
    },
    { kind: "queue-binding", binding: { queue: name, exchange: name, routingKey: levelKey(level, 1) } },
  ];
}

/** What has a 0 at this level goes on at once. */
function bindLevel(level: number, destination: string): Entity {
  const binding = { destination, source: levelName(level), routingKey: levelKey(level, 0) };
  return { kind: "exchange-binding", binding };
}

function topic(exchange: string): Entity {
  return { kind: "exchange", declaration: { exchange, type: "topic", durable: true } };
}

function levelName(level: number): string {
  return `celery_delayed_${level}`;
}

function levelKey(level: number, digit: 0 | 1): string {
  return `${"*.".repeat(LEVELS - 1 - level)}${digit}.#`;
}
