/**
 * What the supervisor and a pool child say to each other, one frame each.
 *
 *     supervisor -> child                           child -> supervisor
 *     task        run this message                  hello      the tasks this child knows
 *     recall      give back what you have not begun started    this job is being run now
 *     abort       stop that job                     done       what became of it
 *     settings    what to put into reports          returned   these jobs were not begun and will not be
 *     stop        finish what was begun, then leave event      a monitoring event of the user's own
 *                                                   succeeded  started and done in one
 *
 *     0      1           5               9
 *     +------+-----------+---------------+---------------+------------------+
 *     | kind | job: u32  | json size: u32| json          | body (task only) |
 *     +------+-----------+---------------+---------------+------------------+
 *
 * A task that came in kombu's envelope is passed on in it (`envelope`: what the supervisor adds stands as numbers in the place of
 * the JSON). Of any other the body is passed on as it came, and the headers go as JSON; those that JSON cannot carry (bytes,
 * big integers, both only on AMQP) go in the runtime's own serialization, marked by kind `task-exotic`.
 * @module
 */
import { Buffer } from "node:buffer";
import { deserialize, serialize } from "node:v8";
import { utf8 } from "../../base/bytes.ts";
import { ProtocolError } from "../../base/errors.ts";
import { decodeEnvelope } from "../wire/envelope.ts";
import type { HeaderValue, Message } from "../wire/message.ts";
import type { CeleryLevel } from "./log_lines.ts";
import type { TaskInfo } from "./task_info.ts";

const HEAD_BYTES = 9;

const Kind = {
  task: 1,
  taskExotic: 2,
  recall: 3,
  abort: 4,
  settings: 5,
  stop: 6,
  envelope: 7,
  hello: 11,
  started: 12,
  done: 13,
  returned: 14,
  event: 15,
  succeeded: 16,
  log: 17,
} as const;

/** A message with what the transport knows of its way here. */
export interface TaskOrder {
  readonly kind: "task";
  readonly job: number;
  /** On the child's monotonic clock: not to be begun after it, milliseconds; null: whenever the child comes to it. */
  readonly staleAtMs: number | null;
  readonly message: Message;
  readonly exchange: string;
  readonly routingKey: string;
  readonly redelivered: boolean;
  /** Seconds; what holds for this job, wherever it was set. */
  readonly timeLimit: number | null;
  readonly softTimeLimit: number | null;
}

/** Why a job is to be stopped from outside. */
export type AbortReason =
  | { readonly kind: "soft-limit"; readonly seconds: number }
  | { readonly kind: "hard-limit"; readonly seconds: number }
  | { readonly kind: "terminated" };

export interface ChildSettings {
  /** Somebody wants to see results: put their repr into reports. */
  readonly showResults: boolean;
}

export type ToChild =
  | TaskOrder
  | { readonly kind: "recall"; readonly jobs: readonly number[] }
  | { readonly kind: "abort"; readonly job: number; readonly reason: AbortReason }
  | ({ readonly kind: "settings" } & ChildSettings)
  | { readonly kind: "stop" };

/** What became of a job. Texts are Python's notation of the values. */
export type Outcome =
  | { readonly kind: "success"; readonly seconds: number; readonly result: string }
  | {
    readonly kind: "failure";
    readonly exception: string;
    readonly traceback: string;
    /** The task announced it in `throws`. */
    readonly expected: boolean;
  }
  | { readonly kind: "retry"; readonly reason: string; readonly exception: string; readonly traceback: string }
  | { readonly kind: "ignored"; readonly description?: string }
  | { readonly kind: "rejected"; readonly requeue: boolean; readonly exception: string }
  /** Revoked while it ran; the result was stored by the child. */
  | { readonly kind: "terminated" }
  /** The message is not what a task message is; it was not begun. `ack` as Celery does where it cannot decode. */
  | { readonly kind: "invalid"; readonly reason: string }
  | { readonly kind: "undecodable"; readonly error: string }
  /** It ran, but something around it failed. */
  | { readonly kind: "internal-error"; readonly exception: string; readonly traceback: string };

export interface JobReport {
  readonly outcome: Outcome;
  /** How long the function took, milliseconds. */
  readonly runMs: number;
  /** This child wants to be replaced: too much memory, or a task in it that cannot be stopped. */
  readonly retire?: boolean;
}

/** When a child began a job. */
export interface Beginning {
  /** On the child's monotonic clock, milliseconds. */
  readonly nowMs: number;
  /** Wall time, milliseconds since the epoch. */
  readonly atMs: number;
}

