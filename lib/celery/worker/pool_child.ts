import type { Child } from "../../proc/mod.ts";
import type { Timer } from "../../base/time.ts";
import { encodeToChild, type ToChild } from "./pool_message.ts";
import type { Request } from "./request.ts";

/** One request in the hands of one child. */
export interface Job {
  readonly number: number;
  readonly request: Request;
  /** Monotonic, milliseconds. */
  readonly sentAtMs: number;
  /** Monotonic; undefined: it may be begun whenever the child comes to it. */
  readonly staleAtMs: number | undefined;
  readonly expectedMs: number;
  startedAtMs: number | undefined;
  timers: Timer[];
}

/**
 * A pool child and the jobs it holds, in the order in which they were sent.
 *
 *     starting ──hello──> ready ──retire──> retiring ──last job done──> stopped
 *
 * Clocks: a job's last moment is told to the child on the child's own clock. Every frame of the child that carries its time
 * bounds the difference of the clocks from one side, and the error is on the safe side: the child gives up a job rather
 * early than late.
 */
export class PoolChild {
  readonly child: Child;
  readonly jobs = new Map<number, Job>();
  /** Jobs that the child was told to abandon and has not yet. */
  readonly abandoned = new Set<number>();
  state: "starting" | "ready" | "retiring" | "stopped" = "starting";
  /** Jobs begun here since the child started. */
  begun = 0;
  /** Jobs sent here that were not given back. */
  given = 0;
  /** It has little left to do: it is sent ahead a whole lot again, not one job for each that it finishes. */
  isRefilled = true;
  /** Expected time of all jobs in hand, milliseconds. */
  expectedMs = 0;
  /** Our monotonic clock minus the child's, at most. */
  #clockAheadMs = Infinity;

  constructor(child: Child) {
    this.child = child;
  }

  send(message: ToChild): void {
    this.child.send(...encodeToChild(message));
  }

  /** The child's clock showed `childMs` at some time before our clock shows `nowMs`. */
  heardTime(childMs: number, nowMs: number): void {
    this.#clockAheadMs = Math.min(this.#clockAheadMs, nowMs - childMs);
  }

  toChildTime(ms: number): number {
    return ms - this.#clockAheadMs;
  }

  hold(job: Job): void {
    this.jobs.set(job.number, job);
    this.given++;
    this.expectedMs += job.expectedMs;
  }

  /** Forgets a job that was done. */
  drop(job: Job): void {
    if (!this.jobs.delete(job.number)) return;
    this.expectedMs = this.jobs.size === 0 ? 0 : this.expectedMs - job.expectedMs;
    for (const timer of job.timers) timer.cancel();
  }

  /** Forgets a job that was not begun: it does not count. */
  takeBack(job: Job): void {
    if (this.jobs.has(job.number)) this.given--;
    this.drop(job);
  }

  /** Jobs that were sent and not begun, oldest first. */
  unstarted(): Job[] {
    return [...this.jobs.values()].filter((job) => job.startedAtMs === undefined);
  }

  running(): Job[] {
    return [...this.jobs.values()].filter((job) => job.startedAtMs !== undefined);
  }
}
