import type { Celery } from "./app.ts";
import { AsyncResult } from "./async_result.ts";
import { GroupResult } from "./group_result.ts";
import type { ResultTuple } from "./wire/result_meta.ts";

/**
 * The result of a stored tuple: of a task where it has no children, else of a group.
 *
 * Spec: celery 5.6 celery/result.py `result_from_tuple`
 */
export function resultFromTuple([[id, parent], children]: ResultTuple, app: Celery): AsyncResult | GroupResult {
  const result = children === null
    ? new AsyncResult(id, app)
    : new GroupResult(id, children.map((child) => resultFromTuple(child, app)), app);
  if (parent !== null) result.parent = resultFromTuple(parent, app);
  return result;
}
