import { isBuiltin, type TaskInfo } from "./task_info.ts";

/**
 * The tasks that the children know, with the limits that remote control has set since.
 *
 * All children import the same modules; what a later one tells replaces what the first told.
 */
export class TaskRegistry {
  readonly #tasks = new Map<string, TaskInfo>();
  readonly #overrides = new Map<string, Partial<TaskInfo>>();
  readonly #defaults: Pick<TaskInfo, "timeLimit" | "softTimeLimit">;

  /** @param defaults limits for tasks that have none of their own */
  constructor(defaults: Pick<TaskInfo, "timeLimit" | "softTimeLimit">) {
    this.#defaults = defaults;
  }

  get all(): ReadonlyMap<string, TaskInfo> {
    return this.#tasks;
  }

  /** Sorted; built-in ones on request. */
  names(options: { builtins: boolean }): string[] {
    return [...this.#tasks.keys()].filter((name) => options.builtins || !isBuiltin(name)).sort();
  }

  learn(tasks: readonly TaskInfo[]): void {
    for (const task of tasks) {
      const timeLimit = task.timeLimit ?? this.#defaults.timeLimit;
      const softTimeLimit = task.softTimeLimit ?? this.#defaults.softTimeLimit;
      this.#tasks.set(task.name, { ...task, timeLimit, softTimeLimit, ...this.#overrides.get(task.name) });
    }
  }

  rateLimitOf(name: string): string | number | null {
    return this.#tasks.get(name)?.rateLimit ?? null;
  }

  /** @returns false for an unknown task */
  override(name: string, values: Partial<Pick<TaskInfo, "rateLimit" | "timeLimit" | "softTimeLimit">>): boolean {
    const task = this.#tasks.get(name);
    if (task === undefined) return false;
    this.#overrides.set(name, { ...this.#overrides.get(name), ...values });
    this.#tasks.set(name, { ...task, ...values });
    return true;
  }
}