export type FromChild =
  | { readonly kind: "hello"; readonly pid: number; readonly nowMs: number; readonly tasks: readonly TaskInfo[] }
  | { readonly kind: "started"; readonly job: number; readonly began: Beginning }
  /** `began` where this was not said before. */
  | { readonly kind: "done"; readonly job: number; readonly began?: Beginning | undefined; readonly report: JobReport }
  | { readonly kind: "returned"; readonly jobs: readonly number[] }
  | { readonly kind: "event"; readonly type: string; readonly fields: Readonly<Record<string, unknown>> }
  | ({ readonly kind: "log" } & ChildLine);

/** A line for the log of the worker. */
export interface ChildLine {
  readonly level: CeleryLevel;
  readonly text: string;
  /** The task whose code has written it. */
  readonly task?: { readonly id: string; readonly name: string } | undefined;
}

/** The payload of one frame, in parts. */
type Parts = readonly Uint8Array[];

function head(kind: number, job: number, json: Uint8Array): Uint8Array {
  const out = Buffer.allocUnsafe(HEAD_BYTES);
  out.writeUInt8(kind, 0);
  out.writeUInt32BE(job, 1);
  out.writeUInt32BE(json.length, 5);
  return out;
}

function inJson(kind: number, job: number, value: unknown): Parts {
  const json = Buffer.from(JSON.stringify(value));
  return [head(kind, job, json), json];
}

/** No JSON, but numbers behind the head: for what is said of every job. */
function inNumbers(kind: number, job: number, ...numbers: readonly number[]): Buffer {
  const out = Buffer.allocUnsafe(HEAD_BYTES + 8 * numbers.length);
  out.writeUInt8(kind, 0);
  out.writeUInt32BE(job, 1);
  out.writeUInt32BE(0, 5);
  for (let i = 0; i < numbers.length; i++) out.writeDoubleBE(numbers[i] ?? NaN, HEAD_BYTES + 8 * i);
  return out;
}

function readBeginning(numbers: Buffer): Beginning {
  return { nowMs: numbers.readDoubleBE(0), atMs: numbers.readDoubleBE(8) };
}

/** True where JSON would bend the value or refuse it. */
function isExotic(value: HeaderValue | undefined): boolean {
  switch (typeof value) {
    case "bigint":
      return true;
    case "number":
      return !Number.isFinite(value);
    case "object":
      if (value === null) return false;
      if (value instanceof Uint8Array) return true;
      for (const item of Object.values(value)) if (isExotic(item)) return true;
      return false;
    default:
      return false;
  }
}

export function encodeToChild(message: ToChild): Parts {
  switch (message.kind) {
    case "task": {
      const { body, envelope, ...described } = message.message;
      if (envelope !== undefined) return [orderHead(message), envelope];
      const rest = { ...message, message: described };
      if (!isExotic(described.headers)) {
        const json = Buffer.from(JSON.stringify(rest));
        return [head(Kind.task, message.job, json), json, body];
      }
      const exotic = serialize(rest);
      return [head(Kind.taskExotic, message.job, exotic), exotic, body];
    }
    case "recall":
      return inJson(Kind.recall, 0, message.jobs);
    case "abort":
      return inJson(Kind.abort, message.job, message.reason);
    case "settings":
      return inJson(Kind.settings, 0, { showResults: message.showResults });
    case "stop":
      return inJson(Kind.stop, 0, null);
  }
}

const ORDER_BYTES = 25;

/** What the supervisor adds to an envelope; NaN stands for null. */
function orderHead({ job, staleAtMs, timeLimit, softTimeLimit, redelivered }: TaskOrder): Buffer {
  const out = Buffer.allocUnsafe(HEAD_BYTES + ORDER_BYTES);
  out.writeUInt8(Kind.envelope, 0);
  out.writeUInt32BE(job, 1);
  out.writeUInt32BE(ORDER_BYTES, 5);
  out.writeDoubleBE(staleAtMs ?? NaN, HEAD_BYTES);
  out.writeDoubleBE(timeLimit ?? NaN, HEAD_BYTES + 8);
  out.writeDoubleBE(softTimeLimit ?? NaN, HEAD_BYTES + 16);
  out.writeUInt8(redelivered ? 1 : 0, HEAD_BYTES + 24);
  return out;
}

