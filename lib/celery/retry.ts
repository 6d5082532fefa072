import { UsageError } from "../base/errors.ts";
import type { WireOptions } from "./apply_options.ts";
import type { TaskRequest } from "./task_request.ts";
import type { Headers } from "./wire/message.ts";

/** Headers of RabbitMQ's dead-letter exchanges: sent again they would look like a cycle. */
const DEATH_HEADERS: ReadonlySet<string> = new Set([
  "x-death",
  "x-first-death-exchange",
  "x-first-death-queue",
  "x-first-death-reason",
  "x-last-death-exchange",
  "x-last-death-queue",
  "x-last-death-reason",
]);

/**
 * Options that send the task of a request once more: same id, same followers, same destination.
 *
 * Spec: celery 5.6 celery/app/task.py `Context.as_execution_options`, `Task.signature_from_request`
 */
export function retryOptions(request: TaskRequest): WireOptions {
  const [timeLimit, softTimeLimit] = request.timelimit;
  return {
    task_id: request.id,
    root_id: request.rootId,
    parent_id: request.parentId ?? request.id, // without a parent, the run that retries counts as one
    group_id: request.group,
    group_index: request.groupIndex,
    shadow: request.shadow,
    chord: request.chord,
    chain: request.chain,
    link: request.callbacks,
    link_error: request.errbacks,
    expires: request.expires,
    soft_time_limit: softTimeLimit,
    time_limit: timeLimit,
    headers: withoutDeaths(request.headers),
    retries: request.retries + 1,
    reply_to: request.replyTo,
    replaced_task_nesting: request.replacedTaskNesting,
    origin: request.origin,
    stamped_headers: request.stampedHeaders,
    ...request.stamps,
    priority: request.deliveryInfo.priority,
    ...destinationOf(request),
  };
}

function withoutDeaths(headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !DEATH_HEADERS.has(name)));
}

/** Back to where it came from. */
function destinationOf({ deliveryInfo: { exchange, routingKey } }: TaskRequest): WireOptions {
  return exchange === "" && routingKey !== "" ? { queue: routingKey } : { exchange, routing_key: routingKey };
}

export interface BackoffSettings {
  readonly retryBackoff: boolean | number;
  readonly retryBackoffMax: number;
  readonly retryJitter: boolean;
}

/**
 * Seconds before the next automatic retry; undefined where the task has no backoff.
 *
 * Spec: celery 5.6 celery/app/autoretry.py, celery/utils/time.py `get_exponential_backoff_interval`
 */
export function backoffSeconds(
  { retryBackoff, retryBackoffMax, retryJitter }: BackoffSettings,
  retries: number,
  random: () => number = Math.random,
): number | undefined {
  if (retryBackoff === false || retryBackoff === 0) return undefined;
  const factor = retryBackoff === true ? 1 : Math.max(1, Math.trunc(retryBackoff));
  if (!Number.isFinite(factor)) throw new UsageError(`Cannot use retryBackoff: expected a number, got ${retryBackoff}`);
  const countdown = Math.min(retryBackoffMax, factor * 2 ** retries);
  return retryJitter ? Math.floor(random() * (countdown + 1)) : countdown;
}
