import type { TaskInfo } from "../../../lib/celery/worker/task_info.ts";

/** What a supervisor has to know of a task without any option. */
export function stubTaskInfo(name: string): TaskInfo {
  return {
    name,
    acksLate: false,
    acksOnFailureOrTimeout: true,
    rejectOnWorkerLost: false,
    rateLimit: null,
    timeLimit: null,
    softTimeLimit: null,
    ignoreResult: false,
    storeErrorsEvenIfIgnored: false,
    sendEvents: true,
    attributes: { serializer: "json" },
  };
}
