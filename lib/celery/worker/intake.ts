import { type Clock, systemClock } from "../../base/time.ts";
import type { Delivery } from "../transport/transport.ts";
import { isoAt } from "../wire/timezone.ts";
import type { Conclusions } from "./conclusions.ts";
import type { EventDispatcher } from "./events.ts";
import type { HeldRequests } from "./held_requests.ts";
import type { WorkerLog } from "./log.ts";
import * as lines from "./log_lines.ts";
import type { NodeSignals } from "./node_signals.ts";
import { parseRate, RateLimit } from "./rate_limit.ts";
import { type Reading, readTask, type TaskReader } from "./read_task.ts";
import { Request } from "./request.ts";
import type { Revoked } from "./revoked.ts";
import type { RevokedStamps } from "./revoked_stamps.ts";
import { Scheduled } from "./scheduled.ts";
import type { Settlements } from "./settlements.ts";
import { showMessage } from "./show_message.ts";
import type { TaskPool } from "./task_pool.ts";
import type { TaskRegistry } from "./task_registry.ts";
import type { Verdicts } from "./verdicts.ts";

export interface IntakeOptions {
  readonly log: WorkerLog;
  readonly events: EventDispatcher;
  readonly held: HeldRequests;
  readonly pool: TaskPool;
  readonly tasks: TaskRegistry;
  readonly verdicts: Verdicts;
  readonly conclusions: Conclusions;
  readonly signals: NodeSignals;
  readonly settlements: Settlements;
  readonly revoked: Revoked;
  readonly revokedStamps: RevokedStamps;
  readonly reader: Omit<TaskReader, "tasks">;
  readonly disableRateLimits: boolean;
  /** More or fewer messages wait for their time than before: the credit has to follow. */
  readonly onScheduledChange: () => void;
  readonly clock?: Clock;
}

