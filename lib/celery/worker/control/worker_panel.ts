import type { Clock } from "../../../base/time.ts";
import type { Consumer } from "../../transport/transport.ts";
import type { WorkerLog } from "../log.ts";
import type { WorkerOptions } from "../options.ts";
import type { WorkerParts } from "../parts.ts";
import type { WorkerPorts } from "../ports.ts";
import type { Panel } from "./panel.ts";

export interface PanelContext {
  readonly parts: WorkerParts;
  readonly options: WorkerOptions;
  readonly ports: WorkerPorts;
  readonly log: WorkerLog;
  readonly clock: Clock;
  readonly startedAtMs: number;
  /** @throws {UsageError} while there is none */
  readonly consumer: () => Consumer;
  readonly poolChanged: () => void;
  readonly shutdown: (message: string) => void;
}

/** What remote commands can see and touch of this worker. */
export function workerPanel(context: PanelContext): Panel {
  const { parts, options, ports, consumer } = context;
  const { events, gossip, held, intake, verdicts, pool, autoscaler, revoked, revokedStamps, tasks } = parts;
  return {
    ...{ events, gossip, held, intake, verdicts, pool, autoscaler, revoked, revokedStamps, tasks },
    node: options.node,
    clock: context.clock,
    log: context.log,
    logicalClock: ports.logicalClock,
    transport: ports.transport,
    get consumer() {
      return consumer();
    },
    timezone: ports.reader.timezone,
    startedAtMs: context.startedAtMs,
    maxTasksPerChild: options.maxTasksPerChild,
    poolRestarts: options.poolRestarts,
    decode: (message) => ports.reader.decode(message),
    conf: (withDefaults) => ports.conf(withDefaults),
    report: () => ports.report(),
    brokerInfo: () => ports.brokerInfo(),
    queueNamed: (name, given) => ports.addQueue(name, given),
    poolChanged: context.poolChanged,
    shutdown: context.shutdown,
  };
}
