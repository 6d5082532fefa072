import type { Buffer } from "node:buffer";
import { type Clock, systemClock, type Timer } from "../../base/time.ts";
import type { Logger } from "../../base/log.ts";
import { type Child, type ChildExit, ChildPool, type OutputStream } from "../../proc/mod.ts";
import { Fifo } from "./fifo.ts";
import { JobLimits } from "./job_limits.ts";
import { type Job, PoolChild } from "./pool_child.ts";
import { depthFor, leastBusy, needsRefill, WORK_AHEAD_MS } from "./pool_room.ts";
import { type ChildLine, type ChildSettings, decodeFromChild, type JobReport } from "./pool_message.ts";
import type { Request } from "./request.ts";
import { RunTimes } from "./run_time.ts";
import type { TaskInfo } from "./task_info.ts";

export type PoolKind = "prefork" | "async" | "solo";

/** What a pool tells its worker; each is called in its turn, none may throw. */
export interface TaskPoolListener {
  /** A child has started; `tasks` is what it knows. */
  onHello(child: PoolChild, tasks: readonly TaskInfo[]): void;
  /** A request leaves the queue: false if it is not to be run after all (revoked, expired), and was dealt with. */
  mayStart(request: Request): boolean;
  onStarted(request: Request, child: PoolChild, atMs: number): void;
  onDone(request: Request, child: PoolChild, report: JobReport): void;
  /** The child ended while it ran the request. */
  onLost(request: Request, child: PoolChild, exit: ChildExit): void;
  onSoftLimit(request: Request, seconds: number): void;
  /** The child is being killed for it, or asked to abandon it: no `onDone` or `onLost` will follow. */
  onHardLimit(request: Request, seconds: number): void;
  onEvent(type: string, fields: Readonly<Record<string, unknown>>): void;
  onLog(child: Child, line: ChildLine): void;
  onOutput(child: Child, line: string, stream: OutputStream): void;
  onExit(child: PoolChild, exit: ChildExit): void;
  /** Children end before they have started, again and again. */
  onHopeless(exit: ChildExit): void;
}

export interface TaskPoolOptions {
  readonly kind: PoolKind;
  /** The program of a child, and what it gets as arguments. */
  readonly module: URL;
  readonly args: readonly string[];
  readonly execArgv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** How many children. */
  readonly processes: number;
  /** How many tasks a child runs at once; 1 but for `async`. */
  readonly tasksPerChild: number;
  /** A child is replaced after so many tasks; undefined: never. */
  readonly maxTasksPerChild: number | undefined;
  readonly listener: TaskPoolListener;
  readonly log?: Logger;
  readonly clock?: Clock;
}

/** A task that waits in a child behind others goes elsewhere if it was not begun in this time. */
const LEASE_MS = 250;
/** The child has stopped believing in a lease this long before we do. */
const LEASE_MARGIN_MS = 50;

/**
 * The children of a worker and the queue before them.
 *
 * One task at a time runs in a child (`async`: many). Those that are known to be short are sent ahead, because waiting for
 * each report would cost more than the task. A guess that was wrong does no harm: a child begins no task whose lease has run
 * out, and the pool then gives it to somebody else. The two cannot disagree, also not if the child is suspended between two
 * steps: it notes the number of a job before it looks at the lease for the last time, and the pool looks at the note, some
 * time after the lease has ended, before it takes the job away.
 *
 * Owns: the child processes, the timers. `close` ends both; what is then unfinished stays with the worker.
 */
export class TaskPool {
  readonly kind: PoolKind;
  readonly runTimes = new RunTimes();
  readonly #options: TaskPoolOptions;
  readonly #listener: TaskPoolListener;
  readonly #clock: Clock;
  readonly #children = new Map<Child, PoolChild>();
  readonly #queue = new Fifo<Request>();
  readonly #limits: JobLimits;
  #processes: ChildPool | undefined;
  #nextJob = 1;
  #dispatchQueued = false;
  #paused = false;
  #leaseTimer: Timer | undefined;
  #settings: ChildSettings = { showResults: false };

