import { UsageError } from "../../base/errors.ts";
import { emptyDict } from "../../base/pyvalue.ts";
import { decodeEnvelope, type Envelope } from "../wire/envelope.ts";
import type { Headers } from "../wire/message.ts";
import type { Delivery } from "./transport.ts";

/** How a delivery ends. */
export type Ending = "ack" | "reject" | "requeue" | "release";

/**
 * A message taken from Redis. It stays valid across reconnects: its tag means something to the server, whatever connection
 * it came over.
 */
export class RedisDelivery implements Delivery {
  readonly isCurrent = true;
  readonly message: Envelope["message"];
  readonly queue: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly redelivered: boolean;
  readonly deliveryTag: string;
  readonly #end: (ending: Ending) => Promise<void>;
  #isSettled = false;

  /** @param end carries the ending out; called once */
  constructor(envelope: Envelope, queue: string, end: (ending: Ending) => Promise<void>) {
    this.message = envelope.message;
    this.queue = queue;
    this.exchange = envelope.exchange;
    this.routingKey = envelope.routingKey;
    this.redelivered = envelope.redelivered;
    this.deliveryTag = envelope.deliveryTag;
    this.#end = end;
  }

  ack(): Promise<void> {
    return this.#settle("ack");
  }

  /** Redis has no dead letters: the message is gone. */
  reject(): Promise<void> {
    return this.#settle("reject");
  }

  requeue(): Promise<void> {
    return this.#settle("requeue");
  }

  release(): Promise<void> {
    return this.#settle("release");
  }

  #settle(ending: Ending): Promise<void> {
    if (this.#isSettled) {
      return Promise.reject(
        new UsageError(`Cannot ${ending} delivery ${this.deliveryTag}: it is settled already`, { code: "ERR_STATE" }),
      );
    }
    this.#isSettled = true;
    return this.#end(ending);
  }
}

/**
 * Reads what was taken from a list. What is no envelope still becomes a message, without headers and with all of it as its
 * body, so that the worker can say that it deleted something it did not understand; kombu's would end with an error.
 */
export function readTaken(bytes: Uint8Array, queue: string, tag: string | undefined): Envelope {
  try {
    return decodeEnvelope(bytes);
  } catch {
    return { // whoever decodes the body sees why
      exchange: "",
      routingKey: queue,
      deliveryTag: tag ?? "",
      redelivered: false,
      message: {
        headers: emptyDict() as Headers,
        properties: {},
        contentType: "application/json",
        contentEncoding: "utf-8",
        body: bytes,
      },
    };
  }
}
