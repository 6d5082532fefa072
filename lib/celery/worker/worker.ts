import { asError, UsageError } from "../../base/errors.ts";
import { Deferred } from "../../base/deferred.ts";
import { type Clock, delay, systemClock } from "../../base/time.ts";
import type { ChildExit } from "../../proc/mod.ts";
import { describeExit } from "../../proc/mod.ts";
import type { Consumer } from "../transport/transport.ts";
import { Autoscaler } from "./autoscale.ts";
import { logConnection } from "./connection_log.ts";
import { Mailbox } from "./control/mailbox.ts";
import type { Panel } from "./control/panel.ts";
import { credit } from "./credit.ts";
import { EventDispatcher, eventExchange } from "./events.ts";
import { Gossip } from "./gossip.ts";
import { Heart } from "./heart.ts";
import { HeldRequests } from "./held_requests.ts";
import { Intake } from "./intake.ts";
import type { WorkerLog } from "./log.ts";
import * as lines from "./log_lines.ts";
import { mingle } from "./mingle.ts";
import type { WorkerOptions } from "./options.ts";
import { CHILD_MODULE, childArguments, poolShape } from "./pool_shape.ts";
import type { WorkerPorts } from "./ports.ts";
import type { Request } from "./request.ts";
import { Revoked } from "./revoked.ts";
import { RevokedStamps } from "./revoked_stamps.ts";
import { Settlements } from "./settlements.ts";
import type { TaskInfo } from "./task_info.ts";
import { TaskPool, type TaskPoolListener } from "./task_pool.ts";
import { TaskRegistry } from "./task_registry.ts";
import { Verdicts } from "./verdicts.ts";

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
  /** Ids that must not run from the start. Default: none. */
  readonly revoked?: Revoked;
  readonly clock?: Clock;
}

/** A worker that ends waits so long for its last words to the broker. */
const GOODBYE_MS = 3000;
/** Idle children get so long to close their connections. */
const CHILD_GOODBYE_MS = 2000;

/**
 * A Celery worker: the supervisor of a pool of children. It moves messages between the broker and the children, and never
 * runs a task itself.
 *
 *     idle ──start──> starting ──consuming──> running ──shutdown──> stopping ──> stopped
 *                        └──── cannot start ──────────────────────────┴────────────^
 *
 * Opens, in this order: the pool, the mailbox, gossip and heart, the consumer. A shutdown ends the consumer first, gives
 * back what was not begun, lets the pool finish or ends it, and closes the rest in reverse.
 */
