import type { ChildExit } from "../../proc/mod.ts";
import { describeExit, signalNumber } from "../../proc/mod.ts";
import { pyRepr } from "../../base/pyrepr.ts";
import { type TaskError, TimeLimitExceeded, WorkerLostError } from "../wire/task_errors.ts";
import type { Conclusions } from "./conclusions.ts";
import type { EventDispatcher } from "./events.ts";
import type { HeldRequests } from "./held_requests.ts";
import type { WorkerLog } from "./log.ts";
import * as lines from "./log_lines.ts";
import type { NodeSignals } from "./node_signals.ts";
import type { PoolChild } from "./pool_child.ts";
import type { JobReport, Outcome } from "./pool_message.ts";
import type { Request } from "./request.ts";
import { showMessage } from "./show_message.ts";
import type { TaskPool } from "./task_pool.ts";

/** A task that has taken so many children with it here is not tried again, whatever `rejectOnWorkerLost` says. */
const MAX_LOSSES = 5;
/** Tasks whose losses are counted; the oldest are forgotten. */
const MAX_COUNTED = 1000;

export interface VerdictsOptions {
  readonly log: WorkerLog;
  readonly events: EventDispatcher;
  readonly held: HeldRequests;
  readonly conclusions: Conclusions;
  readonly signals: NodeSignals;
  /** A request is done with: there is room for another. */
  readonly onDone: (request: Request) => void;
}

/**
 * Decides what becomes of a request from what became of its run: acknowledged, rejected or put back; told to monitors and
 * to the log. The child has stored the result before it reported; where it could not (it was killed), it is stored here.
 *
 * Source: celery 5.6 celery/worker/request.py `on_accepted`, `on_success`, `on_failure`, `on_retry`, `on_timeout`
 */
export class Verdicts {
  readonly #log: WorkerLog;
  readonly #events: EventDispatcher;
  readonly #held: HeldRequests;
  readonly #conclusions: Conclusions;
  readonly #signals: NodeSignals;
  readonly #onDone: (request: Request) => void;
  /** Requests to be ended by `revoke --terminate`, and by which signal. */
  readonly #terminating = new Map<Request, NodeJS.Signals>();
  /** Requests whose children are ended because their messages cannot be acknowledged any more. */
  readonly #cancelled = new Set<Request>();
  readonly #losses = new Map<string, number>();
  #jobsLost = 0;

  constructor(options: VerdictsOptions) {
    this.#log = options.log;
    this.#events = options.events;
    this.#held = options.held;
    this.#conclusions = options.conclusions;
    this.#signals = options.signals;
    this.#onDone = options.onDone;
  }

  /** The request is to be ended: at once if it runs, else as soon as it begins. */
  terminate(request: Request, signal: NodeJS.Signals, pool: TaskPool): void {
    if (request.isDone) return;
    this.#terminating.set(request, signal);
    if (request.state === "running") pool.terminate(request, signal);
  }

  /** The connection that its message came over is lost: it is ended, for the broker to deliver it again. */
  cancel(request: Request, pool: TaskPool): void {
    this.#log.write(lines.terminatingAfterLoss(request));
    this.#cancelled.add(request);
    pool.terminate(request, "SIGTERM");
    this.#event(request, "task-cancelled", {});
    void this.#conclusions.cancelled(request);
  }

