import type { LogicalClock } from "../logical_clock.ts";
import type { RemoteControl } from "../control/remote_control.ts";
import type { Queue, Transport } from "../transport/transport.ts";
import type { BoxOptions } from "../wire/control.ts";
import type { Message } from "../wire/message.ts";
import type { Content } from "../wire/serializer.ts";
import type { Conclusions } from "./conclusions.ts";
import type { QueueOptions } from "./control/panel.ts";
import type { EventQueueOptions } from "./events.ts";
import type { NodeSignals } from "./node_signals.ts";
import type { TaskReader } from "./read_task.ts";

/** What a worker needs of the app and the world; built in one place, `app_ports.ts`. */
export interface WorkerPorts {
  readonly transport: Transport;
  /** Where results go, for the banner: password replaced by `**`. */
  readonly resultsUri: string;
  /** Further settings for the banner, e.g. how durable the embedded broker is. */
  readonly notes: readonly string[];
  readonly reader: Omit<TaskReader, "tasks">;
  readonly conclusions: Conclusions;
  readonly signals: NodeSignals;
  readonly logicalClock: LogicalClock;
  readonly remote: RemoteControl;
  /** Setting `controlExchange`. */
  readonly controlExchange: string;
  /** Of the queues of remote control. Default: Celery's. */
  readonly boxOptions?: BoxOptions;
  /** Setting `eventExchange`. */
  readonly eventExchange: string;
  /** How events are written and read. Default: as JSON, and as messages are. */
  readonly events?: {
    readonly encode: ((value: unknown) => Content) | undefined;
    readonly decode: (message: Message) => unknown;
  };
  /** Attempts to connect in a row, for the countdown; 0: for ever. */
  readonly maxConnectAttempts: number;
  /** Of queues that hear events. Default: neither durable nor exclusive, as Celery's. */
  readonly eventQueue?: EventQueueOptions;
  /** The queues to consume from. */
  queues(): readonly Queue[];
  /** The queue of that name, made if need be, from now on among those to consume from. */
  addQueue(name: string, options: QueueOptions): Queue;
  encode(value: unknown): Content;
  conf(withDefaults: boolean): Readonly<Record<string, unknown>>;
  report(): string;
  brokerInfo(): Readonly<Record<string, unknown>>;
  newId(): string;
  /** Does what an election was held for: sends the signature `action`. */
  sendElected(action: unknown): Promise<void>;
  /** Ends what the ports have opened. */
  close(): Promise<void>;
}
