import type { Channel } from "./channel.ts";
import type { ConsumedQueue, ConsumerHost, ConsumerOptions } from "./consumer_options.ts";
import { AmqpError } from "./errors.ts";
import { StallWatch } from "./stall_watch.ts";
import { ReplyCode } from "./wire/reply_code.ts";
import { Backoff } from "../base/backoff.ts";
import { asError, ConnectionError, TimeoutError, UsageError } from "../base/errors.ts";
import { delay, type Timer } from "../base/time.ts";

/** First and longest wait before a channel that ended under the consumer is opened again. */
const RETRY = { startMs: 50, factor: 2, stepMs: 0, maxMs: 2000 } as const;
/** A worker's credit goes up and down with the length of its tasks: what is lower now may not be so in a moment. */
const LOWER_AFTER_MS = 200;
/** How often a queue may be locked by the connection before this one, which the broker has not buried yet. */
const MAX_LOCKED = 10;

/**
 * A consumer that goes on: after a reconnect, after its channel was closed (an acknowledgement took too long), and after the
 * broker has cancelled it (its queue was deleted), by declaring the queue again and consuming anew.
 *
 * Owns: one channel. `stop` ends the deliveries and leaves the channel for settling; `close` ends both, and what is not
 * settled then goes back to the queues.
 */
export class ResumableConsumer {
  readonly #host: ConsumerHost;
  readonly #options: ConsumerOptions;
  readonly #queues = new Map<string, ConsumedQueue>();
  readonly #tags = new Map<string, string>(); // queue → consumer tag on the present channel
  readonly #stop = new AbortController();
  #credit: number;
  #told = 0; // what the broker was asked for on the present channel
  #lowering: Timer | undefined;
  #channel: Channel | undefined;
  #resuming: Promise<void> | undefined;
  #isCrediting = false;
  #isRetrying = false;
  #locked = 0;
  #delivered = 0;
  #watch: StallWatch | undefined;

  constructor(host: ConsumerHost, options: ConsumerOptions) {
    this.#host = host;
    this.#options = options;
    this.#credit = options.credit;
    for (const each of options.queues) this.#queues.set(each.queue, each);
    if (options.watchesStalls) this.#watch = this.#startWatch();
  }

