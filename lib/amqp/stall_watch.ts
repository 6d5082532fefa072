import type { Channel } from "./channel.ts";
import { inspectQueue } from "./entities.ts";
import type { Clock, Timer } from "../base/time.ts";

/** How often a consumer that gets nothing is looked after. */
const IDLE_MS = 2000;
/** How long after the first sign of a stall the second is looked for. */
const SUSPECT_MS = 500;

/** What a watch sees of its consumer. */
export interface Watched {
  readonly clock: Clock;
  readonly queues: readonly string[];
  /** The open channel, while it has credit left for another delivery. */
  readonly idleChannel: Channel | undefined;
  /** Deliveries so far. */
  readonly delivered: number;
  /** Messages wait, there is credit, and none is delivered. */
  onStall(queue: string, messages: number): void;
}

/**
 * Notices that a broker has messages for a consumer and delivers none: a quorum queue that was deleted and declared by
 * somebody else at once, before RabbitMQ (3.10) told its consumers, counts them as its own and gives them nothing.
 *
 * Asks only while nothing is delivered, one small question a queue every two seconds.
 *
 * Owns: a timer, until `stop`.
 */
export class StallWatch {
  readonly #watched: Watched;
  #timer: Timer | undefined;
  #isStopped = false;
  #before = 0;
  #suspects: ReadonlySet<string> = new Set();

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#again(IDLE_MS);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #again(afterMs: number): void {
    if (this.#isStopped) return;
    this.#before = this.#watched.delivered;
    this.#timer = this.#watched.clock.after(afterMs, () => {
      this.#look().catch(() => this.#suspects = new Set()) // the channel has ended, and its end resumes everything
        .finally(() => this.#again(this.#suspects.size > 0 ? SUSPECT_MS : IDLE_MS));
    });
  }

  async #look(): Promise<void> {
    const { idleChannel: channel, queues } = this.#watched;
    const suspects = new Set<string>();
    if (channel !== undefined && !this.#hasDelivered()) {
      for (const queue of queues) {
        const { messageCount } = await inspectQueue(channel, queue);
        if (messageCount === 0 || this.#hasDelivered()) continue;
        if (this.#suspects.has(queue) && !this.#isStopped) return this.#tell(queue, messageCount);
        suspects.add(queue);
      }
    }
    this.#suspects = suspects;
  }

  #hasDelivered(): boolean {
    return this.#watched.delivered !== this.#before;
  }

  #tell(queue: string, messages: number): void {
    this.#suspects = new Set();
    this.#watched.onStall(queue, messages);
  }
}
