import { UsageError } from "../base/errors.ts";
import type { PyDateTime } from "../base/pyvalue.ts";
import type { KnownQueue } from "./routing/queue.ts";
import type { RetryPolicy } from "./settings.ts";
import type { Exchange, ExchangeType } from "./transport/transport.ts";
import type { Headers } from "./wire/message.ts";
import type { SignatureData } from "./wire/signature.ts";

/** A moment: a `Date`, a datetime of Python's, or its ISO 8601 text (naive ones are in the app's timezone). */
export type When = Date | PyDateTime | string;

/** Anything that can be written as a signature: those of `add.s(…)`, or their plain data. */
export type SignatureLike = SignatureData | { toJSON(): SignatureData };

/** What can be said of one call. Durations are seconds, as in Celery. */
export interface ApplyOptions {
  /** Id of the task; its result is found by it. Default: a new UUID. */
  readonly taskId?: string | undefined;
  /** Not before this moment. */
  readonly eta?: When | undefined;
  /** Not before so many seconds from now; 0 is now. */
  readonly countdown?: number | undefined;
  /** Not after this moment, or so many seconds from now: then it ends as REVOKED, and its message may vanish from RabbitMQ. */
  readonly expires?: When | number | undefined;
  /** 0..9; Redis serves 0 first, RabbitMQ 9. */
  readonly priority?: number | undefined;
  /** A queue's name, or a queue; made and declared if need be. */
  readonly queue?: string | KnownQueue | undefined;
  /** Together with `routingKey`: where to publish, as it is. */
  readonly exchange?: string | Exchange | undefined;
  readonly exchangeType?: ExchangeType | undefined;
  readonly routingKey?: string | undefined;
  /** Called with the result on success. */
  readonly link?: SignatureLike | readonly SignatureLike[] | undefined;
  /** Called on failure. */
  readonly linkError?: SignatureLike | readonly SignatureLike[] | undefined;
  /** Default: setting `taskSerializer`. */
  readonly serializer?: string | undefined;
  /** `gzip`, `zlib`, `brotli`, `zstd`. Default: setting `taskCompression`. */
  readonly compression?: string | undefined;
  /** More headers; in a bound task `self.request.headers`. */
  readonly headers?: Headers | undefined;
  /** Name to show in logs and monitors. */
  readonly shadow?: string | undefined;
  /** Seconds after which the task's process is killed. */
  readonly timeLimit?: number | undefined;
  /** Seconds after which SoftTimeLimitExceeded is raised in the task. */
  readonly softTimeLimit?: number | undefined;
  /** Store no result. */
  readonly ignoreResult?: boolean | undefined;
  /** False: fail at once when the broker is away. Default: setting `taskPublishRetry`. */
  readonly retry?: boolean | undefined;
  readonly retryPolicy?: Partial<RetryPolicy> | undefined;
  /** 2 persistent, 1 transient. */
  readonly deliveryMode?: 1 | 2 | undefined;
  /**
   * True: a call that reaches no queue fails instead of vanishing, on RabbitMQ. Redis takes no notice of it. A call whose queue
   * is known needs it not: the queue is declared.
   */
  readonly mandatory?: boolean | undefined;
  /** Text to show instead of the arguments, where they hold secrets. */
  readonly argsrepr?: string | undefined;
  readonly kwargsrepr?: string | undefined;
  /** Queue for an rpc result. */
  readonly replyTo?: string | undefined;
  /** Seconds that RabbitMQ keeps the message. */
  readonly expiration?: number | undefined;
  /** False: not among the children of the task that sends it. Default true. */
  readonly addToParent?: boolean | undefined;
  readonly rootId?: string | undefined;
  readonly parentId?: string | undefined;
  readonly groupId?: string | undefined;
  readonly groupIndex?: number | undefined;
  readonly retries?: number | undefined;
  /** Body of the chord whose part this is. */
  readonly chord?: SignatureLike | undefined;
  /** The tasks that follow, last first. */
  readonly chain?: readonly SignatureLike[] | undefined;
  /** Milliseconds to wait for the broker's confirmation. Default: as long as retries last. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The same under Python's names, as signatures carry them; stamps are among them. */
export interface WireOptions {
  readonly task_id?: string;
  readonly eta?: When | null;
  readonly countdown?: number | null;
  readonly expires?: When | number | null;
  readonly priority?: number | null;
  readonly queue?: string | KnownQueue | null;
  readonly exchange?: string | Exchange | null;
  readonly exchange_type?: ExchangeType | null;
  readonly routing_key?: string | null;
  readonly link?: SignatureLike | readonly SignatureLike[] | null;
  readonly link_error?: SignatureLike | readonly SignatureLike[] | null;
  readonly serializer?: string | null;
  readonly compression?: string | null;
  readonly headers?: Headers | null;
  readonly shadow?: string | null;
  readonly time_limit?: number | null;
  readonly soft_time_limit?: number | null;
  readonly ignore_result?: boolean | null;
  readonly retry?: boolean | null;
  readonly retry_policy?: Readonly<Record<string, unknown>> | Partial<RetryPolicy> | null;
  readonly delivery_mode?: 1 | 2 | null;
  readonly mandatory?: boolean | null;
  readonly argsrepr?: string | null;
  readonly kwargsrepr?: string | null;
  readonly reply_to?: string | null;
  readonly expiration?: number | null;
  readonly add_to_parent?: boolean;
  readonly root_id?: string | null;
  readonly parent_id?: string | null;
  readonly group_id?: string | null;
  readonly group_index?: number | null;
  readonly retries?: number;
  readonly chord?: SignatureLike | null;
  readonly chain?: readonly SignatureLike[] | null;
  readonly origin?: string | null;
  readonly replaced_task_nesting?: number;
  readonly stamped_headers?: readonly string[] | null;
  readonly route_name?: string;
  readonly timeout_ms?: number;
  readonly signal?: AbortSignal;
  readonly [stamp: string]: unknown;
}

/** Our name of every option and Python's; the ones after the blank line are our own. */
const PYTHON_NAMES: { readonly [Name in keyof Required<ApplyOptions>]: string } = {
  taskId: "task_id",
  eta: "eta",
  countdown: "countdown",
  expires: "expires",
  priority: "priority",
  queue: "queue",
  exchange: "exchange",
  exchangeType: "exchange_type",
  routingKey: "routing_key",
  link: "link",
  linkError: "link_error",
  serializer: "serializer",
  compression: "compression",
  headers: "headers",
  shadow: "shadow",
  timeLimit: "time_limit",
  softTimeLimit: "soft_time_limit",
  ignoreResult: "ignore_result",
  retry: "retry",
  retryPolicy: "retry_policy",
  deliveryMode: "delivery_mode",
  mandatory: "mandatory",
  argsrepr: "argsrepr",
  kwargsrepr: "kwargsrepr",
  replyTo: "reply_to",
  expiration: "expiration",
  addToParent: "add_to_parent",
  rootId: "root_id",
  parentId: "parent_id",
  groupId: "group_id",
  groupIndex: "group_index",
  retries: "retries",
  chord: "chord",
  chain: "chain",

  timeoutMs: "timeout_ms",
  signal: "signal",
};

const NAMES: ReadonlyMap<string, string> = new Map(Object.entries(PYTHON_NAMES));

/**
 * Options under Python's names. What is undefined is left out.
 *
 * @throws {UsageError} for an option that does not exist: it would be lost in silence
 */
export function toWireOptions(options: ApplyOptions): WireOptions {
  const wire: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    const python = NAMES.get(name);
    if (python === undefined) {
      throw new UsageError(
        `Cannot use the option ${name}: there is none of that name, known are ${[...NAMES.keys()].join(", ")}`,
      );
    }
    if (value !== undefined) wire[python] = value;
  }
  return wire;
}
