import type { Clock } from "../../base/time.ts";
import type { Job, PoolChild } from "./pool_child.ts";
import type { Request } from "./request.ts";

/** Told when a limit is over. */
export interface LimitListener {
  onSoftLimit(request: Request, seconds: number): void;
  /** The child is being killed for it, or asked to abandon it. */
  onHardLimit(request: Request, seconds: number): void;
}

/** A child that runs many tasks has this long to abandon one of them; one that is stuck is killed. */
const ABANDON_MS = 2000;

/**
 * The time limits of jobs that run. At the soft one the task is told, at the hard one its child is killed, or, where others
 * run there too, asked to abandon the job.
 *
 * Owns: nothing; the timers belong to the jobs, which end with them.
 */
export class JobLimits {
  readonly #listener: LimitListener;
  readonly #clock: Clock;
  readonly #isShared: boolean;

  /** @param isShared a child runs many tasks at once */
  constructor(listener: LimitListener, clock: Clock, isShared: boolean) {
    this.#listener = listener;
    this.#clock = clock;
    this.#isShared = isShared;
  }

  /** The job has begun. */
  arm(job: Job, child: PoolChild): void {
    const { request } = job;
    const { softTimeLimit: soft, timeLimit: hard } = request;
    if (soft !== null) {
      job.timers.push(this.#clock.after(soft * 1000, () => {
        this.#listener.onSoftLimit(request, soft);
        child.send({ kind: "abort", job: job.number, reason: { kind: "soft-limit", seconds: soft } });
      }));
    }
    if (hard !== null) {
      job.timers.push(this.#clock.after(hard * 1000, () => {
        child.drop(job);
        this.#stop(job, child, hard);
        this.#listener.onHardLimit(request, hard);
      }));
    }
  }

  #stop(job: Job, child: PoolChild, seconds: number): void {
    if (!this.#isShared) return child.child.kill("SIGKILL");
    child.abandoned.add(job.number);
    child.send({ kind: "abort", job: job.number, reason: { kind: "hard-limit", seconds } });
    this.#clock.after(ABANDON_MS, () => {
      if (child.abandoned.has(job.number)) child.child.kill("SIGKILL"); // it cannot even do that
    });
  }
}
