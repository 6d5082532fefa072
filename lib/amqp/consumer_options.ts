import type { Channel } from "./channel.ts";
import type { ResumableConsumer } from "./consumer.ts";
import type { ReceivedMessage } from "./message.ts";
import type { FieldTable } from "./wire/field_table.ts";
import type { Logger } from "../base/log.ts";
import type { Clock } from "../base/time.ts";

/** One queue that a consumer takes from. */
export interface ConsumedQueue {
  readonly queue: string;
  readonly exclusive?: boolean | undefined;
  readonly arguments?: FieldTable | undefined;
}

export interface ConsumerOptions {
  readonly queues: readonly ConsumedQueue[];
  /** Deliveries that may be unsettled at once; 0 = no limit. */
  readonly credit: number;
  /**
   * `channel`: the credit is shared by all queues and can be changed at any time (classic queues).
   * `consumer`: each queue has its own, and a change holds only for queues that are added later: all that quorum queues know.
   */
  readonly creditScope: "channel" | "consumer";
  /**
   * Looks whether the broker keeps messages back from a consumer that has credit (see `StallWatch`), and consumes anew.
   * Default false; not for queues with a single active consumer, where the others wait.
   */
  readonly watchesStalls?: boolean | undefined;
  /** Nothing to settle. Default false. */
  readonly noAck?: boolean | undefined;
  /** Called for each delivery, in order; must not throw or block. Settle over `channel`, which is void once it is not open. */
  readonly onMessage: (message: ReceivedMessage, queue: string, channel: Channel) => void;
  /**
   * Deliveries have stopped for now: the channel or the connection ended, or the broker cancelled the queue. They go on by
   * themselves, but what went with a queue is gone.
   */
  readonly onInterrupted?: ((reason: Error) => void) | undefined;
  /** A queue cannot be consumed from any more: it is gone, and could not be declared again, or may not be used. */
  readonly onLost?: ((queue: string, reason: Error) => void) | undefined;
}

/** What a consumer needs of its client. */
export interface ConsumerHost {
  readonly clock: Clock;
  readonly log: Logger;
  openChannel(): Promise<Channel>;
  /** Declares what is known of a queue again. @throws {AmqpError} if the broker refuses it. */
  redeclare(queue: string): Promise<void>;
  forget(consumer: ResumableConsumer): void;
  readonly isConnected: boolean;
  /** Gives up the connection, because the broker does not answer; the next one resumes everything. */
  abandon(reason: Error): void;
}
