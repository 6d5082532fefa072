import { AsyncLocalStorage } from "node:async_hooks";
import type { TaskRequest } from "./task_request.ts";

/**
 * Which task is running: what it sends becomes its child. Follows the task through its awaits, however many run side by side.
 */
export class CurrentTask {
  #storage: AsyncLocalStorage<TaskRequest> | undefined;

  /** Undefined outside of tasks. */
  get request(): TaskRequest | undefined {
    return this.#storage?.getStore();
  }

  /** Calls `body` as a part of the task. */
  run<T>(request: TaskRequest, body: () => T): T {
    this.#storage ??= new AsyncLocalStorage();
    return this.#storage.run(request, body);
  }
}