  get queues(): readonly string[] {
    return [...this.#queues.keys()];
  }

  get credit(): number {
    return this.#credit;
  }

  /** Deliveries of the present channel that are not settled. */
  get unsettled(): number {
    return this.#channel?.isOpen ? this.#channel.unsettled : 0;
  }

  /**
   * Consumes over a channel of the present connection, unless it does.
   * @throws {AmqpError} if the broker refuses a queue, when `isFirst`; later such a queue is lost, and the others go on.
   */
  resume(isFirst: boolean): Promise<void> {
    const before = this.#resuming ?? Promise.resolve();
    this.#resuming = before.catch(() => {}).then(() => this.#resume(isFirst)); // whoever asked before was told
    return this.#resuming;
  }

  /** Consumes from one more queue. @throws {AmqpError} if the broker refuses it. */
  async addQueue(queue: ConsumedQueue): Promise<void> {
    this.#mustRun("add a queue");
    await this.#resuming?.catch(() => {}); // it has told its own caller
    if (this.#queues.has(queue.queue)) return;
    this.#queues.set(queue.queue, queue);
    if (this.#channel === undefined || !this.#channel.isOpen) return; // the next `resume` takes it along
    try {
      if (this.#told !== this.#credit) await this.#ask(this.#channel);
      await this.#consume(this.#channel, queue);
    } catch (error) {
      this.#queues.delete(queue.queue);
      throw error;
    }
  }

  /** Stops consuming from one queue; what is held of it can still be settled. */
  async cancelQueue(queue: string): Promise<void> {
    this.#queues.delete(queue);
    const tag = this.#tags.get(queue);
    this.#tags.delete(queue);
    if (tag !== undefined && this.#channel?.isOpen) await this.#channel.cancel(tag);
  }

  /**
   * Takes effect for the next deliveries (scope `channel`), or for queues that are added later (scope `consumer`). However
   * often it is called, one change at a time is on its way to the broker; a lower credit waits a moment, for it may rise
   * again.
   */
  setCredit(credit: number): void {
    this.#credit = credit;
    const isLower = credit !== 0 && (this.#told === 0 || credit < this.#told);
    if (!isLower) return this.#tellCredit();
    this.#lowering ??= this.#host.clock.after(LOWER_AFTER_MS, () => {
      this.#lowering = undefined;
      this.#tellCredit();
    });
  }

  /** The broker refuses to declare this queue as it was: what has its name is another one. */
  refuse(queue: string, reason: Error): void {
    if (this.#queues.has(queue)) this.#lose(queue, reason);
  }

  /** No new deliveries; those in hand can still be settled. */
  async stop(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort(new UsageError("Cannot resume the consumer: it was stopped", { code: "ERR_STATE" }));
    this.#host.forget(this);
    this.#lowering?.cancel();
    this.#watch?.stop();
    const channel = this.#channel;
    const tags = [...this.#tags.values()];
    this.#tags.clear();
    if (!channel?.isOpen) return;
    await Promise.all(tags.map((tag) => channel.cancel(tag))).catch(() => {}); // a channel that ended delivers nothing either
  }

  /** `stop`, and what is in hand goes back to the queues. */
  async close(): Promise<void> {
    await this.stop();
    await this.#channel?.close().catch(() => {}); // it is over either way, and the broker gives everything back
  }

  async #resume(isFirst: boolean): Promise<void> {
    if (this.#channel?.isOpen || this.#stop.signal.aborted) return;
    const channel = await this.#host.openChannel();
    this.#channel = channel;
    this.#tags.clear();
    if (this.#stop.signal.aborted) return await channel.close();
    channel.closed.then((reason) => this.#onChannelEnd(reason));
    await this.#ask(channel);
    const queues = [...this.#queues.values()];
    const outcomes = await Promise.allSettled(queues.map((queue) => this.#consume(channel, queue)));
    const reasons = outcomes.flatMap((outcome) => outcome.status === "rejected" ? [asError(outcome.reason)] : []);
    if (reasons.length === 0) {
      this.#locked = 0;
      return;
    }
    const refusal = reasons.find((reason) => reason instanceof AmqpError); // the others fell with the channel
    if (refusal === undefined || isFirst) throw refusal ?? reasons[0];
    const isLocked = refusal.replyCode === ReplyCode.resourceLocked && ++this.#locked < MAX_LOCKED;
    const queue = queues[outcomes.findIndex((outcome) => outcome.status === "rejected" && outcome.reason === refusal)];
    if (!isLocked && queue !== undefined) this.#lose(queue.queue, refusal);
  }

  /** Asks for the present credit. */
  async #ask(channel: Channel): Promise<void> {
    if (this.#options.noAck) return;
    this.#told = this.#credit;
    await channel.qos(this.#told, this.#options.creditScope === "channel");
  }

  /** Asks for it unless that would change nothing, or a change is on its way. */
  #tellCredit(): void {
    const channel = this.#channel;
    const isUseless = this.#options.creditScope === "consumer" || this.#told === this.#credit;
    if (isUseless || this.#isCrediting || channel === undefined || !channel.isOpen) return;
    this.#isCrediting = true;
    this.#ask(channel)
      .catch(() => {}) // a channel that ends is resumed with the credit
      .finally(() => {
        this.#isCrediting = false;
        if (this.#credit !== this.#told && !this.#stop.signal.aborted) this.setCredit(this.#credit);
      });
  }

  async #consume(channel: Channel, { queue, exclusive, arguments: args }: ConsumedQueue): Promise<void> {
    const { noAck, onMessage } = this.#options;
    const tag = await channel.consume({
      queue,
      noAck,
      exclusive,
      arguments: args,
      onMessage: (message) => {
        this.#delivered++;
        onMessage(message, queue, channel);
      },
      onCancel: () => this.#onCancel(channel, queue),
    });
    this.#tags.set(queue, tag);
  }

  /** The queue was deleted under the consumer, or its node is gone. */
  #onCancel(channel: Channel, queue: string): void {
    this.#tags.delete(queue);
    const consumed = this.#queues.get(queue);
    if (consumed === undefined || this.#stop.signal.aborted) return;
    this.#host.log.warn("The broker cancelled a consumer; its queue is declared again", { queue });
    this.#options.onInterrupted?.(
      new ConnectionError(`Cannot consume from ${queue}: the broker cancelled the consumer, its queue was deleted`),
    );
    this.#host.redeclare(queue).then(() => this.#consume(channel, consumed)).catch((error) => {
      if (error instanceof TimeoutError) this.#host.abandon(error);
      else if (error instanceof AmqpError && channel.isOpen) this.#lose(queue, error);
    }); // where the channel or the connection ended, its own end resumes everything
  }

  /** Resumes over another channel of the same connection; if that is gone too, the client resumes after its reconnect. */
  #onChannelEnd(reason: Error | undefined): void {
    if (reason !== undefined && !this.#stop.signal.aborted) this.#options.onInterrupted?.(reason);
    const isOver = this.#stop.signal.aborted || !this.#host.isConnected;
    if (isOver || this.#isRetrying || !(reason instanceof AmqpError)) return;
    this.#host.log.warn("The broker closed a consumer's channel; it is opened again", { reason: reason.message });
    this.#isRetrying = true;
    this.#retry().catch((error) => {
      if (this.#stop.signal.aborted) return;
      if (error instanceof TimeoutError) this.#host.abandon(error);
      this.#host.log.warn("A consumer waits for its connection", { reason: asError(error).message });
    }).finally(() => this.#isRetrying = false);
  }

  async #retry(): Promise<void> {
    const backoff = new Backoff(RETRY);
    while (!this.#channel?.isOpen && this.#queues.size > 0) {
      await delay(backoff.next(), { signal: this.#stop.signal, clock: this.#host.clock });
      for (const queue of this.queues) await this.#redeclare(queue);
      await this.resume(false);
    }
  }

  async #redeclare(queue: string): Promise<void> {
    try {
      await this.#host.redeclare(queue);
    } catch (error) {
      if (!(error instanceof AmqpError)) throw error;
      if (error.replyCode !== ReplyCode.resourceLocked) this.#lose(queue, error);
    }
  }

  #startWatch(): StallWatch {
    const channel = () => this.#channel;
    const hasCredit = () => this.#told === 0 || this.unsettled < this.#told;
    const consumed = () => [...this.#tags.keys()];
    const delivered = () => this.#delivered;
    return new StallWatch({
      clock: this.#host.clock,
      get queues() {
        return consumed();
      },
      get idleChannel() {
        return channel()?.isOpen && hasCredit() ? channel() : undefined;
      },
      get delivered() {
        return delivered();
      },
      onStall: (queue, messages) => {
        this.#host.log.warn("A queue keeps its messages back; it is consumed from anew", { queue, messages });
        this.#restart().catch(() => {}); // where the connection ended, its own end resumes everything
      },
    });
  }

  /** Over another channel; what is in hand goes back to the queues. */
  async #restart(): Promise<void> {
    await this.#channel?.close();
    await this.resume(false);
  }

  #lose(queue: string, reason: Error): void {
    this.#queues.delete(queue);
    this.#tags.delete(queue);
    this.#host.log.error("A queue cannot be consumed from any more", { queue, reason: reason.message });
    this.#options.onLost?.(queue, reason);
  }

  #mustRun(attempt: string): void {
    if (this.#stop.signal.aborted) {
      throw new UsageError(`Cannot ${attempt}: the consumer was stopped`, { code: "ERR_STATE" });
    }
  }
}
