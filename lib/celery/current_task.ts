import { AsyncLocalStorage } from "node:async_hooks";
import type { TaskRequest } from "./task_request.ts";

/**
 * Which task is running: what it sends becomes its child. Follows the task through its awaits, however many run side by side.
 *
 * Following costs every promise of the process something, from the first `run` on. Where tasks run one after the other, as in a
 * prefork pool, there is no need: `runAlone` only remembers who has the process, as Python does.
 */
export class CurrentTask {
  #storage: AsyncLocalStorage<TaskRequest> | undefined;
  #alone: TaskRequest | undefined;

  /** Undefined outside of tasks. */
  get request(): TaskRequest | undefined {
    return this.#storage?.getStore() ?? this.#alone;
  }

  /** Calls `body` as a part of the task. */
  run<T>(request: TaskRequest, body: () => T): T {
    this.#storage ??= new AsyncLocalStorage();
    return this.#storage.run(request, body);
  }

  /** Calls `body` as the task that has this process to itself, until `ended` or the next one. */
  runAlone<T>(request: TaskRequest, body: () => T): T {
    this.#alone = request;
    return this.#storage === undefined ? body() : this.#storage.run(request, body);
  }

  /** The task does not have the process any more. */
  ended(request: TaskRequest): void {
    if (this.#alone === request) this.#alone = undefined;
  }
}
