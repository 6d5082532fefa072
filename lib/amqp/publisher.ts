import type { Channel } from "./channel.ts";
import { AmqpError, endedUnder, refusedAs } from "./errors.ts";
import { describePublish, type OutgoingMessage } from "./message.ts";
import type { PublishOutcome } from "./outcomes.ts";
import { onAbort } from "../base/abort.ts";
import { Deferred } from "../base/deferred.ts";
import { TimeoutError } from "../base/errors.ts";
import { Fifo } from "../base/fifo.ts";
import type { Clock } from "../base/time.ts";
import { METHODS } from "./wire/methods.ts";

export interface PublisherOptions {
  /** Messages on their way without confirmation; beyond that they wait here. Default 10000. */
  readonly maxUnconfirmed?: number | undefined;
  /** The same in bytes of body. Default 64 MiB; one message may always go. */
  readonly maxUnconfirmedBytes?: number | undefined;
}

export interface PublishOptions {
  /** Undefined waits as long as the client goes on reconnecting. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** False: a publish whose connection ends before it is confirmed fails with `maybeSent`. Default true: it is sent again. */
  readonly retry?: boolean | undefined;
}

const DEFAULT_MAX_UNCONFIRMED = 10_000;
const DEFAULT_MAX_UNCONFIRMED_BYTES = 64 * 1024 * 1024;

/**
 * Publishes that survive their channel: each is settled exactly once, by the broker's confirmation or refusal, by its
 * deadline, or because the client has ended.
 *
 *     waiting ──send──> unconfirmed ──ack──> settled
 *        ^────channel lost────┘
 *
 * What was sent and not confirmed when a channel ended is sent again on the next, first and in order, with the same
 * properties, so a broker may get it twice and a consumer can tell by its id.
 *
 * A broker that refuses a publish (unknown exchange, malformed property) closes the channel without saying which it was.
 * Those that were on their way are then sent one by one, until the culprit is alone and fails.
 *
 * Opens: nothing. Borrows the channel it is given with `attach`.
 */
export class Publisher {
  readonly #maxUnconfirmed: number;
  readonly #maxUnconfirmedBytes: number;
  readonly #clock: Clock;
  readonly #waiting = new Fifo<Publish>();
  #lost: Publish[] = []; // sent on a channel that has ended, oldest first
  #suspects = 0; // how many of the next to send may be the one that ended the last channel
  #channel: Channel | undefined;
  #isBlocked = false;
  #unconfirmed = 0;
  #unconfirmedBytes = 0;
  #ended: Error | undefined;
  #idle: Deferred<void> | undefined;

  constructor(clock: Clock, options: PublisherOptions = {}) {
    this.#clock = clock;
    this.#maxUnconfirmed = options.maxUnconfirmed ?? DEFAULT_MAX_UNCONFIRMED;
    this.#maxUnconfirmedBytes = options.maxUnconfirmedBytes ?? DEFAULT_MAX_UNCONFIRMED_BYTES;
  }

  /** Publishes that are not settled. */
  get pending(): number {
    return this.#unconfirmed + this.#lost.length + this.#waiting.length;
  }

