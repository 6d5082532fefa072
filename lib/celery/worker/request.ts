import { UsageError } from "../../base/errors.ts";
import type { Delivery } from "../transport/transport.ts";
import type { TaskHeaders } from "../wire/task_message.ts";
import type { TaskInfo } from "./task_info.ts";

export type RequestState =
  | "received"
  | "scheduled"
  | "reserved"
  | "running"
  | "stored"
  | "acked"
  | "rejected"
  | "requeued";

const NEXT: Readonly<Record<RequestState, readonly RequestState[]>> = {
  received: ["scheduled", "reserved", "stored", "requeued"],
  scheduled: ["reserved", "stored", "requeued"],
  reserved: ["running", "stored", "rejected", "requeued"],
  running: ["reserved", "stored", "acked", "rejected", "requeued"],
  stored: ["acked", "rejected"],
  acked: [],
  rejected: [],
  requeued: [],
};

/** What a message says about the task to run, and when. */
export interface TaskFields {
  readonly headers: TaskHeaders;
  /** Milliseconds since the epoch. */
  readonly etaMs: number | undefined;
  readonly expiresMs: number | undefined;
}

/**
 * One delivery of one task: one owner, one fate.
 *
 *                  ┌──> scheduled ──due──┐
 *     received ────┼─────────────────────┴──> reserved ──started──> running ──result is stored──> stored ──> acked
 *                  │                             ^ └─── came back unstarted ───┘ │                   └─────> rejected
 *                  └─ revoked, expired: stored   └───────────────────────────────┤
 *                                                                                └─ Ignore: acked · Reject: rejected
 *     from anywhere before stored: requeued (shutdown, lost worker)
 *
 * Only this class settles the delivery, and only once: an early ack goes out on the transition to `running`, a late one on
 * the last transition. An early-acked request walks the same path; its last transition then tells the broker nothing.
 */
export class Request {
  readonly headers: TaskHeaders;
  readonly etaMs: number | undefined;
  readonly expiresMs: number | undefined;
  readonly task: TaskInfo;
  /** Acknowledged before it runs. */
  readonly isEarly: boolean;
  #delivery: Delivery;
  #state: RequestState = "received";
  #settled = false;
  #startedAtMs: number | undefined;
  #workerPid: number | undefined;
  readonly #onSettling: (request: Request, done: Promise<void>) => void;

  /** @param onSettling given the promise of the broker's confirmation, whenever it is told something */
  constructor(
    fields: TaskFields,
    task: TaskInfo,
    delivery: Delivery,
    onSettling: (request: Request, done: Promise<void>) => void,
  ) {
    this.headers = fields.headers;
    this.etaMs = fields.etaMs;
    this.expiresMs = fields.expiresMs;
    this.task = task;
    this.isEarly = !task.acksLate;
    this.#delivery = delivery;
    this.#onSettling = onSettling;
  }

  get id(): string {
    return this.headers.id;
  }

  /** Registered name. */
  get type(): string {
    return this.headers.task;
  }

  /** Name to show. */
  get name(): string {
    return this.headers.shadow === null || this.headers.shadow === "" ? this.headers.task : this.headers.shadow;
  }

  /** Seconds after which its child is killed; null for never. The message goes before the task. */
  get timeLimit(): number | null {
    return positive(this.headers.timelimit[0]) ?? positive(this.task.timeLimit);
  }

  /** Seconds after which its signal is aborted; null for never. */
  get softTimeLimit(): number | null {
    return positive(this.headers.timelimit[1]) ?? positive(this.task.softTimeLimit);
  }

  get delivery(): Delivery {
    return this.#delivery;
  }

  get state(): RequestState {
    return this.#state;
  }

  /** True once the broker was told, early or late. */
  get acknowledged(): boolean {
    return this.#settled;
  }

  /** True once nothing more will happen to it. */
  get isDone(): boolean {
    return this.#state === "acked" || this.#state === "rejected" || this.#state === "requeued";
  }

  /** Wall time at which a child began to run it, milliseconds. */
  get startedAtMs(): number | undefined {
    return this.#startedAtMs;
  }

  get workerPid(): number | undefined {
    return this.#workerPid;
  }

  /** Waits for its eta. */
  schedule(): void {
    this.#enter("scheduled");
  }

  /** Waits for a child. */
  reserve(): void {
    this.#enter("reserved");
    this.#startedAtMs = undefined;
    this.#workerPid = undefined;
  }

  /** A child runs it from now on. */
  start(workerPid: number, atMs: number): void {
    this.#enter("running");
    this.#workerPid = workerPid;
    this.#startedAtMs = atMs;
    if (this.isEarly) this.#settle(() => this.#delivery.ack());
  }

  /** Its result stands in the backend, or was not wanted there. */
  store(): void {
    this.#enter("stored");
  }

  ack(): void {
    this.#enter("acked");
    this.#settle(() => this.#delivery.ack());
  }

  reject(): void {
    this.#enter("rejected");
    this.#settle(() => this.#delivery.reject());
  }

  /** Back to the broker, behind the others. */
  requeue(): void {
    this.#enter("requeued");
    this.#settle(() => this.#delivery.requeue());
  }

  /** Back to the broker, in front of the others. */
  release(): void {
    this.#enter("requeued");
    this.#settle(() => this.#delivery.release());
  }

  /**
   * The connection of the delivery was lost and the broker has delivered the message again: this is the delivery to settle
   * now. If the request was acknowledged already, the broker is told again.
   */
  adopt(delivery: Delivery): void {
    this.#delivery = delivery;
    if (this.#settled) this.#onSettling(this, delivery.ack());
  }

  #settle(tell: () => Promise<void>): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#onSettling(this, tell());
  }

  #enter(next: RequestState): void {
    if (!NEXT[this.#state].includes(next)) {
      throw new UsageError(`Cannot move task ${this.name}[${this.id}] to ${next}: it is ${this.#state}`, {
        code: "ERR_STATE",
      });
    }
    this.#state = next;
  }
}

/** Python's `limit or …`: 0 means none. */
function positive(seconds: number | null): number | null {
  return seconds !== null && seconds > 0 ? seconds : null;
}
