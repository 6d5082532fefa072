import type { Clock } from "../../../base/time.ts";
import { pyRepr } from "../../../base/pyrepr.ts";
import type { Consumer, Queue, Transport } from "../../transport/transport.ts";
import type { Message } from "../../wire/message.ts";
import type { EventDispatcher } from "../events.ts";
import type { Gossip } from "../gossip.ts";
import type { HeldRequests } from "../held_requests.ts";
import type { Intake } from "../intake.ts";
import type { LogicalClock } from "../../logical_clock.ts";
import type { WorkerLog } from "../log.ts";
import type { Revoked } from "../revoked.ts";
import type { RevokedStamps } from "../revoked_stamps.ts";
import type { TaskPool } from "../task_pool.ts";
import type { TaskRegistry } from "../task_registry.ts";
import type { Verdicts } from "../verdicts.ts";
import type { Autoscaler } from "../autoscale.ts";

/** What remote commands can see and touch of a worker. */
export interface Panel {
  readonly node: string;
  readonly clock: Clock;
  readonly log: WorkerLog;
  readonly events: EventDispatcher;
  readonly gossip: Gossip | undefined;
  readonly held: HeldRequests;
  readonly intake: Intake;
  readonly verdicts: Verdicts;
  readonly logicalClock: LogicalClock;
  readonly pool: TaskPool;
  readonly autoscaler: Autoscaler | undefined;
  readonly revoked: Revoked;
  readonly revokedStamps: RevokedStamps;
  readonly tasks: TaskRegistry;
  readonly transport: Transport;
  readonly consumer: Consumer;
  /** IANA name. */
  readonly timezone: string;
  readonly startedAtMs: number;
  readonly maxTasksPerChild: number | undefined;
  readonly poolRestarts: boolean;
  decode(message: Message): unknown;
  /** Settings under their Python names, secrets masked. */
  conf(withDefaults: boolean): Readonly<Record<string, unknown>>;
  report(): string;
  /** How the broker is reached, as `stats` shows it. */
  brokerInfo(): Readonly<Record<string, unknown>>;
  /** The queue of that name as the app declares it. */
  queueNamed(name: string, options: QueueOptions): Queue;
  poolChanged(): void;
  shutdown(message: string): void;
}

export interface QueueOptions {
  readonly exchange?: string;
  readonly exchangeType?: string;
  readonly routingKey?: string;
}

export type Arguments = Readonly<Record<string, unknown>>;

/** @returns the reply; undefined replies null, as Python's None does */
export type Command = (panel: Panel, args: Arguments) => unknown;

/** A command that fails replies `{"error": "ValueError('…')"}`: the `repr` of a Python exception. */
export class ControlError extends Error {
  override readonly name = "ControlError";
  readonly repr: string;

  constructor(type: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.repr = `${type}(${pyRepr(message)})`;
  }
}

export const ok = (text: string) => ({ ok: text });
export const nok = (text: string) => ({ error: text });

/** Python's complaint about a missing argument, or its value. */
export function required(args: Arguments, command: string, name: string): unknown {
  if (args[name] === undefined) {
    throw new ControlError("TypeError", `${command}() missing 1 required positional argument: '${name}'`);
  }
  return args[name];
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function countOf(value: unknown, otherwise: number): number {
  return typeof value === "number" && Number.isInteger(value) ? value : otherwise;
}

/** One text or a list of texts. */
export function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}