  constructor(options: TaskPoolOptions) {
    this.kind = options.kind;
    this.#options = options;
    this.#listener = options.listener;
    this.#clock = options.clock ?? systemClock;
    this.#limits = new JobLimits(options.listener, this.#clock, options.tasksPerChild > 1);
  }

  async start(): Promise<void> {
    const { module, args, execArgv, env, processes, log } = this.#options;
    this.#processes = await ChildPool.start({
      module,
      args,
      size: processes,
      ...(execArgv === undefined ? {} : { execArgv }),
      ...(env === undefined ? {} : { env }),
      ...(log === undefined ? {} : { log }),
      onFrame: (child, payload) => this.#heard(child, payload),
      onOutput: (child, line, stream) => this.#listener.onOutput(child, line, stream),
      onExit: (child, exit) => this.#exited(child, exit),
      onHopeless: (exit) => this.#listener.onHopeless(exit),
    });
  }

  get children(): readonly PoolChild[] {
    return [...this.#children.values()];
  }

  /** How many children are wanted. */
  get processes(): number {
    return this.#processes?.size ?? this.#options.processes;
  }

  /** How many tasks can run at once. */
  get concurrency(): number {
    return this.processes * this.#options.tasksPerChild;
  }

  get tasksPerChild(): number {
    return this.#options.tasksPerChild;
  }

  /** Requests that no child was given yet, oldest first. */
  get waiting(): Iterable<Request> {
    return this.#queue;
  }

  /** Requests in children, begun or not. */
  *held(): Generator<Job> {
    for (const child of this.#children.values()) yield* child.jobs.values();
  }

  get runningCount(): number {
    let count = 0;
    for (const job of this.held()) if (job.startedAtMs !== undefined) count++;
    return count;
  }

  /** How many tasks of the usual kind a child can be sent ahead. */
  get depth(): number {
    return depthFor(this.runTimes.typicalMs);
  }

  /** Queues a reserved request. */
  add(request: Request): void {
    this.#queue.push(request);
    this.#dispatchSoon();
  }

  /** Takes requests out of the queue before any child was given them. */
  removeWaiting(doomed: (request: Request) => boolean): Request[] {
    return this.#queue.remove(doomed);
  }

  configure(settings: ChildSettings): void {
    this.#settings = settings;
    for (const child of this.#children.values()) child.send({ kind: "settings", ...settings });
  }

  /**
   * Begins nothing more, and asks children for what they have not begun; it comes back into the queue. What runs goes on.
   */
  pause(): void {
    this.#paused = true;
    for (const child of this.#children.values()) this.#recall(child, () => true);
  }

  /** True once nothing is in children any more but what runs there; at the latest a lease after `pause`. */
  get isRecalled(): boolean {
    for (const job of this.held()) if (job.startedAtMs === undefined) return false;
    return true;
  }

  /** Asks the children for a request back, if none of them has begun it; it then passes `mayStart` again. */
  recall(requests: ReadonlySet<Request>): void {
    for (const child of this.#children.values()) this.#recall(child, (job) => requests.has(job.request));
  }

  /** Stops a running request from outside: kills its child, or, where others run there too, asks for it to be abandoned. */
  terminate(request: Request, signal: NodeJS.Signals): boolean {
    for (const child of this.#children.values()) {
      for (const job of child.running()) {
        if (job.request !== request) continue;
        if (this.#options.tasksPerChild === 1) child.child.kill(signal);
        else child.send({ kind: "abort", job: job.number, reason: { kind: "terminated" } });
        return true;
      }
    }
    return false;
  }

  grow(by: number): void {
    this.#processes?.resize(this.processes + by);
  }

  /** Lets idle children go. @returns false if fewer than `by` of them are idle: then none goes. */
  shrink(by: number): boolean {
    const idle = this.children.filter((child) => child.jobs.size === 0 && child.state === "ready");
    if (idle.length < by || this.#processes === undefined) return false;
    this.#processes.resize(this.processes - by);
    for (const child of idle.slice(idle.length - by)) this.#retire(child);
    return true;
  }

  /** Replaces all children, each when it has finished what it runs. */
  restart(): void {
    for (const child of this.children) this.#retire(child);
  }

  /** Ends the children: those that run something after `graceMs` are killed. */
  async close(graceMs: number): Promise<void> {
    this.#paused = true;
    this.#leaseTimer?.cancel();
    for (const child of this.#children.values()) child.send({ kind: "stop" });
    await this.#processes?.close(graceMs);
  }

  #dispatchSoon(): void {
    if (this.#dispatchQueued || this.#paused) return;
    this.#dispatchQueued = true;
    queueMicrotask(() => {
      this.#dispatchQueued = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    const now = this.#clock.monotonic();
    for (const child of this.#children.values()) child.isRefilled = needsRefill(child);
    for (let request = this.#queue.peek(); request !== undefined && !this.#paused; request = this.#queue.peek()) {
      const expected = this.runTimes.estimate(request.type);
      const child = leastBusy(this.#children.values(), expected, now, this.#options);
      if (child === undefined) return;
      this.#queue.shift();
      if (this.#listener.mayStart(request)) this.#send(request, child, expected ?? WORK_AHEAD_MS, now);
    }
  }

  #send(request: Request, child: PoolChild, expectedMs: number, now: number): void {
    const isBehind = child.jobs.size > 0;
    const staleAtMs = isBehind ? now + LEASE_MS : undefined;
    const number = this.#nextJob;
    this.#nextJob = number === 0xffff_ffff ? 1 : number + 1;
    child.hold({ number, request, sentAtMs: now, staleAtMs, expectedMs, startedAtMs: undefined, timers: [] });
    const { delivery } = request;
    child.send({
      kind: "task",
      job: number,
      staleAtMs: staleAtMs === undefined ? null : child.toChildTime(staleAtMs),
      message: delivery.message,
      exchange: delivery.exchange,
      routingKey: delivery.routingKey,
      redelivered: delivery.redelivered,
      timeLimit: request.timeLimit,
      softTimeLimit: request.softTimeLimit,
    });
    this.#watchLeases(LEASE_MS + LEASE_MARGIN_MS);
    const { maxTasksPerChild } = this.#options;
    if (maxTasksPerChild !== undefined && child.given >= maxTasksPerChild) this.#retire(child);
  }

  #heard(from: Child, payload: Buffer): void {
    let child = this.#children.get(from);
    if (child === undefined) {
      child = new PoolChild(from);
      this.#children.set(from, child);
    }
    const message = decodeFromChild(payload);
    const now = this.#clock.monotonic();
    switch (message.kind) {
      case "started": {
        child.heardTime(message.began.nowMs, now);
        const job = child.jobs.get(message.job);
        if (job !== undefined) this.#begun(job, child, message.began.atMs);
        return; // a job that is unknown was taken back in time; then the child does not run it either
      }
      case "done": {
        if (message.report.retire === true) this.#retire(child);
        child.abandoned.delete(message.job);
        const job = child.jobs.get(message.job);
        if (job === undefined) return this.#freed(child); // hard limit: dealt with already
        if (message.began !== undefined) this.#begun(job, child, message.began.atMs);
        child.drop(job);
        if (job.startedAtMs !== undefined) this.runTimes.measured(job.request.type, message.report.runMs);
        this.#listener.onDone(job.request, child, message.report);
        this.#freed(child);
        return;
      }
      case "returned":
        return this.#returned(
          child,
          message.jobs.map((number) => child.jobs.get(number)).filter((job) => job !== undefined),
        );
      case "hello":
        child.heardTime(message.nowMs, now);
        child.state = "ready";
        child.send({ kind: "settings", ...this.#settings });
        this.#listener.onHello(child, message.tasks);
        return this.#dispatchSoon();
      case "event":
        return this.#listener.onEvent(message.type, message.fields);
      case "log":
        return this.#listener.onLog(child.child, message);
    }
  }

  #begun(job: Job, child: PoolChild, atMs: number): void {
    if (job.startedAtMs !== undefined) return; // its child's note was quicker than the child's word
    job.startedAtMs = this.#clock.monotonic();
    child.begun++;
    this.#listener.onStarted(job.request, child, atMs);
    this.#limits.arm(job, child);
  }

  /**
   * Believes the note of a child that has not spoken for a while: jobs are begun in the order in which they were sent.
   *
   * @returns those that have begun and are not the one that is noted: they have ended, and were not reported yet
   */
  #readNote(child: PoolChild): Job[] {
    const noted = child.jobs.get(child.child.note);
    if (noted === undefined || noted.startedAtMs !== undefined) return []; // announced, and all before it reported
    const ended: Job[] = [];
    for (const job of child.unstarted()) {
      if (this.#options.tasksPerChild === 1 || job === noted) this.#begun(job, child, this.#clock.now());
      if (job === noted) break;
      if (job.startedAtMs !== undefined) ended.push(job);
    }
    return ended;
  }

  #returned(child: PoolChild, jobs: readonly Job[]): void {
    if (jobs.length === 0) return;
    for (const job of jobs) {
      child.takeBack(job);
      if (job.request.state === "running") job.request.reserve(); // announced, but too late to be begun
    }
    this.#queue.unshift(jobs.map((job) => job.request));
    this.#freed(child);
  }

  #freed(child: PoolChild): void {
    if (child.jobs.size === 0 && child.state === "retiring") {
      child.state = "stopped";
      child.send({ kind: "stop" });
    }
    if (this.#queue.size > 0) this.#dispatchSoon();
  }

  #recall(child: PoolChild, wanted: (job: Job) => boolean): void {
    const jobs = child.unstarted().filter(wanted).map((job) => job.number);
    if (jobs.length > 0) child.send({ kind: "recall", jobs });
  }

  /** No more jobs for this child; its replacement is started now. */
  #retire(child: PoolChild): void {
    if (child.state !== "ready") return;
    child.state = "retiring";
    this.#processes?.dismiss(child.child);
    this.#freed(child);
  }

  #watchLeases(inMs: number): void {
    this.#leaseTimer ??= this.#clock.after(inMs, () => {
      this.#leaseTimer = undefined;
      setImmediate(() => this.#lookAfterUnstarted()); // what has been reported meanwhile is read first
    });
  }

  /**
   * A job of which nothing was heard for a while has begun, as its child's note says, and did not turn out as short as it used
   * to be: its limits are to be watched. Or it waits in vain: then it goes elsewhere once its lease has ended.
   */
  #lookAfterUnstarted(): void {
    const now = this.#clock.monotonic();
    let next = Infinity;
    const leftMs = ({ staleAtMs, sentAtMs }: Job) => (staleAtMs ?? sentAtMs + LEASE_MS) + LEASE_MARGIN_MS - now;
    for (const child of this.#children.values()) {
      if (child.unstarted().some((job) => leftMs(job) <= 0)) this.#readNote(child);
      const unstarted = child.unstarted();
      this.#returned(child, unstarted.filter((job) => job.staleAtMs !== undefined && leftMs(job) <= 0));
      for (const job of unstarted) {
        const left = leftMs(job);
        if (left > 0) next = Math.min(next, left);
        else if (job.staleAtMs === undefined) next = Math.min(next, LEASE_MS);
      }
    }
    if (next !== Infinity) this.#watchLeases(next);
  }

  #exited(from: Child, exit: ChildExit): void {
    const child = this.#children.get(from);
    if (child === undefined) return;
    this.#children.delete(from);
    // What had ended did not kill it. With late acknowledgement it is run again, as it is allowed to; else that is too much.
    const again = new Set(this.#readNote(child).filter((job) => !job.request.isEarly));
    for (const { request } of again) request.reserve();
    const running = child.running().filter((job) => !again.has(job));
    const waiting = [...again, ...child.unstarted()];
    for (const job of [...running, ...waiting]) child.drop(job);
    this.#queue.unshift(waiting.map((job) => job.request));
    this.#listener.onExit(child, exit);
    for (const job of running) this.#listener.onLost(job.request, child, exit);
    this.#dispatchSoon();
  }
}
