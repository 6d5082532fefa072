import { asError } from "../../../base/errors.ts";
import { type Clock, systemClock } from "../../../base/time.ts";
import { SoftTimeLimitExceeded, TaskRevokedError, TimeLimitExceeded } from "../../wire/task_errors.ts";
import { Fifo } from "../fifo.ts";
import type { AbortReason, Beginning, FromChild, JobReport, Outcome, TaskOrder } from "../pool_message.ts";
import { RunTimes } from "../run_time.ts";
import { JobControl } from "./job_control.ts";

/** How the function of a task ended. */
export type CallResult =
  | { readonly kind: "returned"; readonly value: unknown }
  | { readonly kind: "threw"; readonly error: unknown };

/** What a job is made of, as the runner needs it. `P` is what `prepare` made of the message. */
export interface JobSteps<P> {
  /** Reads the message. An outcome instead ends the job before it began. */
  prepare(order: TaskOrder): { readonly prepared: P } | { readonly outcome: Outcome };
  /** Calls the function; nothing else of this child runs meanwhile, unless it is asynchronous and there is room. */
  call(prepared: P, control: JobControl): unknown;
  /** True if code of the user's runs after the function: it has this process to itself as well, before the next job. */
  hasHooks(prepared: P): boolean;
  /** Stores the result and starts what follows. Must not reject. */
  conclude(prepared: P, result: CallResult, runMs: number, control: JobControl): Promise<Outcome>;
}

export interface JobRunnerOptions<P> {
  readonly steps: JobSteps<P>;
  /** How many functions may be under way at once: 1 but in an `async` pool. */
  readonly concurrency: number;
  readonly send: (message: FromChild) => void;
  /** Hands what was sent to the system; true if it has taken everything. */
  readonly flush: () => boolean;
  /** Leaves the number of the job that begins where the supervisor finds it, whatever happens to this process. */
  readonly note: (job: number) => void;
  /** Asked after each job: this child should be replaced. */
  readonly isWorn?: () => boolean;
  /** Told when nothing is under way or queued any more. */
  readonly onIdle?: () => void;
  readonly clock?: Clock;
}

/** After so long in one turn of the loop, sockets are looked at before the next job. */
const TURN_MS = 4;
/** Tasks that take no longer are begun one after the other, and reported together. */
const QUICK_MS = 1;
/** A job announced so long after its lease is given up: the supervisor may have given it to somebody else by now. */
const LATE_MS = 25;

interface Running<P> {
  readonly order: TaskOrder;
  readonly prepared: P;
  readonly control: JobControl;
  readonly began: Beginning;
  /** The supervisor was told that it has begun. */
  isAnnounced: boolean;
  isOver: boolean;
}

/**
 * Runs jobs in a pool child, in the order in which they came.
 *
 * Whatever a function does to this process, the supervisor knows which job it was: its number is noted before the function
 * is called. Jobs that are known to be quick run back to back, and what became of them is stored and reported together; any
 * other is begun only when everything before it is stored and reported, so that it takes nobody with it.
 */
export class JobRunner<P> {
  readonly #options: JobRunnerOptions<P>;
  readonly #clock: Clock;
  readonly #queue = new Fifo<TaskOrder>();
  readonly #running = new Map<number, Running<P>>();
  readonly #runTimes = new RunTimes();
  #concluding = 0;
  /** Of those, the ones that the next job has to wait for. */
  #concludingAlone = 0;
  #turnEndsAtMs: number | undefined;
  #isPumping = false;

