import { onAbort } from "../../base/abort.ts";
import type { Timer } from "../../base/time.ts";
import { ConnectionClosedError, TimeoutError } from "../wire/errors.ts";
import type { Message } from "../wire/message.ts";
import type { Serializer } from "../wire/serializer.ts";
import type { CallOptions } from "./call_options.ts";
import type { DaemonConnection, Pending, Reply } from "./daemon_connection.ts";
import { RemoteStream, type StreamControl } from "./remote_stream.ts";
import { readReply } from "./reply_reader.ts";
import type { ProxySettings } from "./settings.ts";

const MAYBE = "it was sent, and may have been carried out";

/** A call that waits for its answer; settles the promise that its caller holds, once. */
export class PendingCall implements Reply {
  readonly #method: string;
  readonly #connection: DaemonConnection;
  readonly #serializer: Serializer;
  readonly #settings: ProxySettings;
  readonly #options: CallOptions;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #streams: StreamControl;
  #timer: Timer | undefined;
  #unlisten: (() => void) | undefined;

  constructor(
    call: {
      readonly method: string;
      readonly connection: DaemonConnection;
      readonly serializer: Serializer;
      readonly settings: ProxySettings;
      readonly options: CallOptions;
      readonly streams: StreamControl;
    },
    resolve: (value: unknown) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#method = call.method;
    this.#connection = call.connection;
    this.#serializer = call.serializer;
    this.#settings = call.settings;
    this.#options = call.options;
    this.#streams = call.streams;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Gives the call up when its time has run out, or when its signal says so. */
  watch(pending: Pending): void {
    const { timeoutMs = this.#settings.timeoutMs, signal } = this.#options;
    if (timeoutMs > 0) this.#timer = this.#settings.clock.after(timeoutMs, () => this.#timeOut(pending, timeoutMs));
    if (signal !== undefined) this.#unlisten = onAbort(signal, (reason) => this.#giveUp(pending, reason));
  }

  answered(message: Message): void {
    this.#unwatch();
    this.#options.onAnnotations?.(message.annotations);
    const outcome = readReply(message, this.#serializer, this.#settings.maxMessageBytes);
    switch (outcome.kind) {
      case "value":
        return this.#resolve(outcome.value);
      case "stream":
        return this.#resolve(new RemoteStream(outcome.id, this.#streams));
      case "exception":
        return this.#reject(outcome.error);
      case "unreadable":
        void this.#connection.close(); // as Python does: the next call gets a fresh one
        return this.#reject(outcome.error);
    }
  }

  failed(error: Error): void {
    this.#unwatch();
    if (!(error instanceof ConnectionClosedError)) return this.#reject(error);
    const words = `${error.message} (the call of ${this.#method} has no answer; ${MAYBE})`;
    this.#reject(new ConnectionClosedError(words, { cause: error, maybeSent: true }));
  }

  #timeOut(pending: Pending, ms: number): void {
    const words = `receiving: timeout (no answer to ${this.#method} within ${ms} ms; ${MAYBE})`;
    this.#giveUp(pending, new TimeoutError(words, { maybeSent: true }));
  }

  #giveUp(pending: Pending, reason: unknown): void {
    this.#connection.giveUp(pending);
    this.#unwatch();
    this.#reject(reason);
  }

  #unwatch(): void {
    this.#timer?.cancel();
    this.#unlisten?.();
  }
}