  /** Resolves when the broker has confirmed the message. */
  publish(message: OutgoingMessage, options: PublishOptions = {}): Promise<void> {
    const { timeoutMs, signal, retry = true } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#ended !== undefined) {
      return Promise.reject(endedUnder(describePublish(message), this.#ended, { maybeSent: false }));
    }
    const publish = new Publish(this, message, retry);
    if (timeoutMs !== undefined || signal !== undefined) publish.limit(this.#clock, timeoutMs, signal);
    if (this.#waiting.length === 0 && this.#hasRoom()) this.#send(publish);
    else this.#waiting.push(publish);
    return publish.promise;
  }

  /** Goes on over this channel, which is in confirm mode. */
  attach(channel: Channel): void {
    this.#channel = channel;
    channel.onFlow(() => this.pump());
    this.#waiting.unshift(this.#lost);
    this.#lost = [];
    this.pump();
  }

  /** The broker takes no publishes (`connection.blocked`), or takes them again. */
  setBlocked(isBlocked: boolean): void {
    this.#isBlocked = isBlocked;
    if (!isBlocked) this.pump();
  }

  /** Sends what waits, as far as there is room. */
  pump(): void {
    while (this.#waiting.length > 0 && this.#hasRoom()) {
      const publish = this.#waiting.shift();
      if (publish !== undefined && !publish.isSettled) this.#send(publish);
    }
    this.#checkIdle();
  }

  /** Resolves when nothing waits for a confirmation any more. */
  idle(): Promise<void> {
    if (this.pending === 0) return Promise.resolve();
    this.#idle ??= new Deferred<void>();
    return this.#idle.promise;
  }

  /** Rejects everything that is not settled, now and from now on. */
  end(reason: Error): void {
    this.#ended = reason;
    this.#channel = undefined;
    for (const publish of this.#lost.splice(0)) publish.fail(reason, true);
    for (const publish of this.#waiting.takeAll()) publish.fail(reason, publish.wasSent);
    this.#checkIdle();
  }

  /** Called by a publish that the broker has confirmed or refused. */
  done(publish: Publish): void {
    this.#forget(publish);
    if (this.#suspects > 0) this.#suspects--;
    if (this.#waiting.length > 0) this.pump();
    else this.#checkIdle();
  }

  /** Called by a publish whose channel has ended; oldest first. */
  lost(publish: Publish, reason: Error): void {
    const wasAlone = this.#unconfirmed === 1 && this.#lost.length === 0;
    this.#forget(publish);
    if (isRefusedPublish(reason)) {
      if (wasAlone) publish.reject(refusedAs(describePublish(publish.message), reason));
      this.#suspects = this.#unconfirmed + this.#lost.length + (wasAlone ? 0 : 1);
    }
    if (this.#ended !== undefined || !publish.retry) publish.fail(reason, true);
    else if (!publish.isSettled) this.#lost.push(publish);
    this.#checkIdle();
  }

  #hasRoom(): boolean {
    if (this.#channel === undefined || !this.#channel.isOpen || this.#isBlocked || !this.#channel.mayPublish) {
      return false;
    }
    if (this.#lost.length > 0 || this.#unconfirmed >= this.#maxUnconfirmed) return false;
    if (this.#suspects > 0) return this.#unconfirmed === 0;
    return this.#unconfirmedBytes < this.#maxUnconfirmedBytes;
  }

  #send(publish: Publish): void {
    this.#unconfirmed++;
    this.#unconfirmedBytes += publish.message.body.length;
    try {
      publish.wasSent = true;
      this.#channel?.publishTracked(publish);
    } catch (error) {
      this.#forget(publish);
      publish.reject(error); // it cannot be written, and never will
    }
  }

  #forget(publish: Publish): void {
    this.#unconfirmed--;
    this.#unconfirmedBytes -= publish.message.body.length;
  }

  #checkIdle(): void {
    if (this.#idle === undefined || this.pending > 0) return;
    this.#idle.resolve();
    this.#idle = undefined;
  }
}

/** True for the end of a channel that one of its publishes has caused. */
function isRefusedPublish(reason: Error): reason is AmqpError {
  const { classId, methodId } = METHODS["basic.publish"];
  return reason instanceof AmqpError && reason.classId === classId && reason.methodId === methodId;
}

/** One message on its way. */
class Publish implements PublishOutcome {
  readonly message: OutgoingMessage;
  readonly retry: boolean;
  wasSent = false;
  readonly #publisher: Publisher;
  readonly #done = new Deferred<void>();
  #unlimit: (() => void) | undefined;

  constructor(publisher: Publisher, message: OutgoingMessage, retry: boolean) {
    this.#publisher = publisher;
    this.message = message;
    this.retry = retry;
  }

  get promise(): Promise<void> {
    return this.#done.promise;
  }

  get isSettled(): boolean {
    return this.#done.settled;
  }

  /** Fails it at a deadline or abort, wherever it is then. */
  limit(clock: Clock, timeoutMs: number | undefined, signal: AbortSignal | undefined): void {
    const timer = timeoutMs === undefined ? undefined : clock.after(timeoutMs, () => {
      const attempt = describePublish(this.message);
      this.reject(
        new TimeoutError(`Cannot ${attempt}: the broker did not confirm it within ${timeoutMs} ms`, timeoutMs),
      );
    });
    const unlisten = onAbort(signal, (reason) => this.reject(reason));
    this.#unlimit = () => {
      timer?.cancel();
      unlisten();
    };
  }

  confirmed(): void {
    this.#unlimit?.();
    this.#done.resolve();
    this.#publisher.done(this);
  }

  refused(error: AmqpError): void {
    this.reject(error);
    this.#publisher.done(this);
  }

  lost(reason: Error): void {
    this.#publisher.lost(this, reason);
  }

  fail(reason: Error, maybeSent: boolean): void {
    this.reject(endedUnder(describePublish(this.message), reason, { maybeSent }));
  }

  reject(reason: unknown): void {
    this.#unlimit?.();
    this.#done.reject(reason);
  }
}