/**
 * The way of a delivery into the pool: it is read, may be revoked or expired, may have to wait for its time and for its
 * rate limit, and is queued.
 *
 * Source: celery 5.6 celery/worker/strategy.py `default` · celery/worker/consumer/consumer.py
 *
 * Owns: the timers of what waits; `clear` cancels them.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #clock: Clock;
  readonly #reader: TaskReader;
  readonly #scheduled: Scheduled<Request>;
  readonly #limits = new Map<string, RateLimit<Request>>();

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#reader = { ...options.reader, tasks: options.tasks.all };
    this.#scheduled = new Scheduled<Request>((request) => {
      options.onScheduledChange();
      this.#afterEta(request);
    }, this.#clock);
  }

  /** What waits for its time, the next first. */
  get scheduled(): readonly { readonly item: Request; readonly dueMs: number }[] {
    return this.#scheduled.list();
  }

  get scheduledCount(): number {
    return this.#scheduled.size;
  }

  /** Takes one delivery. Never throws. */
  take(delivery: Delivery): void {
    const reading = readTask(delivery.message, this.#reader);
    if (reading.kind !== "task") return this.#refuse(delivery, reading);
    if (this.#isSecondDelivery(delivery, reading.fields.headers.id)) return;
    const { log, held, events, signals } = this.#options;
    const request = new Request(reading.fields, reading.task, delivery, this.#onSettling);
    held.add(request);
    if (log.isEnabled("INFO")) log.write(lines.taskReceived(request));
    if (this.#isRevoked(request)) return;
    signals.received(request);
    if (events.sendsTaskEvents && request.task.sendEvents) this.#announce(request);
    if (request.etaMs === undefined) return this.#afterEta(request);
    request.schedule();
    this.#scheduled.add(request, request.etaMs);
    this.#options.onScheduledChange();
  }

  /** Asked when a child is free for the request: it may have been revoked, or have expired, while it waited. */
  mayStart(request: Request): boolean {
    return !this.#isRevoked(request);
  }

  /** Applies a changed rate limit to what waits for it. */
  resetRateLimit(task: string): void {
    const waiting = this.#limits.get(task)?.clear() ?? [];
    this.#limits.delete(task);
    for (const request of waiting) this.#afterEta(request);
  }

  /** Takes out what waits for its time or for its rate limit, if `doomed` says so. */
  remove(doomed: (request: Request) => boolean): Request[] {
    const removed = this.#scheduled.remove(doomed);
    for (const limit of this.#limits.values()) {
      for (const request of limit.clear()) {
        if (doomed(request)) removed.push(request);
        else limit.add(request);
      }
    }
    if (removed.length > 0) this.#options.onScheduledChange();
    return removed;
  }

  #afterEta(request: Request): void {
    request.reserve();
    const limit = this.#limitOf(request.type);
    if (limit === undefined) this.#options.pool.add(request);
    else limit.add(request);
  }

  #limitOf(task: string): RateLimit<Request> | undefined {
    if (this.#options.disableRateLimits) return undefined;
    const known = this.#limits.get(task);
    if (known !== undefined) return known;
    const perSecond = parseRate(this.#options.tasks.rateLimitOf(task));
    if (perSecond <= 0) return undefined;
    const limit = new RateLimit<Request>(perSecond, (request) => this.#options.pool.add(request), this.#clock);
    this.#limits.set(task, limit);
    return limit;
  }

  readonly #onSettling = (task: lines.NamedTask, done: Promise<void>): void => {
    this.#options.settlements.track(done, (error) => {
      this.#options.log.write(lines.cannotSettle(task, String(error)));
    });
  };

  /** Ends a request that must not run. */
  #isRevoked(request: Request): boolean {
    const { revoked, revokedStamps, log, verdicts } = this.#options;
    const isExpired = request.expiresMs !== undefined && request.expiresMs < this.#clock.now();
    if (isExpired) revoked.add(request.id);
    const stamp = revokedStamps.isEmpty ? undefined : revokedStamps.match(request.delivery.message.headers);
    if (stamp === undefined && !revoked.has(request.id)) return false;
    if (stamp === undefined) log.write(lines.discardingRevoked(request));
    else log.write(lines.discardingStamped(request, stamp.header, stamp.values));
    void verdicts.revoked(request, isExpired ? "expired" : "revoked");
    return true;
  }

  /**
   * The broker delivers again what is held here: because the connection was lost, and then this is the delivery to settle
   * from now on, or because it lost patience, and then the first one still holds.
   */
  #isSecondDelivery(delivery: Delivery, id: string): boolean {
    if (!delivery.redelivered) return false;
    const [held] = this.#options.held.withId(id);
    if (held === undefined) return false;
    this.#options.log.write(lines.duplicateDropped(held));
    if (!held.delivery.isCurrent || held.delivery.deliveryTag === delivery.deliveryTag) held.adopt(delivery);
    else this.#onSettling(held, delivery.ack());
    return true;
  }

  #announce(request: Request): void {
    const { headers } = request;
    const { timezone } = this.#reader;
    const iso = (ms: number | undefined) => ms === undefined ? null : isoAt(ms, timezone);
    this.#options.events.send("task-received", {
      uuid: request.id,
      name: request.name,
      args: headers.argsrepr,
      kwargs: headers.kwargsrepr,
      root_id: headers.rootId,
      parent_id: headers.parentId,
      retries: headers.retries,
      eta: iso(request.etaMs),
      expires: iso(request.expiresMs),
    });
  }

  #refuse(delivery: Delivery, reading: Exclude<Reading, { kind: "task" }>): void {
    const { log, conclusions, events, signals } = this.#options;
    const { message } = delivery;
    const shown = showMessage(delivery);
    const settled = (done: Promise<void>) => this.#onSettling({ id: delivery.deliveryTag, name: "" }, done);
    switch (reading.kind) {
      case "unknown":
        log.write(lines.unknownMessage(shown));
        signals.rejected(message, undefined);
        return settled(delivery.reject());
      case "undecodable":
        log.write(lines.undecodableMessage(reading.error, shown));
        return settled(delivery.ack());
      case "invalid":
        log.write(lines.invalidTask(reading.reason, shown));
        signals.rejected(message, reading.reason);
        return settled(delivery.reject());
      case "unregistered": {
        const { id, task } = reading.headers;
        log.write(lines.unregisteredTask({ id, name: task }, shown));
        events.send("task-failed", { uuid: id, exception: `NotRegistered('${task}')` });
        signals.unknown(message, reading.headers);
        return settled(conclusions.unregistered(reading.headers, delivery).then(() => delivery.reject()));
      }
    }
  }
}