  started(request: Request, child: PoolChild, atMs: number, pool: TaskPool): void {
    request.start(child.child.pid, atMs);
    this.#held.countBegun(request);
    this.#event(request, "task-started", {});
    if (this.#log.isEnabled("DEBUG")) this.#log.write(lines.taskAccepted(request, child.child.pid));
    const signal = this.#terminating.get(request);
    if (signal !== undefined) pool.terminate(request, signal);
  }

  reported(request: Request, child: PoolChild, report: JobReport): void {
    this.#judge(request, report.outcome, `ForkPoolWorker-${child.child.index}`);
  }

  /** Its child was killed because it ran too long. */
  async hardLimit(request: Request, seconds: number): Promise<void> {
    this.#log.write(lines.hardLimitExceeded(request, seconds));
    await this.#failedOutside(request, new TimeLimitExceeded([seconds]));
  }

  softLimit(request: Request, seconds: number): void {
    this.#log.write(lines.softLimitExceeded(request, seconds));
  }

  /** Its child ended while it ran. */
  async lost(request: Request, exit: ChildExit): Promise<void> {
    if (this.#cancelled.has(request)) return this.#giveBack(request);
    const signal = this.#terminating.get(request);
    if (signal !== undefined) return await this.#terminated(request, signal);
    this.#jobsLost++;
    const error = new WorkerLostError([`Worker exited prematurely: ${describeExit(exit)} Job: ${this.#jobsLost}.`]);
    if (request.task.acksLate && request.task.rejectOnWorkerLost && this.#mayTryAgain(request)) {
      this.#log.write(lines.handlerRaised(request, reprOf(error)));
      request.requeue();
      this.#event(request, "task-rejected", { requeue: true });
      return this.#done(request);
    }
    await this.#failedOutside(request, error);
  }

  /** It was revoked, or has expired, before it ran. */
  async revoked(request: Request, reason: "revoked" | "expired"): Promise<void> {
    const fields = { terminated: false, signum: null, expired: reason === "expired" };
    await this.#revoked(request, reason, fields);
  }

  #judge(request: Request, outcome: Outcome, processName: string): void {
    switch (outcome.kind) {
      case "success":
        request.store();
        request.ack();
        if (this.#sends(request)) {
          this.#event(request, "task-succeeded", { result: outcome.result, runtime: outcome.seconds });
        }
        if (this.#log.isEnabled("INFO")) {
          this.#log.write(lines.taskSucceeded(request, outcome.seconds, outcome.result), processName);
        }
        break;
      case "failure":
        request.store();
        this.#settleFailure(request);
        this.#event(request, "task-failed", { exception: outcome.exception, traceback: outcome.traceback });
        this.#log.write(lines.taskRaised(request, outcome.exception, outcome.traceback, outcome.expected), processName);
        break;
      case "retry":
        request.store();
        request.ack();
        this.#event(request, "task-retried", { exception: outcome.exception, traceback: outcome.traceback });
        this.#log.write(lines.taskRetries(request, outcome.reason), processName);
        break;
      case "ignored":
        request.ack();
        this.#log.write(lines.taskIgnored(request, outcome.description), processName);
        break;
      case "rejected":
        this.#log.write(lines.taskRejects(request, outcome.exception), processName);
        if (!request.acknowledged) this.#event(request, "task-rejected", { requeue: outcome.requeue });
        if (outcome.requeue) request.requeue();
        else request.reject();
        break;
      case "terminated":
        if (this.#cancelled.has(request)) return this.#giveBack(request);
        void this.#terminated(request, this.#terminating.get(request) ?? "SIGTERM");
        return;
      case "invalid":
        this.#log.write(lines.invalidTask(outcome.reason, showMessage(request.delivery)));
        request.reject();
        this.#signals.rejected(request.delivery.message, outcome.reason);
        break;
      case "undecodable":
        this.#log.write(lines.undecodableMessage(outcome.error, showMessage(request.delivery)));
        request.store();
        request.ack();
        break;
      case "internal-error":
        this.#log.write(lines.outsideBody(request, outcome.exception, outcome.traceback), processName);
        request.store();
        this.#settleFailure(request);
        this.#event(request, "task-failed", { exception: outcome.exception, traceback: outcome.traceback });
        break;
    }
    this.#done(request);
  }

  #giveBack(request: Request): void {
    if (!request.isDone) request.release(); // else a shutdown gave it back meanwhile
    this.#done(request);
  }

  async #terminated(request: Request, signal: NodeJS.Signals): Promise<void> {
    const fields = { terminated: true, signum: signalNumber(signal), expired: false };
    await this.#revoked(request, "terminated", fields);
  }

  async #revoked(
    request: Request,
    reason: "revoked" | "expired" | "terminated",
    fields: { terminated: boolean; signum: number | null; expired: boolean },
  ): Promise<void> {
    this.#event(request, "task-revoked", fields);
    await this.#conclusions.revoked(request, reason);
    if (request.isDone) return; // a shutdown gave it back meanwhile
    request.store();
    request.ack();
    this.#signals.revoked(request, fields);
    this.#done(request);
  }

  /** A failure that its child could not report: stored here, then as any other. */
  async #failedOutside(request: Request, error: TaskError): Promise<void> {
    await this.#conclusions.failed(request, error);
    if (request.isDone) return; // a shutdown gave it back meanwhile
    request.store();
    this.#settleFailure(request);
    const exception = reprOf(error);
    const traceback = `${exception}\n`;
    this.#signals.failed(request, error, traceback);
    this.#event(request, "task-failed", { exception, traceback });
    this.#log.write(lines.handlerRaised(request, exception));
    this.#done(request);
  }

  #settleFailure(request: Request): void {
    if (request.task.acksLate && !request.task.acksOnFailureOrTimeout) request.reject();
    else request.ack();
  }

  #mayTryAgain(request: Request): boolean {
    const losses = (this.#losses.get(request.id) ?? 0) + 1;
    this.#losses.delete(request.id);
    this.#losses.set(request.id, losses);
    for (const oldest of this.#losses.keys()) {
      if (this.#losses.size <= MAX_COUNTED) break;
      this.#losses.delete(oldest);
    }
    return losses < MAX_LOSSES;
  }

  #sends(request: Request): boolean {
    return this.#events.sendsTaskEvents && request.task.sendEvents;
  }

  #event(request: Request, type: string, fields: Readonly<Record<string, unknown>>): void {
    if (this.#sends(request)) this.#events.send(type, { uuid: request.id, ...fields });
  }

  #done(request: Request): void {
    this.#terminating.delete(request);
    this.#cancelled.delete(request);
    this.#held.remove(request);
    this.#onDone(request);
  }
}

function reprOf(error: TaskError): string {
  return `${error.remoteType}(${error.args.map(pyRepr).join(", ")})`;
}
