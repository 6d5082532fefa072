import type { Celery } from "../app.ts";
import type { Signals } from "../signals/signals.ts";
import { type TaskRequest, taskRequest } from "../task_request.ts";
import type { Message } from "../wire/message.ts";
import { InvalidTaskError } from "../wire/errors.ts";
import { NotRegistered, type TaskError } from "../wire/task_errors.ts";
import { EMPTY_EMBED, type TaskHeaders } from "../wire/task_message.ts";
import { requestOf } from "./message_request.ts";
import type { Request } from "./request.ts";

/** What the supervisor says of its tasks to those who are connected. Nothing here waits for a receiver, nor throws. */
export interface NodeSignals {
  received(request: Request): void;
  revoked(request: Request, how: { terminated: boolean; signum: number | null; expired: boolean }): void;
  /** A failure that its child could not report. */
  failed(request: Request, error: TaskError, traceback: string): void;
  rejected(message: Message, reason: string | undefined): void;
  unknown(message: Message, headers: TaskHeaders): void;
  heartbeat(): void;
  ready(): void;
}

export class AppNodeSignals implements NodeSignals {
  readonly #app: Celery;
  readonly #node: string;
  readonly #signals: Signals;

  constructor(app: Celery, node: string) {
    this.#app = app;
    this.#node = node;
    this.#signals = app.signals;
  }

  received(request: Request): void {
    const { taskReceived } = this.#signals;
    if (!taskReceived.isConnected) return;
    void taskReceived.send({ sender: this.#node, request: requestToShow(this.#app, request, this.#node) });
  }

  revoked(request: Request, how: { terminated: boolean; signum: number | null; expired: boolean }): void {
    const { taskRevoked } = this.#signals;
    if (!taskRevoked.isConnected) return;
    const shown = requestToShow(this.#app, request, this.#node);
    void taskRevoked.send({ sender: this.#senderOf(request), request: shown, ...how });
  }

  failed(request: Request, exception: TaskError, traceback: string): void {
    const { taskFailure } = this.#signals;
    if (!taskFailure.isConnected) return;
    const shown = requestToShow(this.#app, request, this.#node);
    void taskFailure.send({
      sender: this.#senderOf(request),
      request: shown,
      taskId: request.id,
      exception,
      get args() {
        return shown.args;
      },
      get kwargs() {
        return shown.kwargs;
      },
      traceback,
      einfo: { exception, traceback },
    });
  }

  rejected(message: Message, reason: string | undefined): void {
    const { taskRejected } = this.#signals;
    if (!taskRejected.isConnected) return;
    void taskRejected.send({
      sender: this.#node,
      message,
      exc: reason === undefined ? null : new InvalidTaskError(reason),
    });
  }

  unknown(message: Message, { id, task }: TaskHeaders): void {
    const { taskUnknown } = this.#signals;
    if (!taskUnknown.isConnected) return;
    void taskUnknown.send({ sender: this.#node, message, exc: new NotRegistered([task]), name: task, id });
  }

  heartbeat(): void {
    void this.#signals.heartbeatSent.send({ sender: this.#node });
  }

  ready(): void {
    void this.#signals.workerReady.send({ sender: this.#node });
  }

  #senderOf({ type }: Request) {
    return this.#app.tasks.get(type) ?? type;
  }
}

const IN_BODY = ["args", "kwargs", "callbacks", "errbacks", "chain", "chord"] as const;

/** The request of a delivery; its body is decoded when a receiver asks for what is in it, and not before. */
function requestToShow(app: Celery, { headers, delivery }: Request, node: string): TaskRequest {
  const { exchange, routingKey, redelivered, message: { properties } } = delivery;
  const request = taskRequest(headers, { args: [], kwargs: {}, embed: EMPTY_EMBED }, {
    replyTo: properties.replyTo,
    correlationId: properties.correlationId,
    deliveryInfo: { exchange, routingKey, priority: properties.priority ?? null, redelivered },
    hostname: node,
  });
  let whole: TaskRequest | undefined;
  for (const part of IN_BODY) {
    Object.defineProperty(request, part, {
      enumerable: true,
      get: () => (whole ??= requestOf(app, delivery, node))[part],
    });
  }
  return request;
}
