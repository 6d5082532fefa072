import type { AnyTask } from "./task.ts";
import type { TaskHost } from "./task_context.ts";
import type { TaskRequest } from "./task_request.ts";

/** Calls the function of a task after its hook `beforeStart`. @returns what the function does, or a promise of it */
export function callTask(task: AnyTask, request: TaskRequest, host: TaskHost): unknown {
  const { beforeStart } = task.options;
  if (beforeStart === undefined) return task.run(request, host);
  const prepared = beforeStart(task.context(request, host));
  return prepared instanceof Promise ? prepared.then(() => task.run(request, host)) : task.run(request, host);
}