function readOrder(job: number, added: Buffer, bytes: Buffer): TaskOrder {
  const { message, exchange, routingKey } = decodeEnvelope(bytes);
  return {
    kind: "task",
    job,
    staleAtMs: numberAt(added, 0),
    message,
    exchange,
    routingKey,
    redelivered: added[24] === 1,
    timeLimit: numberAt(added, 8),
    softTimeLimit: numberAt(added, 16),
  };
}

function numberAt(bytes: Buffer, at: number): number | null {
  const number = bytes.readDoubleBE(at);
  return Number.isNaN(number) ? null : number;
}

/** The order's body is a view into `payload`. */
export function decodeToChild(payload: Buffer): ToChild {
  const { kind, job, json, rest } = split(payload);
  switch (kind) {
    case Kind.task:
    case Kind.taskExotic: {
      const order = (kind === Kind.task ? parse(json) : deserialize(json)) as TaskOrder;
      return { ...order, message: { ...order.message, body: rest } };
    }
    case Kind.envelope:
      return readOrder(job, json, rest);
    case Kind.recall:
      return { kind: "recall", jobs: parse(json) as number[] };
    case Kind.abort:
      return { kind: "abort", job, reason: parse(json) as AbortReason };
    case Kind.settings:
      return { kind: "settings", ...parse(json) as ChildSettings };
    case Kind.stop:
      return { kind: "stop" };
    default:
      throw new ProtocolError(`Cannot read the supervisor's frame: kind ${kind} is unknown`);
  }
}

export function encodeFromChild(message: FromChild): Parts {
  switch (message.kind) {
    case "hello":
      return inJson(Kind.hello, 0, { pid: message.pid, nowMs: message.nowMs, tasks: message.tasks });
    case "started":
      return [inNumbers(Kind.started, message.job, message.began.nowMs, message.began.atMs)];
    case "done": {
      const { job, began, report } = message;
      if (began === undefined || report.outcome.kind !== "success" || report.retire === true) {
        return inJson(Kind.done, job, { began, report });
      }
      const head = inNumbers(Kind.succeeded, job, began.nowMs, began.atMs, report.runMs);
      return report.outcome.result === "" ? [head] : [head, utf8(report.outcome.result)];
    }
    case "returned":
      return inJson(Kind.returned, 0, message.jobs);
    case "event":
      return inJson(Kind.event, 0, { type: message.type, fields: message.fields });
    case "log":
      return inJson(Kind.log, 0, { level: message.level, text: message.text, task: message.task });
  }
}

export function decodeFromChild(payload: Buffer): FromChild {
  const { kind, job, json, rest } = split(payload);
  switch (kind) {
    case Kind.hello:
      return { kind: "hello", ...parse(json) as { pid: number; nowMs: number; tasks: TaskInfo[] } };
    case Kind.started:
      return { kind: "started", job, began: readBeginning(rest) };
    case Kind.succeeded: {
      const runMs = rest.readDoubleBE(16);
      const result = rest.length === 24 ? "" : rest.toString("utf8", 24);
      const outcome: Outcome = { kind: "success", seconds: runMs / 1000, result };
      return { kind: "done", job, began: readBeginning(rest), report: { outcome, runMs } };
    }
    case Kind.done:
      return { kind: "done", job, ...parse(json) as { began?: Beginning; report: JobReport } };
    case Kind.returned:
      return { kind: "returned", jobs: parse(json) as number[] };
    case Kind.event:
      return { kind: "event", ...parse(json) as { type: string; fields: Record<string, unknown> } };
    case Kind.log:
      return { kind: "log", ...parse(json) as ChildLine };
    default:
      throw new ProtocolError(`Cannot read the child's frame: kind ${kind} is unknown`);
  }
}

function split(payload: Buffer): { kind: number; job: number; json: Buffer; rest: Buffer } {
  if (payload.length < HEAD_BYTES) {
    throw new ProtocolError(`Cannot read a pool frame: ${payload.length} bytes, its head alone has ${HEAD_BYTES}`);
  }
  const bodyAt = HEAD_BYTES + payload.readUInt32BE(5);
  if (bodyAt > payload.length) {
    throw new ProtocolError(`Cannot read a pool frame: ${payload.length} bytes, ${bodyAt} announced`);
  }
  return {
    kind: payload.readUInt8(0),
    job: payload.readUInt32BE(1),
    json: payload.subarray(HEAD_BYTES, bodyAt),
    rest: payload.subarray(bodyAt),
  };
}

/** Both ends are ours and start from the same files: what a frame says about itself is believed. */
function parse(json: Buffer): unknown {
  return JSON.parse(json.toString("utf8"));
}
