import { READY_STATES } from "../backend/backend.ts";
import type { TaskState } from "../wire/result_meta.ts";
import { type MonitorEvent, numberOf, textOf } from "./event.ts";
import type { MonitoredWorker } from "./monitored_worker.ts";

/** States by the event that leads to them. Other events make a state of their own: `task-progress` is PROGRESS. */
const STATES: ReadonlyMap<string, TaskState> = new Map([
  ["sent", "PENDING"],
  ["received", "RECEIVED"],
  ["started", "STARTED"],
  ["failed", "FAILURE"],
  ["retried", "RETRY"],
  ["succeeded", "SUCCESS"],
  ["revoked", "REVOKED"],
  ["rejected", "REJECTED"],
]);

/** The later a state comes in a task's life, the smaller its rank; states of the user's own stand where the gap is. */
const RANKS: ReadonlyMap<string, number> = new Map([
  ["SUCCESS", 0],
  ["FAILURE", 1],
  ["REVOKED", 3],
  ["STARTED", 4],
  ["RECEIVED", 5],
  ["REJECTED", 6],
  ["RETRY", 7],
  ["PENDING", 8],
]);
const OWN_STATE_RANK = 2;

/** What a `received` that comes late may still tell. */
const TOLD_BY_RECEIVED: ReadonlySet<string> = new Set([
  "name",
  "args",
  "kwargs",
  "parent_id",
  "root_id",
  "retries",
  "eta",
  "expires",
]);

/** Fields of one task; what more its events carry is left out. */
const MAX_FIELDS = 200;
/** A task has one parent; who says otherwise is not heard for ever. */
const MAX_PARENTS = 8;

const INFO_FIELDS = [
  "args",
  "kwargs",
  "retries",
  "result",
  "eta",
  "runtime",
  "expires",
  "exception",
  "exchange",
  "routing_key",
  "root_id",
  "parent_id",
] as const;

/** Where a task finds its relatives. */
export interface TaskFamily {
  find(uuid: string): MonitoredTask | undefined;
}

/**
 * A task as its events describe it, in whatever order they came. What nobody has told is undefined; times are seconds since 1970,
 * on the clock of who told them.
 *
 * Source: celery 5.6 celery/events/state.py `Task`, celery/states.py `precedence`
 */
export class MonitoredTask {
  readonly uuid: string;
  /** Counts tasks as they are first heard of. */
  readonly serial: number;
  /** Node that has it; undefined while only its sender has spoken. */
  worker: MonitoredWorker | undefined;
  /** Node that sent it, if that was told. */
  client: string | undefined;
  /** Tasks that it has sent, as far as they are in memory. */
  readonly children = new Set<MonitoredTask>();
  /** Every parent that its events have named. */
  readonly parentIds = new Set<string>();
  readonly #family: TaskFamily;
  readonly #fields = new Map<string, unknown>();
  readonly #times = new Map<string, number>();
  #state: TaskState = "PENDING";

  constructor(uuid: string, serial: number, family: TaskFamily) {
    this.uuid = uuid;
    this.serial = serial;
    this.#family = family;
  }

  get state(): TaskState {
    return this.#state;
  }

  get name(): string | undefined {
    return textOf(this.get("name"));
  }

  get sent(): number | undefined {
    return this.#times.get("sent");
  }

  get received(): number | undefined {
    return this.#times.get("received");
  }

  get started(): number | undefined {
    return this.#times.get("started");
  }

  get succeeded(): number | undefined {
    return this.#times.get("succeeded");
  }

  get failed(): number | undefined {
    return this.#times.get("failed");
  }

  get retried(): number | undefined {
    return this.#times.get("retried");
  }

  get revoked(): number | undefined {
    return this.#times.get("revoked");
  }

  get rejected(): number | undefined {
    return this.#times.get("rejected");
  }

  /** As its sender shows them: `(2, 3)`. */
  get args(): string | undefined {
    return textOf(this.get("args"));
  }

  get kwargs(): string | undefined {
    return textOf(this.get("kwargs"));
  }

  /** ISO 8601. */
  get eta(): string | undefined {
    return textOf(this.get("eta"));
  }

  /** ISO 8601. */
  get expires(): string | undefined {
    return textOf(this.get("expires"));
  }

