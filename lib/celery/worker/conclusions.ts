import type { Delivery } from "../transport/transport.ts";
import type { TaskError } from "../wire/task_errors.ts";
import type { TaskHeaders } from "../wire/task_message.ts";
import type { Request } from "./request.ts";

/**
 * Ends of tasks that no child can store, because none began them or the one that did is dead.
 *
 * None of these rejects: what cannot be stored now is tried again until the worker stops.
 */
export interface Conclusions {
  /** Stores FAILURE, calls errbacks, counts as a failed part of its chord. */
  failed(request: Request, error: TaskError): Promise<void>;
  /** Stores REVOKED. */
  revoked(request: Request, reason: "revoked" | "expired" | "terminated"): Promise<void>;
  /** Stores RETRY: the task was ended here, and the broker delivers it again. */
  cancelled(request: Request): Promise<void>;
  /** Stores FAILURE NotRegistered for a message whose task nobody here knows. */
  unregistered(headers: TaskHeaders, delivery: Delivery): Promise<void>;
}
