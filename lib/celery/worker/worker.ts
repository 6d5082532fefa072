import { asError, UsageError } from "../../base/errors.ts";
import { Deferred } from "../../base/deferred.ts";
import { type Clock, delay, systemClock } from "../../base/time.ts";
import { type ChildExit, describeExit } from "../../proc/mod.ts";
import type { Consumer, Delivery } from "../transport/transport.ts";
import { logConnection, readyAtOnce } from "./connection_log.ts";
import { Mailbox } from "./control/mailbox.ts";
import { workerPanel } from "./control/worker_panel.ts";
import { EarlyDeliveries } from "./early_deliveries.ts";
import { Ending, GOODBYE_MS } from "./ending.ts";
import type { WorkerLog } from "./log.ts";
import * as lines from "./log_lines.ts";
import { mingle } from "./mingle.ts";
import type { WorkerOptions } from "./options.ts";
import { type Printed, WorkerParts } from "./parts.ts";
import type { WorkerPorts } from "./ports.ts";
import type { Request } from "./request.ts";
import { Revoked } from "./revoked.ts";
import type { TaskInfo } from "./task_info.ts";
import type { TaskPool } from "./task_pool.ts";
import type { TaskRegistry } from "./task_registry.ts";

export type WorkerState = "idle" | "starting" | "running" | "stopping" | "stopped";

/** `warm`: what runs is finished. `cold`: what runs is ended, after the soft shutdown if there is one. */
export type ShutdownKind = "warm" | "cold";

export interface WorkerHooks {
  readonly log: WorkerLog;
  /** Called once, when the tasks are known and before anything is consumed: the time for the banner. */
  readonly onTasksKnown: (worker: Worker) => void | Promise<void>;
  /** Called when the worker consumes. */
  readonly onReady: () => void;
  /** Called once, when the worker begins to end and the broker still listens. */
  readonly onEnding?: () => void | Promise<void>;
  /** Takes what tasks print. Default: the log does. */
  readonly printed?: Printed | undefined;
  /** Ids that must not run from the start. Default: none. */
  readonly revoked?: Revoked;
  readonly clock?: Clock;
}

/**
 * A Celery worker: the supervisor of a pool of children. It moves messages between the broker and the children, and never
 * runs a task itself.
 *
 *     idle ──start──> starting ──consuming──> running ──shutdown──> stopping ──> stopped
 *                        └──── cannot start ──────────────────────────┴────────────^
 *
 * Opens, in this order: the pool, gossip and heart, the mailbox, the consumer. A shutdown ends the consumer first, then the
 * work (`ending.ts`), and closes the rest in reverse.
 */
export class Worker {
  readonly options: WorkerOptions;
  readonly tasks: TaskRegistry;
  readonly pool: TaskPool;
  readonly #ports: WorkerPorts;
  readonly #hooks: WorkerHooks;
  readonly #log: WorkerLog;
  readonly #clock: Clock;
  readonly #parts: WorkerParts;
  readonly #tasksKnown = new Deferred<void>();
  /** Settles when the worker is to end: how, and with which exit code. */
  readonly #asked = new Deferred<{ kind: ShutdownKind; exitCode: number }>();
  readonly #ending = new Ending();
  #state: WorkerState = "idle";
  #exitCode = 0;
  #consumer: Consumer | undefined;
  #consuming: Promise<void> | undefined; // until there is a consumer
  #mailbox: Mailbox | undefined;
  #unlog: () => void = () => {};
  #generation = 0;
  #startedAtMs = 0;

