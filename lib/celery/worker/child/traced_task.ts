import type { AnyTask } from "../../task.ts";
import type { TaskProperties } from "../../task_options.ts";
import type { TaskRequest } from "../../task_request.ts";

/** A task on its way through this process. */
export interface TracedTask {
  readonly task: AnyTask;
  readonly properties: TaskProperties;
  readonly request: TaskRequest;
  /** Its result is not wanted. */
  readonly ignoresResult: boolean;
  /** Its failure is stored, even if its result is not wanted. */
  readonly storesErrors: boolean;
  /** What it was ended by, if by an error: as it was thrown, or what became of it on the way. */
  thrown?: { readonly error: unknown };
}

/** The task has succeeded before; thrown instead of running it again. */
export class AlreadySucceeded extends Error {}
