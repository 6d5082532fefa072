import type { Run } from "../../signals/run_signals.ts";
import type { TaskProperties } from "../../task_options.ts";

/** A task on its way through this process. */
export interface TracedTask extends Run {
  readonly properties: TaskProperties;
  /** Its result is not wanted. */
  readonly ignoresResult: boolean;
  /** Its failure is stored, even if its result is not wanted. */
  readonly storesErrors: boolean;
}

/** The task has succeeded before; thrown instead of running it again. */
export class AlreadySucceeded extends Error {
  /** What it has returned. */
  readonly result: unknown;

  constructor(result: unknown) {
    super("the task has succeeded before");
    this.result = result;
  }
}