export class Worker {
  readonly options: WorkerOptions;
  readonly tasks: TaskRegistry;
  readonly pool: TaskPool;
  readonly #ports: WorkerPorts;
  readonly #hooks: WorkerHooks;
  readonly #log: WorkerLog;
  readonly #clock: Clock;
  readonly #held = new HeldRequests();
  readonly #settlements = new Settlements();
  readonly #events: EventDispatcher;
  readonly #verdicts: Verdicts;
  readonly #intake: Intake;
  readonly #heart: Heart;
  readonly #gossip: Gossip | undefined;
  readonly #autoscaler: Autoscaler | undefined;
  readonly #revoked: Revoked;
  readonly #revokedStamps = new RevokedStamps();
  readonly #tasksKnown = new Deferred<void>();
  /** Settles when the worker is to end: how, and with which exit code. */
  readonly #ending = new Deferred<{ kind: ShutdownKind; exitCode: number }>();
  readonly #cold = new AbortController();
  /** Aborted when whatever still waits shall stop waiting. */
  readonly #stop = new AbortController();
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
    this.tasks = new TaskRegistry(options);
    if (options.tasks !== undefined) this.#learn(options.tasks);
    this.#ports = ports;
    this.#hooks = hooks;
    this.#log = hooks.log;
    this.#clock = hooks.clock ?? systemClock;
    this.#revoked = hooks.revoked ?? new Revoked();
    const { transport, logicalClock } = ports;
    const exchange = eventExchange(ports.eventExchange, transport.name);
    this.#events = new EventDispatcher({
      transport,
      exchange,
      hostname: options.node,
      logicalClock,
      taskEvents: options.taskEvents,
      clock: this.#clock,
    });
    this.pool = new TaskPool({
      ...poolShape(options),
      module: options.childModule ?? CHILD_MODULE,
      args: childArguments(options),
      ...(options.execArgv === undefined ? {} : { execArgv: options.execArgv }),
      ...(options.childEnv === undefined ? {} : { env: options.childEnv }),
      maxTasksPerChild: options.maxTasksPerChild,
      listener: this.#poolListener(),
      clock: this.#clock,
    });
    this.#verdicts = new Verdicts({
      log: this.#log,
      events: this.#events,
      held: this.#held,
      conclusions: ports.conclusions,
      onDone: () => this.#updateCredit(),
    });
    this.#intake = new Intake({
      log: this.#log,
      events: this.#events,
      held: this.#held,
      pool: this.pool,
      tasks: this.tasks,
      verdicts: this.#verdicts,
      conclusions: ports.conclusions,
      settlements: this.#settlements,
      revoked: this.#revoked,
      revokedStamps: this.#revokedStamps,
      reader: ports.reader,
      disableRateLimits: options.disableRateLimits,
      onScheduledChange: () => this.#updateCredit(),
      clock: this.#clock,
    });
    this.#heart = new Heart(this.#events, this.#held, { intervalMs: options.heartbeatIntervalMs, clock: this.#clock });
    this.#gossip = options.gossip
      ? new Gossip({
        transport,
        exchange,
        node: options.node,
        events: this.#events,
        logicalClock,
        log: this.#log,
        decode: ({ message }) => ports.reader.decode(message),
        onElected: (topic, action) => {
          if (topic === "task") {
            ports.sendElected(action).catch((error) => this.#log.write(lines.unrecoverable(String(error))));
          }
        },
        newId: () => ports.newId(),
        clock: this.#clock,
      })
      : undefined;
    this.#autoscaler = options.autoscale === undefined ? undefined : new Autoscaler({
      ...options.autoscale,
      pool: this.pool,
      log: this.#log,
      demand: () => this.#held.size - this.#intake.scheduledCount,
      onChange: () => this.#updateCredit(),
      clock: this.#clock,
    });
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
      await Promise.race([this.#start(), this.#ending.promise]);
      await this.#ending.promise;
    } catch (error) {
      this.#log.write(lines.unrecoverable(reprOf(error)));
      this.shutdown("cold", 1);
    }
    const { exitCode } = await this.#ending.promise;
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
    this.#ending.resolve({ kind, exitCode });
    if (kind === "cold") {
      if (this.#cold.signal.aborted) this.#stop.abort();
      this.#cold.abort();
    }
  }

  /** What is going on, for people. */
  describe(): string {
    const running = [...this.pool.held()].filter((job) => job.startedAtMs !== undefined)
      .map(({ request }) => `  ${request.name}[${request.id}] pid:${request.workerPid}`);
    return [`${this.options.node}: ${this.#state}, ${this.#held.size} requests held, running:`, ...running].join("\n");
  }

  async #start(): Promise<void> {
    const { transport } = this.#ports;
    await this.pool.start();
    this.#configurePool();
    const connected = transport.ready();
    connected.catch(() => {}); // awaited below, after the tasks are known
    await this.#tasksKnown.promise;
    await this.#hooks.onTasksKnown(this);
    this.#unlog = logConnection(transport, this.#log, this.#ports.maxConnectAttempts, this.#clock);
    if (transport.state.kind === "ready") this.#log.write(lines.connectedTo(transport.uri));
    await connected;
    if (this.#ending.settled) return;
    await this.#meetOthers();
    if (this.#ending.settled) return;
    await this.#openMailbox();
    this.#log.write(lines.workerReady(this.options.node));
    this.#consuming = this.#consume();
    await this.#consuming;
    if (this.#ending.settled) return; // whoever waited for "ready" may be as quick as that
    this.#watchConnection();
    this.#autoscaler?.start();
    this.#state = "running";
    this.#hooks.onReady();
  }

  async #consume(): Promise<void> {
    this.#consumer = await this.#ports.transport.consume({
      queues: this.#ports.queues(),
      credit: this.#credit(),
      onDelivery: (delivery) => this.#intake.take(delivery),
      onCancelled: (reason) => this.#log.write(lines.unrecoverable(reprOf(reason))),
    });
  }

  async #meetOthers(): Promise<void> {
    const { remote, logicalClock } = this.#ports;
    const { node } = this.options;
    const signal = this.#stop.signal;
    await Promise.all([
      this.options.mingle
        ? mingle({ remote, node, revoked: this.#revoked, logicalClock, log: this.#log, signal })
        : undefined,
      this.#gossip?.start(),
    ]);
    if (this.options.heartbeat) this.#heart.start();
  }

  async #openMailbox(): Promise<void> {
    if (!this.options.remoteControl) return;
    const { controlExchange, encode } = this.#ports;
    this.#mailbox = new Mailbox({
      panel: this.#panel(),
      exchange: controlExchange,
      encode: (value) => encode.call(this.#ports, value),
    });
    await this.#mailbox.open();
  }

  #panel(): Panel {
    const ports = this.#ports;
    const consumer = () => this.#consumer ?? raise("it does not consume yet");
    return {
      node: this.options.node,
      clock: this.#clock,
      log: this.#log,
      events: this.#events,
      gossip: this.#gossip,
      held: this.#held,
      intake: this.#intake,
      verdicts: this.#verdicts,
      logicalClock: ports.logicalClock,
      pool: this.pool,
      autoscaler: this.#autoscaler,
      revoked: this.#revoked,
      revokedStamps: this.#revokedStamps,
      tasks: this.tasks,
      transport: ports.transport,
      get consumer() {
        return consumer();
      },
      timezone: ports.reader.timezone,
      startedAtMs: this.#startedAtMs,
      maxTasksPerChild: this.options.maxTasksPerChild,
      poolRestarts: this.options.poolRestarts,
      decode: (message) => ports.reader.decode(message),
      conf: (withDefaults) => ports.conf(withDefaults),
      report: () => ports.report(),
      brokerInfo: () => ports.brokerInfo(),
      queueNamed: (name, options) => ports.addQueue(name, options),
      poolChanged: () => {
        this.#configurePool();
        this.#updateCredit();
      },
      shutdown: (message) => {
        this.#log.write(lines.shutdownFromRemote(message));
        this.shutdown("warm");
      },
    };
  }

  /** After a reconnect, what was delivered over the old connection and not begun is given to somebody anyway: forget it. */
  #watchConnection(): void {
    const { transport } = this.#ports;
    if (transport.state.kind === "ready") this.#generation = transport.state.generation;
    const unlog = this.#unlog;
    const unwatch = transport.onState((state) => {
      if (state.kind === "closed" && this.#state === "running") {
        this.#log.write(lines.unrecoverable(state.reason === undefined ? "the broker is gone" : reprOf(state.reason)));
        this.shutdown("cold", 1);
      }
      if (state.kind !== "ready" || state.generation === this.#generation) return;
      this.#generation = state.generation;
      const isVoid = (request: Request) => !request.delivery.isCurrent && !request.acknowledged;
      for (const request of [...this.#intake.remove(isVoid), ...this.pool.removeWaiting(isVoid)]) {
        request.release();
        this.#held.remove(request);
      }
    });
    this.#unlog = () => {
      unlog();
      unwatch();
    };
  }

  async #end(): Promise<void> {
    this.#state = "stopping";
    this.#autoscaler?.stop();
    const ending = Promise.resolve(this.#hooks.onEnding?.());
    await Promise.race([ending, delay(GOODBYE_MS, { clock: this.#clock })]);
    await Promise.race([this.#consuming, delay(GOODBYE_MS, { clock: this.#clock })]).catch(() => {}); // `run` was told
    await this.#consumer?.stop();
    this.#giveBack(this.#intake.remove(() => true));
    this.pool.pause();
    await this.#until(() => this.pool.isRecalled, this.#cold.signal);
    this.#giveBack(this.pool.removeWaiting(() => true));
    await this.#until(
      () => this.pool.runningCount === 0 && this.#held.size === this.#waitingCount(),
      this.#cold.signal,
    );
    if (this.#cold.signal.aborted) await this.#endRunning();
    this.#giveBack(this.pool.removeWaiting(() => true));
    await this.pool.close(this.#cold.signal.aborted ? 0 : CHILD_GOODBYE_MS);
    this.#giveBack([...this.#held]);
    await Promise.race([this.#settlements.idle(), delay(GOODBYE_MS, { clock: this.#clock })]);
    await this.#consumer?.close().catch(() => {}); // the connection is lost: the broker gives back what is left
    await this.#sayGoodbye();
  }

  /** Requests that nobody runs; there are some only until they have been given back. */
  #waitingCount(): number {
    let count = 0;
    for (const _ of this.pool.waiting) count++;
    return count;
  }

  /** Cold: lets what runs go on for the time of the soft shutdown, then ends it. */
  async #endRunning(): Promise<void> {
    const { softShutdownMs } = this.options;
    if (softShutdownMs > 0 && this.pool.runningCount > 0) {
      const over = new AbortController();
      const timer = this.#clock.after(softShutdownMs, () => over.abort());
      this.#stop.signal.addEventListener("abort", () => over.abort(), { once: true });
      await this.#until(() => this.pool.runningCount === 0, over.signal);
      timer.cancel();
    }
    this.#stop.abort();
  }

  #giveBack(requests: readonly Request[]): void {
    const unsettled = requests.filter((request) => !request.isDone);
    const restored = unsettled.filter((request) => !request.acknowledged).length;
    if (restored > 0) this.#log.write(lines.restoringUnacked(restored));
    for (const request of unsettled) {
      if (request.state === "running" && !request.acknowledged) {
        this.#events.send("task-cancelled", { uuid: request.id });
      }
      request.release();
      this.#held.remove(request);
    }
  }

  async #sayGoodbye(): Promise<void> {
    this.#heart.stop();
    this.#events.flush();
    const closing = Promise.allSettled([this.#mailbox?.close(), this.#gossip?.stop()])
      .then(() => this.#ports.close());
    await Promise.race([closing, delay(GOODBYE_MS, { clock: this.#clock })]).catch(() => {}); // nobody is left to be told
    this.#unlog();
    this.#log.flush();
  }

  /** Waits until `check` holds or the signal is aborted. */
  async #until(check: () => boolean, signal: AbortSignal): Promise<void> {
    while (!check() && !signal.aborted) {
      await delay(5, { signal, clock: this.#clock }).catch(() => {}); // aborted: the loop ends
    }
  }

  #credit(): number {
    return credit({
      concurrency: Math.max(this.pool.concurrency, this.options.autoscale?.max ?? 0),
      multiplier: this.options.prefetchMultiplier,
      strict: this.options.strictPrefetch,
      depth: this.pool.depth,
      scheduled: this.#intake.scheduledCount,
    });
  }

  #updateCredit(): void {
    const wanted = this.#credit();
    if (this.#consumer !== undefined && this.#consumer.credit !== wanted) this.#consumer.setCredit(wanted);
  }

  #learn(tasks: readonly TaskInfo[]): void {
    this.tasks.learn(tasks);
    this.#tasksKnown.resolve();
  }

  #configurePool(): void {
    this.pool.configure({ showResults: this.#events.sendsTaskEvents || this.#log.isEnabled("INFO") });
  }

  #poolListener(): TaskPoolListener {
    return {
      onHello: (_child, tasks) => this.#learn(tasks),
      mayStart: (request) => this.#intake.mayStart(request),
      onStarted: (request, child, atMs) => this.#verdicts.started(request, child, atMs, this.pool),
      onDone: (request, child, report) => this.#verdicts.reported(request, child, report),
      onLost: (request, _child, exit) => {
        if (!this.#stop.signal.aborted) void this.#verdicts.lost(request, exit);
      },
      onSoftLimit: (request, seconds) => this.#verdicts.softLimit(request, seconds),
      onHardLimit: (request, seconds) => void this.#verdicts.hardLimit(request, seconds),
      onEvent: (type, fields) => this.#events.send(type, fields),
      onOutput: (child, line) => this.#log.write(lines.childOutput(line), `ForkPoolWorker-${child.index}`, child.pid),
      onExit: (child, exit) => this.#childExited(child.child.index, child.child.pid, exit, child.state === "stopped"),
      onHopeless: (exit) => {
        this.#log.write(lines.childWillNotStart(describeExit(exit)));
        this.shutdown("cold", 1);
      },
    };
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
