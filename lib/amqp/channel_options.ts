/**
 * What a channel is given: by its connection, and by those who use it.
 * @module
 */
import type { ReceivedMessage } from "./message.ts";
import type { Logger } from "../base/log.ts";
import type { Clock } from "../base/time.ts";
import type { Content } from "./wire/content.ts";
import type { FieldTable } from "./wire/field_table.ts";
import type { Method, MethodOf } from "./wire/methods.ts";

/** What a channel needs of its connection. */
export interface ChannelLink {
  readonly peer: string;
  readonly maxBodyBytes: number;
  readonly callTimeoutMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Queues a frame for this tick's write. */
  send(method: Method): void;
  publish(method: MethodOf<"basic.publish">, content: Content): void;
  /** Calls `Channel.flushAcks` before this tick's write. */
  requestFlush(): void;
  /** Resolves when what is queued now is with the system; rejects if the connection ends first. */
  sent(): Promise<void>;
  /** The number may be used again. */
  release(): void;
}

export interface CallOptions {
  /** Default: the connection's `callTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ConsumeOptions extends CallOptions {
  readonly queue: string;
  /** Unique on the channel; default: `ctag` and a number. */
  readonly consumerTag?: string | undefined;
  /** Deliveries count as acknowledged when they are sent. Default false. */
  readonly noAck?: boolean | undefined;
  /** Refused while others consume from the queue. Default false. */
  readonly exclusive?: boolean | undefined;
  readonly arguments?: FieldTable | undefined;
  /** Called for each delivery, in order, from the reader loop: it must not throw and must not block. */
  readonly onMessage: (message: ReceivedMessage) => void;
  /** The broker ended the consumer: its queue was deleted, or its node is gone. */
  readonly onCancel?: (() => void) | undefined;
}
