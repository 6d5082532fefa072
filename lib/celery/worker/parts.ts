import type { Clock } from "../../base/time.ts";
import type { ChildExit, OutputStream } from "../../proc/mod.ts";
import { Autoscaler } from "./autoscale.ts";
import { EVENT_QUEUE, EventDispatcher, eventExchange } from "./events.ts";
import { Gossip } from "./gossip.ts";
import { Heart } from "./heart.ts";
import { HeldRequests } from "./held_requests.ts";
import { Intake } from "./intake.ts";
import type { WorkerLog } from "./log.ts";
import * as lines from "./log_lines.ts";
import type { WorkerOptions } from "./options.ts";
import { CHILD_MODULE, childArguments, poolShape } from "./pool_shape.ts";
import type { WorkerPorts } from "./ports.ts";
import { Prefetch } from "./prefetch.ts";
import type { Revoked } from "./revoked.ts";
import { RevokedStamps } from "./revoked_stamps.ts";
import { Settlements } from "./settlements.ts";
import type { TaskInfo } from "./task_info.ts";
import { TaskPool, type TaskPoolListener } from "./task_pool.ts";
import { TaskRegistry } from "./task_registry.ts";
import { Verdicts } from "./verdicts.ts";

/** What the parts tell the worker. */
export interface PartsOwner {
  /** There is room for more messages, or for fewer. */
  updateCredit(): void;
  /** A child has told which tasks there are. */
  learn(tasks: readonly TaskInfo[]): void;
  /** Children are ended on purpose: what runs in them is not lost. */
  readonly endsChildren: boolean;
  childExited(index: number, pid: number, exit: ChildExit, wasExpected: boolean): void;
  /** Children end before they begin, again and again. */
  poolIsHopeless(exit: ChildExit): void;
}

export interface PartsContext {
  readonly options: WorkerOptions;
  readonly ports: WorkerPorts;
  readonly log: WorkerLog;
  readonly clock: Clock;
  readonly revoked: Revoked;
  readonly owner: PartsOwner;
  /** Takes what children print, instead of the log. */
  readonly printed: Printed | undefined;
}

/** Takes a line that was printed. */
export type Printed = (text: string, stream: OutputStream) => void;

/** What a worker is made of, joined together and not yet at work. */
export class WorkerParts {
  readonly tasks: TaskRegistry;
  readonly pool: TaskPool;
  readonly held = new HeldRequests();
  readonly settlements = new Settlements();
  readonly revoked: Revoked;
  readonly revokedStamps = new RevokedStamps();
  readonly events: EventDispatcher;
  readonly verdicts: Verdicts;
  readonly intake: Intake;
  readonly prefetch: Prefetch;
  readonly heart: Heart;
  readonly gossip: Gossip | undefined;
  readonly autoscaler: Autoscaler | undefined;

  constructor(context: PartsContext) {
    const { options, ports, log, clock, revoked, owner } = context;
    const { transport, logicalClock, conclusions, signals } = ports;
    const exchange = eventExchange(ports.eventExchange, transport.name);
    const { held, settlements, revokedStamps } = this;
    this.tasks = new TaskRegistry(options);
    this.revoked = revoked;
    this.events = new EventDispatcher({
      transport,
      exchange,
      hostname: options.node,
      logicalClock,
      taskEvents: options.taskEvents,
      encode: ports.events?.encode,
      clock,
    });
    this.pool = new TaskPool({
      ...poolShape(options),
      module: options.childModule ?? CHILD_MODULE,
      args: childArguments(options),
      ...(options.execArgv === undefined ? {} : { execArgv: options.execArgv }),
      ...(options.childEnv === undefined ? {} : { env: options.childEnv }),
      maxTasksPerChild: options.maxTasksPerChild,
      listener: this.#poolListener(context),
      clock,
    });
    this.verdicts = new Verdicts({
      ...{ log, held, conclusions, signals },
      events: this.events,
      onDone: () => {
        this.prefetch.requestDone();
        owner.updateCredit();
      },
    });
    this.intake = new Intake({
      ...{ log, held, conclusions, signals, settlements, revoked, revokedStamps, clock },
      events: this.events,
      pool: this.pool,
      tasks: this.tasks,
      verdicts: this.verdicts,
      reader: ports.reader,
      disableRateLimits: options.disableRateLimits,
      onScheduledChange: () => owner.updateCredit(),
    });
    this.prefetch = new Prefetch({ options, log, held, pool: this.pool, intake: this.intake });
    this.heart = new Heart(this.events, held, {
      intervalMs: options.heartbeatIntervalMs,
      clock,
      onBeat: () => signals.heartbeat(),
    });
    this.gossip = options.gossip ? this.#gossipOf(context, exchange) : undefined;
    this.autoscaler = options.autoscale === undefined ? undefined : new Autoscaler({
      ...options.autoscale,
      pool: this.pool,
      log,
      demand: () => held.size - this.intake.scheduledCount,
      onChange: () => owner.updateCredit(),
      clock,
    });
  }

  #gossipOf({ options, ports, log, clock }: PartsContext, exchange: ReturnType<typeof eventExchange>): Gossip {
    return new Gossip({
      transport: ports.transport,
      exchange,
      node: options.node,
      queue: ports.eventQueue ?? EVENT_QUEUE,
      events: this.events,
      logicalClock: ports.logicalClock,
      log,
      decode: ({ message }) => (ports.events ?? ports.reader).decode(message),
      onElected: (topic, action) => {
        if (topic !== "task") return;
        ports.sendElected(action).catch((error) => log.write(lines.unrecoverable(String(error))));
      },
      newId: () => ports.newId(),
      clock,
    });
  }

  #poolListener({ owner, log, options, printed }: PartsContext): TaskPoolListener {
    const { outputLevel = "WARNING" } = options;
    return {
      onHello: (_child, tasks) => owner.learn(tasks),
      mayStart: (request) => this.intake.mayStart(request),
      onStarted: (request, child, atMs) => this.verdicts.started(request, child, atMs, this.pool),
      onDone: (request, child, report) => this.verdicts.reported(request, child, report),
      onLost: (request, _child, exit) => {
        if (!owner.endsChildren) void this.verdicts.lost(request, exit);
      },
      onSoftLimit: (request, seconds) => this.verdicts.softLimit(request, seconds),
      onHardLimit: (request, seconds) => void this.verdicts.hardLimit(request, seconds),
      onEvent: (type, fields) => this.events.send(type, fields),
      onLog: (child, { level, text, task }) =>
        log.write(lines.ofChild(level, text, task), `ForkPoolWorker-${child.index}`, child.pid),
      onOutput: (child, text, stream) =>
        printed !== undefined
          ? printed(text, stream)
          : log.write({ ...lines.childOutput(text), level: outputLevel }, `ForkPoolWorker-${child.index}`, child.pid),
      onExit: (child, exit) => owner.childExited(child.child.index, child.child.pid, exit, child.state === "stopped"),
      onHopeless: (exit) => owner.poolIsHopeless(exit),
    };
  }
}
