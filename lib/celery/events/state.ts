import { UsageError } from "../../base/errors.ts";
import { type Logger, silentLogger } from "../../base/log.ts";
import { checkInteger } from "../../base/options.ts";
import { type Clock, systemClock } from "../../base/time.ts";
import { type MonitorEvent, numberOf, splitType, textOf } from "./event.ts";
import { MonitoredTask } from "./monitored_task.ts";
import { MonitoredWorker, type WorkerNews } from "./monitored_worker.ts";
import { Timeline } from "./timeline.ts";

/** Moments kept for each task there is room for: most have four. */
const MOMENTS_PER_TASK = 4;
/** Names of tasks that are remembered; nodes whose clocks were complained of. */
const MAX_NAMES = 10_000;
/** Events that may come while the state is held still; what comes after them is not heard. */
const MAX_HELD = 100_000;

export interface StateOptions {
  /** Workers that are remembered; the one heard of first goes when another comes. Default 5000. */
  readonly maxWorkersInMemory?: number;
  /** Tasks that are remembered; the one heard of first goes, parents of tasks that are heard of stay longer. Default 10000. */
  readonly maxTasksInMemory?: number;
  /** Called with each event before it is taken in. */
  readonly onEvent?: (state: State, event: MonitorEvent) => void;
  /** A worker is heard of for the first time, or says that it is online. */
  readonly onNodeJoin?: (worker: MonitoredWorker) => void;
  /** A worker says goodbye. With this it is forgotten then; without, it is kept, and not alive. */
  readonly onNodeLeave?: (worker: MonitoredWorker) => void;
  /** Told once of each node whose clock is far from ours. Default: silent. */
  readonly log?: Logger;
  readonly clock?: Clock;
}

/**
 * A picture of the workers and tasks of a cluster, made of their events: hand it each that comes.
 *
 * Source: celery 5.6 celery/events/state.py `State`
 *
 * @example
 * ```ts
 * const state = await app.events.State();
 * const receiver = await app.events.receive((event) => state.event(event));
 * for (const task of state.tasksByTime({ limit: 10 })) console.log(task.name, task.state, task.worker?.hostname);
 * ```
 */
export class State {
  readonly #options: StateOptions;
  readonly #maxWorkers: number;
  readonly #maxTasks: number;
  readonly #clock: Clock;
  readonly #workers = new Map<string, MonitoredWorker>();
  readonly #tasks = new Map<string, MonitoredTask>();
  readonly #timeline: Timeline;
  readonly #types = new Set<string>();
  /** Children by parents that were not heard of yet. */
  readonly #orphans = new Map<string, Set<MonitoredTask>>();
  readonly #drifting = new Set<string>();
  #held: MonitorEvent[] | undefined;
  #serial = 0;
  #eventCount = 0;
  #taskCount = 0;

  /** @throws {UsageError} for a limit that is no whole number from 1 */
  constructor(options: StateOptions = {}) {
    this.#options = options;
    this.#maxWorkers = checkInteger("maxWorkersInMemory", options.maxWorkersInMemory ?? 5000, { min: 1 });
    this.#maxTasks = checkInteger("maxTasksInMemory", options.maxTasksInMemory ?? 10_000, { min: 1 });
    this.#clock = options.clock ?? systemClock;
    this.#timeline = new Timeline(this.#maxTasks * MOMENTS_PER_TASK);
  }

  /** By node name, in the order they were first heard of. */
  get workers(): ReadonlyMap<string, MonitoredWorker> {
    return this.#workers;
  }

  /** By id, in the order they were first heard of, parents after their children. */
  get tasks(): ReadonlyMap<string, MonitoredTask> {
    return this.#tasks;
  }

  /** Events so far, of every kind. */
  get eventCount(): number {
    return this.#eventCount;
  }

  /** Tasks that were received so far; one that is retried counts again. */
  get taskCount(): number {
    return this.#taskCount;
  }