  constructor(options: JobRunnerOptions<P>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  get isIdle(): boolean {
    return this.#running.size === 0 && this.#concluding === 0 && this.#queue.size === 0;
  }

  add(order: TaskOrder): void {
    this.#queue.push(order);
    this.#pump();
  }

  /** Gives back those of the jobs that were not begun. */
  recall(jobs: readonly number[]): void {
    const wanted = new Set(jobs);
    const returned = this.#queue.remove((order) => wanted.has(order.job)).map((order) => order.job);
    if (returned.length > 0) this.#options.send({ kind: "returned", jobs: returned });
    this.#checkIdle();
  }

  /**
   * Stops a job from outside. A function that has asked for its signal is told and may clean up after a soft limit; one that
   * has not is abandoned.
   */
  abort(job: number, reason: AbortReason): void {
    const running = this.#running.get(job);
    if (running === undefined) return; // it has just ended
    const error = errorOf(reason);
    const wasAsked = running.control.abort(error);
    if (reason.kind === "soft-limit" && wasAsked) return;
    this.#ended(running, { kind: "threw", error }, reason.kind);
  }

  /** An error came from nowhere: the job that runs fails of it. @returns false if it is not clear which, or none runs */
  fail(error: unknown): boolean {
    const [only] = this.#running.values();
    if (only === undefined || this.#running.size > 1) return false;
    this.#ended(only, { kind: "threw", error }, "soft-limit");
    return true;
  }

  /** Begins jobs while there is room and this turn of the loop is young; who ends one calls again. */
  #pump(): void {
    if (this.#isPumping) return; // a job that ended at once is followed by the loop below
    this.#isPumping = true;
    try {
      while (this.#running.size < this.#options.concurrency && this.#beginNext());
    } finally {
      this.#isPumping = false; // what cannot be noted throws; whoever catches it may go on
    }
  }

  /** @returns false if the next job has to wait, or there is none */
  #beginNext(): boolean {
    const order = this.#queue.peek();
    if (order === undefined) return false;
    const isQuick = this.#isQuick(order);
    const ahead = isQuick ? this.#concludingAlone : this.#concluding;
    if (ahead > 0 && this.#options.concurrency === 1) return false; // whoever ends the last of them goes on
    const now = this.#clock.monotonic();
    if (now >= this.#turnEnd(now)) return false;
    this.#queue.shift();
    this.#begin(order, isQuick, now);
    return true;
  }

  /** When this turn of the loop has to end; the next one goes on from there. */
  #turnEnd(now: number): number {
    if (this.#turnEndsAtMs === undefined) {
      this.#turnEndsAtMs = now + TURN_MS;
      setImmediate(this.#nextTurn);
    }
    return this.#turnEndsAtMs;
  }

  readonly #nextTurn = (): void => {
    this.#turnEndsAtMs = undefined;
    this.#pump();
  };

  #isQuick(order: TaskOrder): boolean {
    return (this.#runTimes.estimate(nameOf(order)) ?? Infinity) <= QUICK_MS;
  }

  #begin(order: TaskOrder, isQuick: boolean, now: number): void {
    const { steps, note } = this.#options;
    if (this.#isStale(order, now)) return this.#giveUpStale(order);
    const prepared = steps.prepare(order);
    if ("outcome" in prepared) return this.#report(order, { outcome: prepared.outcome, runMs: 0 });
    const began = { nowMs: now, atMs: this.#clock.now() };
    const running: Running<P> = {
      order,
      prepared: prepared.prepared,
      control: new JobControl(),
      began,
      isAnnounced: false,
      isOver: false,
    };
    note(order.job);
    if (!isQuick) this.#announce(running);
    if (this.#isStale(order, this.#clock.monotonic() - LATE_MS)) return this.#giveUpStale(order);

    this.#running.set(order.job, running);
    let value: unknown;
    try {
      value = steps.call(running.prepared, running.control);
    } catch (error) {
      return this.#ended(running, { kind: "threw", error });
    }
    if (!isThenable(value)) return this.#ended(running, { kind: "returned", value });
    if (isQuick) this.#announce(running);
    Promise.resolve(value).then(
      (result) => this.#ended(running, { kind: "returned", value: result }),
      (error) => this.#ended(running, { kind: "threw", error }),
    );
  }

  /** Says at once that a job has begun: it may never come to an end. */
  #announce(running: Running<P>): void {
    running.isAnnounced = true;
    this.#options.send({ kind: "started", job: running.order.job, began: running.began });
    this.#options.flush();
  }

  #isStale(order: TaskOrder, now: number): boolean {
    return order.staleAtMs !== null && now > order.staleAtMs;
  }

  /** Returns a job whose lease has run out, and those behind it that share its fate, in their order. */
  #giveUpStale(first: TaskOrder): void {
    const now = this.#clock.monotonic();
    const stale = [first, ...this.#queue.remove((order) => this.#isStale(order, now))];
    this.#options.send({ kind: "returned", jobs: stale.map((order) => order.job) });
  }

  /** @param cause why it was stopped from outside, if it was */
  #ended(running: Running<P>, result: CallResult, cause?: AbortReason["kind"]): void {
    if (running.isOver) return; // abandoned before, and nobody waits for it any more
    running.isOver = true;
    const { order, control } = running;
    this.#running.delete(order.job);
    const runMs = this.#clock.monotonic() - running.began.nowMs;
    this.#runTimes.measured(nameOf(order), runMs);
    const retire = cause !== undefined || this.#options.isWorn?.() === true;
    const began = running.isAnnounced ? undefined : running.began;
    const report = (outcome: Outcome) =>
      this.#report(order, retire ? { outcome, runMs, retire } : { outcome, runMs }, began);
    if (cause === "terminated" || cause === "hard-limit") {
      report({ kind: "terminated" }); // the supervisor stores what there is to say
    } else {
      const isAlone = this.#options.steps.hasHooks(running.prepared);
      this.#concluding++;
      if (isAlone) this.#concludingAlone++;
      const concluded = (outcome: Outcome) => {
        this.#concluding--;
        if (isAlone) this.#concludingAlone--;
        report(outcome);
        if (this.#concluding === 0 || isAlone) this.#pump();
        this.#checkIdle();
      };
      this.#options.steps.conclude(running.prepared, result, runMs, control).then(
        concluded,
        (error) =>
          concluded({
            kind: "internal-error",
            exception: String(error),
            traceback: asError(error).stack ?? "",
          }),
      );
    }
    this.#pump();
  }

  #report(order: TaskOrder, report: JobReport, began?: Beginning): void {
    this.#options.send({ kind: "done", job: order.job, began, report });
  }

  #checkIdle(): void {
    if (this.isIdle) this.#options.onIdle?.();
  }
}

function nameOf({ message }: TaskOrder): string {
  const { task } = message.headers;
  return typeof task === "string" ? task : "";
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

function errorOf(reason: AbortReason): Error {
  switch (reason.kind) {
    case "soft-limit":
      return new SoftTimeLimitExceeded([]);
    case "hard-limit":
      return new TimeLimitExceeded([reason.seconds]);
    case "terminated":
      return new TaskRevokedError(["terminated"]);
  }
}
