import type { Celery } from "../app.ts";
import type { AnyTask } from "../task.ts";
import type { TaskInfo } from "./task_info.ts";

/** What the supervisor has to know of the app's tasks. */
export function taskInfos(app: Celery): TaskInfo[] {
  return [...app.tasks.values()].map(taskInfo);
}

function taskInfo({ name, properties, options }: AnyTask): TaskInfo {
  const attributes = {
    serializer: properties.serializer,
    exchange: options.exchange,
    routing_key: options.routingKey,
    queue: typeof options.queue === "string" ? options.queue : options.queue?.name,
    time_limit: properties.timeLimit,
    soft_time_limit: properties.softTimeLimit,
    max_retries: properties.maxRetries,
    acks_late: properties.acksLate ? true : undefined,
    ignore_result: properties.ignoreResult ? true : undefined,
    priority: properties.priority,
  };
  return {
    name,
    acksLate: properties.acksLate,
    acksOnFailureOrTimeout: properties.acksOnFailureOrTimeout,
    rejectOnWorkerLost: properties.rejectOnWorkerLost ?? false,
    rateLimit: properties.rateLimit,
    timeLimit: properties.timeLimit,
    softTimeLimit: properties.softTimeLimit,
    ignoreResult: properties.ignoreResult,
    storeErrorsEvenIfIgnored: properties.storeErrorsEvenIfIgnored,
    sendEvents: properties.sendEvents,
    attributes: Object.fromEntries(
      Object.entries(attributes).filter(([, value]) => value !== undefined && value !== null)
        .map(([key, value]) => [key, value === true ? "True" : String(value)]),
    ),
  };
}
