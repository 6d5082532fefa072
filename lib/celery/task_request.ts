import type { Headers } from "./wire/message.ts";
import type { ResultTuple } from "./wire/result_meta.ts";
import type { SignatureData } from "./wire/signature.ts";
import { EMPTY_EMBED, type TaskBody, type TaskHeaders } from "./wire/task_message.ts";

/** How a task came to this worker. */
export interface DeliveryInfo {
  readonly exchange: string;
  readonly routingKey: string;
  readonly priority: number | null;
  readonly redelivered: boolean;
}

/** What a running task can know of its call: `self.request`. */
export interface TaskRequest {
  readonly id: string;
  /** Registered name. */
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** How often it was retried. */
  readonly retries: number;
  readonly rootId: string;
  readonly parentId: string | null;
  readonly group: string | null;
  readonly groupIndex: number | null;
  readonly callbacks: readonly SignatureData[] | null;
  readonly errbacks: readonly SignatureData[] | null;
  /** Reversed: the next task is the last element. */
  readonly chain: readonly SignatureData[] | null;
  readonly chord: SignatureData | null;
  readonly eta: string | null;
  readonly expires: string | null;
  /** Seconds, hard limit first. */
  readonly timelimit: readonly [hard: number | null, soft: number | null];
  readonly replyTo: string | null;
  readonly correlationId: string | null;
  readonly deliveryInfo: DeliveryInfo;
  /** Node name of the worker. */
  readonly hostname: string;
  /** Headers that the caller added. */
  readonly headers: Headers;
  readonly origin: string | null;
  readonly shadow: string | null;
  readonly ignoreResult: boolean | undefined;
  readonly replacedTaskNesting: number;
  readonly stampedHeaders: readonly string[] | null;
  readonly stamps: Headers;
  readonly argsrepr: string;
  readonly kwargsrepr: string;
  /** Run in the caller's process, without a message. */
  readonly isEager: boolean;
  /** Called as a function: there is no task at all. */
  readonly calledDirectly: boolean;
  /** What this task has sent so far. */
  readonly children: ResultTuple[];
}

export interface RequestOptions {
  readonly replyTo?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly deliveryInfo: DeliveryInfo;
  readonly hostname: string;
  readonly isEager?: boolean;
}

/** The request of a task message. Field by field: a spread of that many costs more than the rest of a short task. */
export function taskRequest(
  headers: TaskHeaders,
  { args, kwargs, embed }: TaskBody,
  options: RequestOptions,
): TaskRequest {
  return {
    id: headers.id,
    task: headers.task,
    args,
    kwargs,
    retries: headers.retries,
    rootId: headers.rootId,
    parentId: headers.parentId,
    group: headers.group,
    groupIndex: headers.groupIndex,
    callbacks: embed.callbacks,
    errbacks: embed.errbacks,
    chain: embed.chain,
    chord: embed.chord,
    eta: headers.eta,
    expires: headers.expires,
    timelimit: headers.timelimit,
    replyTo: options.replyTo ?? null,
    correlationId: options.correlationId ?? null,
    deliveryInfo: options.deliveryInfo,
    hostname: options.hostname,
    headers: headers.custom,
    origin: headers.origin,
    shadow: headers.shadow,
    ignoreResult: headers.ignoreResult,
    replacedTaskNesting: headers.replacedTaskNesting,
    stampedHeaders: headers.stampedHeaders,
    stamps: headers.stamps,
    argsrepr: headers.argsrepr,
    kwargsrepr: headers.kwargsrepr,
    isEager: options.isEager ?? false,
    calledDirectly: false,
    children: [],
  };
}

/** The request that a task sees which is called as a function. */
export function directRequest(task: string, args: readonly unknown[]): TaskRequest {
  return {
    id: "",
    task,
    args,
    kwargs: {},
    retries: 0,
    rootId: "",
    parentId: null,
    group: null,
    groupIndex: null,
    ...EMPTY_EMBED,
    eta: null,
    expires: null,
    timelimit: [null, null],
    replyTo: null,
    correlationId: null,
    deliveryInfo: { exchange: "", routingKey: "", priority: null, redelivered: false },
    hostname: "",
    headers: {},
    origin: null,
    shadow: null,
    ignoreResult: undefined,
    replacedTaskNesting: 0,
    stampedHeaders: null,
    stamps: {},
    argsrepr: "",
    kwargsrepr: "",
    isEager: false,
    calledDirectly: true,
    children: [],
  };
}
