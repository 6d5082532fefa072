import { delay } from "../base/time.ts";
import { asError, ConnectionError } from "../base/errors.ts";
import type { Celery } from "./app.ts";
import { mustExpectResults } from "./backend/factory.ts";
import type { RetryPolicy } from "./settings.ts";
import { retryPolicy } from "./settings_table.ts";
import { sendSentEvent } from "./sent_event.ts";
import { type PublicationContext, publicationOf, type TaskCall, type TaskPublication } from "./task_publication.ts";
import type { CallOptions, Transport } from "./transport/transport.ts";

/** A call that was handed to the broker, or will be. */
export interface Sent {
  readonly id: string;
  /** Resolves when the broker has confirmed; rejects when it cannot be reached. Always handled: nobody has to await it. */
  readonly published: Promise<void>;
}

/** What happens around a publish, for those who want to see or change it. */
export type PublishListener = (publication: TaskPublication) => void;

/**
 * Sends tasks: builds the message at once, so that what is wrong with a call throws where it is called, and hands it to the
 * transport, where everything of one tick leaves together.
 *
 * Reads the settings when it is made, at the first call.
 */
export class Publisher {
  readonly #app: Celery;
  readonly #context: PublicationContext;
  readonly #mustExpect: boolean;
  readonly #sendsEvents: boolean;
  readonly #listeners = new Set<PublishListener>();

  constructor(app: Celery, context: PublicationContext) {
    this.#app = app;
    this.#context = context;
    this.#mustExpect = mustExpectResults(app.backendUrl);
    this.#sendsEvents = app.conf.taskSendSentEvent;
  }

  /** Calls `listener` before each publish; what it throws fails the call. @returns how to stop */
  onPublish(listener: PublishListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * @throws {UsageError}, {EncodeError} if the call cannot be sent, whatever the broker says
   */
  send(call: TaskCall): Sent {
    const publication = publicationOf(call, this.#context);
    for (const listener of this.#listeners) listener(publication);
    this.#app.sending.take();
    const published = this.#app.signals.afterTaskPublish.isConnected
      ? this.#publishAndTell(publication, call)
      : this.#publish(publication, call);
    published.then(this.#settled, this.#settled); // a failure is shown by `published` and by `get` to whoever asks
    return { id: publication.id, published };
  }

  async #publishAndTell(publication: TaskPublication, call: TaskCall): Promise<void> {
    await this.#publish(publication, call);
    await this.#tell(publication, call);
  }

  async #tell({ embed, message, route }: TaskPublication, { name, args, kwargs }: TaskCall): Promise<void> {
    await this.#app.signals.afterTaskPublish.send({
      sender: name,
      body: [args, kwargs, embed],
      headers: message.headers,
      exchange: route.exchange,
      routingKey: route.routingKey,
    });
  }

  readonly #settled = (): void => this.#app.sending.give();

  /** Most messages need one promise: the transport is open, and nobody has to be told before or after. */
  #publish(publication: TaskPublication, call: TaskCall): Promise<void> {
    const transport = this.#app.liveTransport;
    if (transport === undefined || this.#mustExpect || this.#sendsEvents) {
      return this.#publishInSteps(publication, call);
    }
    const { message, route } = publication; // all that is kept of it meanwhile
    const { options } = call;
    return transport.publish(message, route, callOptions(call))
      .catch((error) => this.#again(asError(error), { message, route }, { options }));
  }

  async #publishInSteps(publication: TaskPublication, call: TaskCall): Promise<void> {
    const { message, route, id } = publication;
    const options = callOptions(call);
    if (this.#mustExpect && call.options.ignore_result !== true) {
      await (await this.#app.backend()).expect([id], options);
    }
    const transport = await this.#app.transport();
    try {
      await transport.publish(message, route, options);
    } catch (error) {
      await this.#again(asError(error), publication, call);
    }
    if (this.#sendsEvents) await sendSentEvent(this.#app, transport, publication);
  }

  /** Publishes again what a lost connection took along: with the same id, so that at worst it runs twice. */
  async #again(
    reason: Error,
    { message, route }: Pick<TaskPublication, "message" | "route">,
    call: Pick<TaskCall, "options">,
  ): Promise<void> {
    const { conf } = this.#app;
    const isWanted = call.options.retry ?? conf.taskPublishRetry;
    const policy = policyOf(call, conf.taskPublishRetryPolicy);
    for (let attempt = 1;; attempt++) {
      if (!isWanted || !(reason instanceof ConnectionError)) throw reason;
      if (policy.maxRetries !== null && attempt > policy.maxRetries) throw reason;
      await delay(waitSeconds(policy, attempt) * 1000, signalOf(call));
      try {
        const transport: Transport = await this.#app.transport();
        return await transport.publish(message, route, callOptions(call));
      } catch (error) {
        reason = asError(error);
      }
    }
  }
}

function policyOf(call: Pick<TaskCall, "options">, standard: RetryPolicy): RetryPolicy {
  const { retry_policy: own } = call.options;
  return own === undefined || own === null ? standard : retryPolicy("retryPolicy", { ...standard, ...own });
}

/** kombu's `fxrange`: start, start + step, … at most the longest. */
function waitSeconds({ intervalStart, intervalStep, intervalMax }: RetryPolicy, attempt: number): number {
  return Math.min(intervalMax, intervalStart + intervalStep * (attempt - 1));
}

function signalOf({ options }: Pick<TaskCall, "options">): { signal?: AbortSignal } {
  return options.signal === undefined ? {} : { signal: options.signal };
}

const NO_OPTIONS: CallOptions = Object.freeze({});

function callOptions({ options }: Pick<TaskCall, "options">): CallOptions {
  const { signal, timeout_ms: timeoutMs } = options;
  return signal === undefined && timeoutMs === undefined ? NO_OPTIONS : { signal, timeoutMs };
}
