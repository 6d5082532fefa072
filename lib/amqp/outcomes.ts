import { Deferred } from "../base/deferred.ts";
import { ConfirmTracker } from "./confirm_tracker.ts";
import { AmqpError, endedUnder } from "./errors.ts";
import { describePublish, type OutgoingMessage } from "./message.ts";
import type { Content } from "./wire/content.ts";
import type { MethodOf } from "./wire/methods.ts";
import { ReplyCode } from "./wire/reply_code.ts";

/** Where a publish in confirm mode ends, exactly once. */
export interface PublishOutcome {
  readonly message: OutgoingMessage;
  /** The broker has it; for persistent messages in durable queues: on disk. */
  confirmed(): void;
  /** The broker has refused it: it reached no queue though it was mandatory (312), or was negatively confirmed. */
  refused(error: AmqpError): void;
  /** The channel ended first; the broker may have it or not. */
  lost(reason: Error): void;
}

/** A publish that is one promise. A class, because closures made for every message cost more than the message. */
export class ConfirmedPublish implements PublishOutcome {
  readonly message: OutgoingMessage;
  readonly #done = new Deferred<void>();

  constructor(message: OutgoingMessage) {
    this.message = message;
  }

  get promise(): Promise<void> {
    return this.#done.promise;
  }

  confirmed(): void {
    this.#done.resolve();
  }

  refused(error: AmqpError): void {
    this.#done.reject(error);
  }

  lost(reason: Error): void {
    this.#done.reject(endedUnder(describePublish(this.message), reason, { maybeSent: true }));
  }
}

/**
 * Publishes of one channel in confirm mode, until the broker has said what became of them.
 *
 * A message that reached no queue comes back before it is confirmed, without a number: it is the oldest that looks the same.
 */
export class Outcomes {
  readonly #tracker = new ConfirmTracker<PublishOutcome>();
  readonly #returned = new Map<PublishOutcome, AmqpError>();

  /** Publishes that wait for the broker's word. */
  get pending(): number {
    return this.#tracker.pending;
  }

  /** Notes a publish that is being sent. */
  add(outcome: PublishOutcome): void {
    this.#tracker.add(outcome);
  }

  /** @throws {ProtocolError} for a number that was never published */
  settle({ kind, deliveryTag, multiple }: MethodOf<"basic.ack" | "basic.nack">): void {
    this.#tracker.settle(deliveryTag, multiple, kind === "basic.ack" ? this.#confirmed : this.#negative);
  }

  /** @returns false if nobody waits for the message: then somebody has to be told */
  onReturn(method: MethodOf<"basic.return">, content: Content): boolean {
    const { replyCode, replyText, exchange, routingKey } = method;
    const { messageId, correlationId } = content.properties;
    const why = `Cannot ${describePublish(method)}: the broker returned it with ${replyCode} ${replyText}`;
    const missing = exchange === "" ? "there is no such queue" : "no queue is bound to it with that key";
    const isUnroutable = replyCode === ReplyCode.noRoute;
    const error = new AmqpError(isUnroutable ? `${why}; ${missing}` : why, replyCode, { replyText });
    const outcome = this.#tracker.find((each) => {
      const { message } = each;
      return message.mandatory === true && message.exchange === exchange && message.routingKey === routingKey &&
        message.properties.messageId === messageId && message.properties.correlationId === correlationId &&
        message.body.length === content.body.length && !this.#returned.has(each);
    });
    if (outcome !== undefined) this.#returned.set(outcome, error);
    return outcome !== undefined;
  }

  /** The channel has ended. */
  end(reason: Error): void {
    this.#returned.clear();
    for (const outcome of this.#tracker.takeAll()) outcome.lost(reason);
  }

  readonly #confirmed = (outcome: PublishOutcome): void => {
    const returned = this.#returned.size === 0 ? undefined : this.#returned.get(outcome);
    if (returned === undefined) return outcome.confirmed();
    this.#returned.delete(outcome);
    outcome.refused(returned);
  };

  readonly #negative = (outcome: PublishOutcome): void => {
    this.#returned.delete(outcome);
    outcome.refused(new AmqpError(`Cannot ${describePublish(outcome.message)}: the broker refused it (basic.nack)`, 0));
  };
}