  /** Workers that were heard of lately. */
  aliveWorkers(): MonitoredWorker[] {
    return Array.from(this.#workers.values()).filter((worker) => worker.alive);
  }

  /** Names of the tasks that were ever seen, sorted. */
  taskTypes(): string[] {
    return [...this.#types].sort();
  }

  /**
   * Tasks by what last happened to them, newest first.
   *
   * @param options.limit so many at most; options.reverse `false`: oldest first, by what first happened
   */
  tasksByTime(options: { readonly limit?: number; readonly reverse?: boolean } = {}): MonitoredTask[] {
    return this.#select(() => true, options);
  }

  /** Those of one name. */
  tasksByType(name: string, options: { readonly limit?: number; readonly reverse?: boolean } = {}): MonitoredTask[] {
    return this.#select((task) => task.name === name, options);
  }

  /** Those that one worker has. */
  tasksByWorker(node: string, options: { readonly limit?: number; readonly reverse?: boolean } = {}): MonitoredTask[] {
    return this.#select((task) => task.worker?.hostname === node, options);
  }

  /** Takes in an event. One that lacks what it has to have is counted, and changes nothing. */
  event(event: MonitorEvent): void {
    if (this.#held !== undefined) {
      if (this.#held.length < MAX_HELD) this.#held.push(event);
      return;
    }
    this.#eventCount++;
    this.#options.onEvent?.(this, event);
    const { group, subject } = splitType(event.type);
    if (group === "worker") this.#hearWorker(subject, event);
    else if (group === "task") this.#hearTask(subject, event);
  }

  /**
   * Holds the state still until `look` is done: events that come meanwhile are taken in afterwards, up to 100000 of them.
   *
   * @param options.clearAfter forget then what `clear` forgets, before those events. Default false.
   * @throws what `look` throws; it is not cleared then
   */
  async freezeWhile<T>(look: () => T, options: { readonly clearAfter?: boolean } = {}): Promise<Awaited<T>> {
    if (this.#held !== undefined) throw new UsageError("Cannot hold the state still: somebody does already");
    const held: MonitorEvent[] = [];
    this.#held = held;
    try {
      const seen = await look();
      if (options.clearAfter === true) this.clear();
      return seen;
    } finally {
      this.#held = undefined;
      for (const event of held) this.event(event);
    }
  }

  /** Forgets workers, tasks that are ready, and counts. @param options.ready `false`: all tasks, also those under way */
  clear(options: { readonly ready?: boolean } = {}): void {
    this.#workers.clear();
    this.clearTasks(options);
    this.#eventCount = 0;
    this.#taskCount = 0;
  }

  /** Forgets tasks that are ready. @param options.ready `false`: all, also those under way */
  clearTasks({ ready = true }: { readonly ready?: boolean } = {}): void {
    for (const task of [...this.#tasks.values()]) if (!ready || task.ready) this.#forget(task);
    this.#timeline.keep(({ uuid }) => this.#tasks.has(uuid));
  }

  #hearWorker(subject: string, event: MonitorEvent): void {
    const { onNodeJoin, onNodeLeave } = this.#options;
    const hostname = textOf(event.hostname);
    const timestamp = numberOf(event.timestamp);
    const localReceived = numberOf(event.local_received);
    if (hostname === undefined || timestamp === undefined || localReceived === undefined) return;
    const known = this.#workers.get(hostname);
    const isOffline = subject === "offline";
    const worker = known ?? (isOffline ? new MonitoredWorker(hostname, this.#clock) : this.#addWorker(hostname));
    this.#tell(worker, { subject, timestamp, localReceived, fields: event });
    if (subject === "online" || (known === undefined && !isOffline)) onNodeJoin?.(worker);
    if (isOffline && onNodeLeave !== undefined) {
      onNodeLeave(worker);
      this.#workers.delete(hostname);
    }
  }

  #hearTask(subject: string, event: MonitorEvent): void {
    const uuid = textOf(event.uuid);
    const hostname = textOf(event.hostname);
    const timestamp = numberOf(event.timestamp);
    const localReceived = numberOf(event.local_received);
    if (uuid === undefined || hostname === undefined || timestamp === undefined || localReceived === undefined) return;
    const task = this.#tasks.get(uuid) ?? this.#addTask(uuid);
    let origin = hostname;
    if (subject === "sent") {
      task.client = hostname;
    } else {
      const worker = this.#workers.get(hostname) ?? this.#addWorker(hostname);
      task.worker = worker;
      // As in Celery, it counts as a heartbeat of the time when it was sent, not heard.
      if (localReceived !== 0) this.#tell(worker, { timestamp: localReceived, localReceived: timestamp });
      origin = worker.id;
    }
    this.#timeline.add({ clock: numberOf(event.clock) ?? 0, timestamp, origin, uuid, serial: task.serial });
    if (subject === "received") this.#taskCount++;
    task.hear(subject, timestamp, event);
    if (task.name !== undefined && this.#types.size < MAX_NAMES) this.#types.add(task.name);
    this.#relate(task);
  }

  /** Finds the parent of a task, and the children that came before it. */
  #relate(task: MonitoredTask): void {
    const { parentId } = task;
    if (parentId !== undefined && parentId !== "" && task.noteParent(parentId)) {
      const parent = this.#tasks.get(parentId);
      if (parent !== undefined) {
        parent.children.add(task);
        this.#tasks.delete(parentId); // it is of use: others are forgotten before it
        this.#tasks.set(parentId, parent);
      } else {
        const others = this.#orphans.get(parentId);
        if (others === undefined) this.#orphans.set(parentId, new Set([task]));
        else others.add(task);
      }
    }
    for (const child of this.#orphans.get(task.uuid) ?? []) task.children.add(child);
    this.#orphans.delete(task.uuid);
  }

  #addWorker(hostname: string): MonitoredWorker {
    for (const oldest of this.#workers.keys()) {
      if (this.#workers.size < this.#maxWorkers) break;
      this.#workers.delete(oldest);
    }
    const worker = new MonitoredWorker(hostname, this.#clock);
    this.#workers.set(hostname, worker);
    return worker;
  }

  #addTask(uuid: string): MonitoredTask {
    for (const oldest of this.#tasks.values()) {
      if (this.#tasks.size < this.#maxTasks) break;
      this.#forget(oldest);
    }
    const task = new MonitoredTask(uuid, this.#serial++, { find: (id) => this.#tasks.get(id) });
    this.#tasks.set(uuid, task);
    return task;
  }

  #forget(task: MonitoredTask): void {
    this.#tasks.delete(task.uuid);
    for (const parentId of task.parentIds) {
      this.#tasks.get(parentId)?.children.delete(task);
      const orphans = this.#orphans.get(parentId);
      orphans?.delete(task);
      if (orphans?.size === 0) this.#orphans.delete(parentId);
    }
  }

  #tell(worker: MonitoredWorker, news: WorkerNews): void {
    const driftS = worker.hear(news);
    const { hostname } = worker;
    if (driftS === undefined || this.#drifting.has(hostname) || this.#drifting.size >= MAX_NAMES) return;
    this.#drifting.add(hostname);
    const { log = silentLogger } = this.#options;
    log.warn("The clock of a node is far from ours: what is shown of it may be out of order", { hostname, driftS });
  }

  #select(
    isWanted: (task: MonitoredTask) => boolean,
    { limit = Infinity, reverse = true }: { readonly limit?: number; readonly reverse?: boolean },
  ): MonitoredTask[] {
    const found: MonitoredTask[] = [];
    const find = ({ uuid, serial }: { readonly uuid: string; readonly serial: number }) => {
      const task = this.#tasks.get(uuid);
      return task?.serial === serial ? task : undefined;
    };
    for (const task of this.#timeline.tasks(find, reverse)) {
      if (found.length >= limit) break;
      if (isWanted(task)) found.push(task);
    }
    return found;
  }
}