  get retries(): number | undefined {
    return numberOf(this.get("retries"));
  }

  /** As its worker shows it. */
  get result(): string | undefined {
    return textOf(this.get("result"));
  }

  get exception(): string | undefined {
    return textOf(this.get("exception"));
  }

  get traceback(): string | undefined {
    return textOf(this.get("traceback"));
  }

  /** Seconds. */
  get runtime(): number | undefined {
    return numberOf(this.get("runtime"));
  }

  get exchange(): string | undefined {
    return textOf(this.get("exchange"));
  }

  get routingKey(): string | undefined {
    return textOf(this.get("routing_key"));
  }

  get rootId(): string | undefined {
    return textOf(this.get("root_id"));
  }

  get parentId(): string | undefined {
    return textOf(this.get("parent_id"));
  }

  /** Time of the event that was last taken in. */
  get timestamp(): number | undefined {
    return numberOf(this.get("timestamp"));
  }

  /** Logical clock of that event. */
  get clock(): number {
    return numberOf(this.get("clock")) ?? 0;
  }

  /** The first task of its canvas, if it is in memory. */
  get root(): MonitoredTask | undefined {
    return this.rootId === undefined ? undefined : this.#family.find(this.rootId);
  }

  /** The task that has sent it, if it is in memory. */
  get parent(): MonitoredTask | undefined {
    return this.parentId === undefined ? undefined : this.#family.find(this.parentId);
  }

  /** Node and process that have it, or the client that sent it. */
  get origin(): string | undefined {
    return this.worker === undefined ? this.client : this.worker.id;
  }

  /** Nothing more will come of it. */
  get ready(): boolean {
    return READY_STATES.has(this.#state);
  }

  /** Any field that its events had, under Python's name: those of `sendEvent` among them. */
  get(field: string): unknown {
    return this.#fields.get(field);
  }

  /**
   * Takes in an event. One that belongs before what is known already does not turn the task back.
   *
   * @param subject of its type: `received`
   */
  hear(subject: string, timestamp: number, event: MonitorEvent): void {
    const known = STATES.get(subject);
    if (known !== undefined) this.#times.set(subject, timestamp);
    const state = known ?? subject.toUpperCase();
    const isLate = state !== "RETRY" && this.#state !== "RETRY" && rankOf(state) > rankOf(this.#state);
    for (const [field, value] of Object.entries(event)) {
      if (isLate && state === "RECEIVED" && !TOLD_BY_RECEIVED.has(field)) continue;
      if (this.#fields.size < MAX_FIELDS || this.#fields.has(field)) this.#fields.set(field, value);
    }
    if (!isLate) this.#state = state;
  }

  /** @returns false if it has named too many parents for this one to count */
  noteParent(id: string): boolean {
    if (this.parentIds.size >= MAX_PARENTS && !this.parentIds.has(id)) return false;
    this.parentIds.add(id);
    return true;
  }

  /** What there is to show of it, by Python's names, in Celery's order; empty fields are left out. */
  info(extra: readonly "state"[] = []): [name: string, value: unknown][] {
    const own = INFO_FIELDS.map((name): [string, unknown] => [name, this.get(name)]);
    const all = [...own, ...extra.map((): [string, unknown] => ["state", this.#state])];
    return all.filter(([, value]) => value !== undefined && value !== null);
  }

  /** For JSON: all of the above, relatives by their ids. */
  toJSON(): Record<string, unknown> {
    const { uuid, name, state, sent, received, started, succeeded, failed, retried, revoked, rejected } = this;
    const { args, kwargs, eta, expires, retries, result, exception, traceback, runtime, exchange, routingKey } = this;
    const { rootId, parentId, timestamp, clock, client } = this;
    return {
      ...{ uuid, name, state, sent, received, started, succeeded, failed, retried, revoked, rejected },
      ...{ args, kwargs, eta, expires, retries, result, exception, traceback, runtime, exchange, routingKey },
      ...{ rootId, parentId, timestamp, clock, client, worker: this.worker?.hostname },
      children: Array.from(this.children, (child) => child.uuid),
    };
  }
}

function rankOf(state: string): number {
  return RANKS.get(state) ?? OWN_STATE_RANK;
}
