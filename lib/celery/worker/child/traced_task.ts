import type { Run } from "../../signals/run_signals.ts";
import type { TaskProperties } from "../../task_options.ts";
import type { ResultMeta } from "../../wire/result_meta.ts";

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
  /** What came of it then. */
  readonly meta: ResultMeta;

  constructor(meta: ResultMeta) {
    super("the task has succeeded before");
    this.meta = meta;
  }
}
