// deno-lint-ignore-file require-await -- async by interface
import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import { onTestFinished } from "vitest";
import { RemoteControl } from "../../../lib/celery/control/remote_control.ts";
import { LogicalClock } from "../../../lib/celery/logical_clock.ts";
import { MemoryBroker } from "../../../lib/celery/transport/memory_broker.ts";
import { MemoryTransport } from "../../../lib/celery/transport/memory.ts";
import type { Broadcast, Queue } from "../../../lib/celery/transport/transport.ts";
import { queue } from "../../../lib/celery/routing/queue.ts";
import type { Message } from "../../../lib/celery/wire/message.ts";
import { SerializerRegistry } from "../../../lib/celery/wire/serializer.ts";
import { Celery } from "../../../lib/celery/mod.ts";
import { eventExchange } from "../../../lib/celery/worker/events.ts";
import { AppNodeSignals } from "../../../lib/celery/worker/node_signals.ts";
import { WorkerLog } from "../../../lib/celery/worker/log.ts";
import type { WorkerOptions } from "../../../lib/celery/worker/options.ts";
import type { WorkerPorts } from "../../../lib/celery/worker/ports.ts";
import { Worker } from "../../../lib/celery/worker/worker.ts";
import { eventually } from "../../support/eventually.ts";
import { TYPESCRIPT } from "../../support/program.ts";

const SERIALIZERS = new SerializerRegistry();
const ACCEPT = SERIALIZERS.acceptedTypes(["json"]);

export const WORKER_OPTIONS: WorkerOptions = {
  node: "worker@host",
  moduleUrl: "",
  include: [],
  settings: {},
  pool: "prefork",
  concurrency: 1,
  autoscale: undefined,
  prefetchMultiplier: 4,
  strictPrefetch: false,
  maxTasksPerChild: undefined,
  maxMemoryPerChild: undefined,
  timeLimit: null,
  softTimeLimit: null,
  taskEvents: true,
  heartbeat: true,
  heartbeatIntervalMs: 2000,
  mingle: false,
  gossip: true,
  remoteControl: true,
  poolRestarts: false,
  disableRateLimits: false,
  softShutdownMs: 0,
  logLevel: "INFO",
  childModule: new URL("./stub_child.ts", import.meta.url),
  execArgv: TYPESCRIPT,
};

/** A worker over a broker in memory with stub children, and everything it says. */
export class WorkerHarness {
  readonly broker = new MemoryBroker();
  readonly transport = new MemoryTransport(this.broker);
  /** Whose signals the worker sends. */
  readonly app = new Celery("proj", { broker: "memory://", environment: {} });
  readonly events: Record<string, unknown>[] = [];
  /** What would stand in the result backend. */
  readonly stored = new Map<string, string>();
  readonly queue: Queue = queue("celery");
  readonly worker: Worker;
  log = "";
  /** What tasks print, if the worker does not log it. */
  printed = "";
  exitCode: number | undefined;
  readonly remote: RemoteControl;

  private constructor(options: Partial<WorkerOptions>, redirectsOutput: boolean) {
    const ports = this.#ports();
    this.remote = ports.remote;
    const log = new WorkerLog({ level: "DEBUG", write: (text) => this.log += text });
    this.worker = new Worker({ ...WORKER_OPTIONS, ...options }, ports, {
      log,
      onTasksKnown: () => {},
      onReady: () => {},
      ...(redirectsOutput ? {} : { printed: (text, stream) => this.printed += `${stream}: ${text}\n` }),
    });
  }

  /** Starts a worker and waits until it is ready. */
  static async start(options: Partial<WorkerOptions> = {}, redirectsOutput = true): Promise<WorkerHarness> {
    const harness = new WorkerHarness(options, redirectsOutput);
    await harness.transport.declareQueue(harness.queue);
    const exchange = eventExchange("celeryev", "memory");
    await harness.transport.subscribe({ ...queue("monitor"), exchange, routingKey: "#" }, (broadcast) => {
      harness.events.push(...[eventOf(broadcast)].flat());
    });
    const ended = harness.worker.run().then((exitCode) => harness.exitCode = exitCode);
    onTestFinished(async () => {
      harness.worker.shutdown("cold");
      await ended;
    });
    await eventually("the worker is ready", () => harness.log.includes(" ready."), { timeoutMs: 20_000 });
    return harness;
  }

  /** Sends a task. @returns its id */
  async send(task: string, args: readonly unknown[] = [], headers: Message["headers"] = {}): Promise<string> {
    const id = randomUUID();
    await this.publish({
      headers: { task, id, argsrepr: "()", kwargsrepr: "{}", ...headers },
      properties: { priority: 0 },
      contentType: "application/json",
      contentEncoding: "utf-8",
      body: Buffer.from(JSON.stringify([args, {}, {}])),
    });
    return id;
  }

  publish(message: Message): Promise<void> {
    return this.transport.publish(message, {
      exchange: "",
      exchangeType: "direct",
      routingKey: "celery",
      queue: this.queue,
    });
  }

  /** Messages in the queue. */
  get queued(): number {
    return this.broker.count("celery");
  }

  /** Types of the events of one task, in order. */
  eventsOf(id: string): string[] {
    return this.events.filter((event) => event.uuid === id).map((event) => String(event.type));
  }

  /** Waits for an event of a task. */
  event(id: string, type: string): Promise<Record<string, unknown>> {
    return eventually(
      `${type} of ${id}`,
      () => this.events.find((event) => event.uuid === id && event.type === type),
    );
  }

  #ports(): WorkerPorts {
    const { transport, stored } = this;
    const logicalClock = new LogicalClock();
    const decode = (message: Message) => SERIALIZERS.decode(message, ACCEPT);
    const encode = (value: unknown) => SERIALIZERS.encode(value, "json");
    const newId = () => randomUUID();
    return {
      transport,
      resultsUri: "disabled://",
      notes: [],
      reader: { timezone: "UTC", accept: ACCEPT, decode },
      conclusions: {
        failed: async (request, error) => void stored.set(request.id, `FAILURE ${error.remoteType}`),
        revoked: async (request, reason) => void stored.set(request.id, `REVOKED ${reason}`),
        cancelled: async (request) => void stored.set(request.id, "RETRY"),
        unregistered: async (headers) => void stored.set(headers.id, "FAILURE NotRegistered"),
      },
      signals: new AppNodeSignals(this.app, "worker@host"),
      logicalClock,
      remote: new RemoteControl({
        transport: () => Promise.resolve(transport),
        exchange: "celery",
        logicalClock,
        newId,
        encode,
        decode,
      }),
      controlExchange: "celery",
      eventExchange: "celeryev",
      maxConnectAttempts: 100,
      queues: () => [this.queue],
      addQueue: (name, options) =>
        queue(name, {
          ...(options.exchange === undefined ? {} : { exchange: options.exchange }),
          ...(options.routingKey === undefined ? {} : { routingKey: options.routingKey }),
        }),
      encode,
      conf: (withDefaults) => withDefaults ? { task_acks_late: false, timezone: "UTC" } : { timezone: "UTC" },
      report: () => "software -> celery:5.6.3",
      brokerInfo: () => ({ hostname: "127.0.0.1", transport: "memory", alternates: [] }),
      newId,
      sendElected: async () => {},
      close: () => transport.close(),
    };
  }
}

function eventOf(broadcast: Broadcast): Record<string, unknown> | Record<string, unknown>[] {
  return SERIALIZERS.decode(broadcast.message, ACCEPT) as Record<string, unknown>;
}