  constructor(options: WorkerOptions, ports: WorkerPorts, hooks: WorkerHooks) {
    this.options = options;
    this.#ports = ports;
    this.#hooks = hooks;
    this.#log = hooks.log;
    this.#clock = hooks.clock ?? systemClock;
    const ending = this.#ending;
    this.#parts = new WorkerParts({
      options,
      ports,
      log: this.#log,
      clock: this.#clock,
      revoked: hooks.revoked ?? new Revoked(),
      printed: hooks.printed,
      owner: {
        updateCredit: () => this.#updateCredit(),
        learn: (tasks) => this.#learn(tasks),
        get endsChildren() {
          return ending.stopSignal.aborted;
        },
        childExited: (index, pid, exit, wasExpected) => this.#childExited(index, pid, exit, wasExpected),
        poolIsHopeless: (exit) => {
          this.#log.write(lines.childWillNotStart(describeExit(exit)));
          this.shutdown("cold", 1);
        },
      },
    });
    this.tasks = this.#parts.tasks;
    this.pool = this.#parts.pool;
    if (options.tasks !== undefined) this.#learn(options.tasks);
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** Runs until the worker is shut down. @returns the exit code */
  async run(): Promise<number> {
    if (this.#state !== "idle") {
      throw new UsageError(`Cannot run the worker: it is ${this.#state}`, { code: "ERR_STATE" });
    }
    this.#state = "starting";
    this.#startedAtMs = this.#clock.now();
    try {
      await Promise.race([this.#start(), this.#asked.promise]);
      await this.#asked.promise;
    } catch (error) {
      this.#log.write(lines.unrecoverable(reprOf(error)));
      this.shutdown("cold", 1);
    }
    const { exitCode } = await this.#asked.promise;
    await this.#end();
    this.#state = "stopped";
    return Math.max(exitCode, this.#exitCode);
  }

  /**
   * Asks the worker to end. A cold shutdown overtakes a warm one; a second cold one ends the soft shutdown.
   *
   * @param exitCode what `run` returns at least
   */
  shutdown(kind: ShutdownKind, exitCode = 0): void {
    this.#exitCode = Math.max(this.#exitCode, exitCode);
    this.#asked.resolve({ kind, exitCode });
    if (kind === "cold") this.#ending.hurry();
  }

  /** What is going on, for people. */
  describe(): string {
    const running = [...this.pool.held()].filter((job) => job.startedAtMs !== undefined)
      .map(({ request }) => `  ${request.name}[${request.id}] pid:${request.workerPid}`);
    return [`${this.options.node}: ${this.#state}, ${this.#parts.held.size} requests held, running:`, ...running].join(
      "\n",
    );
  }

  async #start(): Promise<void> {
    const { transport } = this.#ports;
    await this.pool.start();
    this.#configurePool();
    const { retryOnStartup = true } = this.options;
    const connected = retryOnStartup ? transport.ready() : readyAtOnce(transport);
    connected.catch(() => {}); // awaited below, after the tasks are known
    await this.#tasksKnown.promise;
    await this.#hooks.onTasksKnown(this);
    if (!retryOnStartup) await connected;
    this.#unlog = logConnection(transport, this.#log, this.#ports.maxConnectAttempts, this.#clock);
    if (transport.state.kind === "ready") this.#log.write(lines.connectedTo(transport.uri));
    await connected;
    if (this.#asked.settled) return;
    await this.#meetOthers();
    if (this.#asked.settled) return;
    await this.#openMailbox();
    const early = new EarlyDeliveries((delivery) => this.#parts.intake.take(delivery));
    this.#consuming = this.#consume(early.take);
    this.#consuming.catch(() => early.giveBack()); // `run` is told below
    await this.#consuming;
    if (this.#asked.settled) return;
    this.#ports.signals.ready();
    this.#log.write(lines.workerReady(this.options.node));
    early.open();
    this.#watchConnection();
    this.#parts.autoscaler?.start();
    this.#state = "running";
    this.#hooks.onReady();
  }

  async #consume(onDelivery: (delivery: Delivery) => void): Promise<void> {
    const { transport } = this.#ports;
    const { prefetch } = this.#parts;
    const isBySlot = this.options.disablePrefetch === true;
    if (isBySlot && transport.name === "amqp") this.#log.write(lines.cannotDisablePrefetch(transport.name));
    this.#consumer = await transport.consume({
      queues: this.#ports.queues(),
      credit: prefetch.credit,
      ...(isBySlot ? { room: () => prefetch.freeSlots } : {}),
      onDelivery,
      onCancelled: (reason) => this.#onQueueLost(reason),
    });
  }

  /** Celery ends whenever the broker refuses one of its queues; this worker goes on as long as it has another. */
  #onQueueLost(reason: Error): void {
    this.#log.write(lines.unrecoverable(reprOf(reason)));
    if (this.#consumer?.queues.length === 0) this.shutdown("warm", 1);
  }

  async #meetOthers(): Promise<void> {
    const { remote, logicalClock } = this.#ports;
    const { node } = this.options;
    const signal = this.#ending.stopSignal;
    await Promise.all([
      this.options.mingle
        ? mingle({ remote, node, revoked: this.#parts.revoked, logicalClock, log: this.#log, signal })
        : undefined,
      this.#parts.gossip?.start(),
    ]);
    if (this.options.heartbeat) this.#parts.heart.start();
  }

  async #openMailbox(): Promise<void> {
    if (!this.options.remoteControl) return;
    const ports = this.#ports;
    const panel = workerPanel({
      parts: this.#parts,
      options: this.options,
      ports,
      log: this.#log,
      clock: this.#clock,
      startedAtMs: this.#startedAtMs,
      consumer: () => this.#consumer ?? raise("it does not consume yet"),
      poolChanged: () => {
        this.#configurePool();
        this.#updateCredit();
      },
      shutdown: (message) => {
        this.#log.write(lines.shutdownFromRemote(message));
        this.shutdown("warm");
      },
    });
    this.#mailbox = new Mailbox({
      panel,
      exchange: ports.controlExchange,
      boxes: ports.boxOptions,
      encode: (value) => ports.encode(value),
    });
    await this.#mailbox.open();
  }

  /** After a reconnect, what was delivered over the old connection and not begun is given to somebody anyway: forget it. */
  #watchConnection(): void {
    const { transport } = this.#ports;
    if (transport.state.kind === "ready") this.#generation = transport.state.generation;
    const unlog = this.#unlog;
    let wasReady = true;
    const unwatch = transport.onState((state) => {
      if (wasReady && state.kind === "waiting") {
        this.#parts.prefetch.connectionLost();
        if (this.options.cancelOnLoss === true) this.#cancelUnacknowledged();
        this.#updateCredit();
      }
      if (state.kind === "ready" || state.kind === "waiting") wasReady = state.kind === "ready";
      if (state.kind === "closed" && this.#state === "running") {
        this.#log.write(lines.unrecoverable(state.reason === undefined ? "the broker is gone" : reprOf(state.reason)));
        this.shutdown("cold", 1);
      }
      if (state.kind !== "ready" || state.generation === this.#generation) return;
      this.#generation = state.generation;
      const isVoid = (request: Request) => !request.delivery.isCurrent && !request.acknowledged;
      for (const request of [...this.#parts.intake.remove(isVoid), ...this.pool.removeWaiting(isVoid)]) {
        request.release();
        this.#parts.held.remove(request);
      }
    });
    this.#unlog = () => {
      unlog();
      unwatch();
    };
  }

  #cancelUnacknowledged(): void {
    for (const { request, startedAtMs } of [...this.pool.held()]) {
      if (startedAtMs !== undefined && !request.acknowledged) this.#parts.verdicts.cancel(request, this.pool);
    }
  }

  async #end(): Promise<void> {
    this.#state = "stopping";
    this.#parts.autoscaler?.stop();
    const ending = Promise.resolve(this.#hooks.onEnding?.());
    await Promise.race([ending, delay(GOODBYE_MS, { clock: this.#clock })]);
    await Promise.race([this.#consuming, delay(GOODBYE_MS, { clock: this.#clock })]).catch(() => {}); // `run` was told
    await this.#ending.work(this.#consumer, {
      parts: this.#parts,
      log: this.#log,
      clock: this.#clock,
      softShutdownMs: this.options.softShutdownMs,
    });
    await this.#sayGoodbye();
  }

  async #sayGoodbye(): Promise<void> {
    this.#parts.heart.stop();
    this.#parts.events.flush();
    const closing = Promise.allSettled([this.#mailbox?.close(), this.#parts.gossip?.stop()])
      .then(() => this.#ports.close());
    await Promise.race([closing, delay(GOODBYE_MS, { clock: this.#clock })]).catch(() => {}); // nobody is left to be told
    this.#unlog();
    this.#log.flush();
  }

  #updateCredit(): void {
    const { credit } = this.#parts.prefetch;
    const isNews = this.options.disablePrefetch === true || this.#consumer?.credit !== credit;
    if (isNews) this.#consumer?.setCredit(credit);
  }

  #learn(tasks: readonly TaskInfo[]): void {
    this.tasks.learn(tasks);
    this.#tasksKnown.resolve();
  }

  #configurePool(): void {
    this.pool.configure({ showResults: this.#parts.events.sendsTaskEvents || this.#log.isEnabled("INFO") });
  }

  #childExited(index: number, pid: number, exit: ChildExit, wasExpected: boolean): void {
    if (wasExpected || this.#state === "stopping") return;
    this.#log.write(lines.childExited(index, pid, describeExit(exit)));
  }
}

function raise(why: string): never {
  throw new UsageError(`Cannot ask the worker: ${why}`, { code: "ERR_STATE" });
}

function reprOf(error: unknown): string {
  const { name, message } = asError(error);
  return `${name}(${JSON.stringify(message)})`;
}
