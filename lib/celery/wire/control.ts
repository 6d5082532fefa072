/**
 * Remote control on the wire: a command is broadcast to all nodes, each that it is meant for replies to a queue of the asker.
 *
 *     celery.pidbox (fanout)          {"method", "arguments", "destination", "pattern", "matcher"[, "ticket", "reply_to"]}
 *     reply.celery.pidbox (direct)    {"<node>": <reply>}                          headers: ticket, clock
 *
 * Spec: kombu 5.6 kombu/pidbox.py `Mailbox`
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { UsageError } from "../../base/errors.ts";
import { isPlainObject } from "../../base/pyvalue.ts";
import type { Exchange, Queue, Route } from "../transport/transport.ts";

/** How brokers that can do so keep queues of remote control and what is in them. */
export interface BoxOptions {
  /** `control_queue_expires`: a queue that nobody uses goes after so many seconds. */
  readonly expiresSeconds: number;
  /** `control_queue_ttl`: a message goes after so many seconds. */
  readonly ttlSeconds: number;
  /** `control_queue_durable`, `control_queue_exclusive`: RabbitMQ 4 may refuse queues that are neither. */
  readonly durable: boolean;
  readonly exclusive: boolean;
}

export const BOX_OPTIONS: BoxOptions = Object.freeze({
  expiresSeconds: 10,
  ttlSeconds: 300,
  durable: false,
  exclusive: false,
});
/** Patterns come from the network: a long one is not worth the time it may take. */
const MAX_PATTERN_CHARS = 200;

export interface ReplyTo {
  readonly exchange: string;
  readonly routingKey: string;
}

export interface ControlRequest {
  readonly method: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly ticket: string | undefined;
  readonly replyTo: ReplyTo | undefined;
  isFor(node: string): boolean;
}

/** @param prefix `control_exchange` */
export function controlExchange(prefix: string): Exchange {
  return { name: `${prefix}.pidbox`, type: "fanout", durable: false, autoDelete: false };
}

/** Where one node receives its commands. */
export function controlQueue(prefix: string, node: string, boxes: BoxOptions = BOX_OPTIONS): Queue {
  return boxQueue(`${node}.${prefix}.pidbox`, controlExchange(prefix), "", boxes);
}

/** Where the replies to one asker arrive. */
export function replyQueue(prefix: string, id: string, boxes: BoxOptions = BOX_OPTIONS): Queue {
  const exchange: Exchange = { name: `reply.${prefix}.pidbox`, type: "direct", durable: false, autoDelete: false };
  return boxQueue(`${id}.${exchange.name}`, exchange, id, boxes);
}

function boxQueue(name: string, exchange: Exchange, routingKey: string, boxes: BoxOptions): Queue {
  const { durable, exclusive } = boxes;
  const milliseconds = (seconds: number) => Math.trunc(seconds * 1000);
  return {
    ...{ name, exchange, routingKey, durable, exclusive, autoDelete: !durable },
    arguments: {
      "x-expires": milliseconds(boxes.expiresSeconds),
      "x-message-ttl": milliseconds(boxes.ttlSeconds),
    },
  };
}

export function replyRoute({ exchange, routingKey }: ReplyTo): Route {
  return { exchange, exchangeType: "direct", routingKey };
}

/** @throws {UsageError} unless it is a command */
export function readControlRequest(payload: unknown): ControlRequest {
  if (!isPlainObject(payload) || typeof payload.method !== "string") {
    throw new UsageError("Cannot read the remote command: it has no method");
  }
  const { method, destination, pattern, matcher, ticket, reply_to } = payload;
  const args = payload.arguments;
  return {
    method,
    arguments: isPlainObject(args) ? args : {},
    ticket: typeof ticket === "string" ? ticket : undefined,
    replyTo: readReplyTo(reply_to),
    isFor: (node) => isAddressed(node, destination, pattern, matcher),
  };
}

function readReplyTo(value: unknown): ReplyTo | undefined {
  if (!isPlainObject(value) || typeof value.exchange !== "string" || typeof value.routing_key !== "string") {
    return undefined;
  }
  return { exchange: value.exchange, routingKey: value.routing_key };
}

function isAddressed(node: string, destination: unknown, pattern: unknown, matcher: unknown): boolean {
  if (Array.isArray(destination) && destination.length > 0) return destination.includes(node);
  if (typeof destination === "string" && destination !== "") return destination.includes(node);
  if (typeof pattern !== "string" || pattern === "" || typeof matcher !== "string") return true;
  return matchesPattern(node, pattern, matcher === "pcre" ? "pcre" : "glob");
}

/** `glob` matches all of the name, `pcre` its beginning, as Python's `fnmatch` and `re.match` do. */
export function matchesPattern(node: string, pattern: string, matcher: "glob" | "pcre"): boolean {
  if (pattern.length > MAX_PATTERN_CHARS) return false;
  try {
    return matcher === "glob" ? globToRegExp(pattern).test(node) : new RegExp(`^(?:${pattern})`).test(node);
  } catch {
    return false; // no regular expression: it matches nobody
  }
}

function globToRegExp(glob: string): RegExp {
  const source = glob.replace(
    /\[(!?)([^\]]+)\]|[\s\S]/g,
    (part: string, not: string | undefined, set: string | undefined) => {
      if (part === "*") return ".*";
      if (part === "?") return ".";
      if (set !== undefined) return `[${not === "!" ? "^" : ""}${set.replace(/[\\^]/g, "\\$&")}]`;
      return part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    },
  );
  return new RegExp(`^${source}$`, "s");
}
