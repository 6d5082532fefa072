/**
 * What has to be sent after a task, as plans: nothing here sends.
 *
 * Spec: celery 5.6 celery/app/trace.py `_dispatch_callbacks_and_chain`, celery/backends/base.py `mark_as_failure`,
 * `_call_task_errbacks`
 * @module
 */
import type { AnyTask } from "../task.ts";
import type { TaskRequest } from "../task_request.ts";
import { fromData, groupNode, kindOf, type Node, type NodeOptions, tasksOf } from "./node.ts";
import type { Application } from "./plan.ts";

/** A signature and what it is called with. */
export interface Follower extends Application {
  readonly node: Node;
}

/**
 * Callbacks, then the next task of the chain, with the result as their first argument.
 *
 * @param priority for all of them; undefined: their own
 */
export function followersOf(request: TaskRequest, value: unknown, priority: number | undefined): Follower[] {
  const { id, rootId, callbacks, chain } = request;
  const options: NodeOptions = { parent_id: id, root_id: rootId, priority };
  const nodes = (callbacks ?? []).map((callback) => fromData(callback, "callback"));
  const followers = oneOrGrouped(nodes).map((node): Follower => ({ node, args: [value], options }));
  const next = chain?.at(-1);
  if (next === undefined) return followers;
  const later = chain?.slice(0, -1) ?? [];
  return [...followers, { node: fromData(next, "chain"), args: [value], options: { ...options, chain: later } }];
}

/** Several callbacks are sent as one group; groups among them on their own. */
function oneOrGrouped(nodes: readonly Node[]): Node[] {
  if (nodes.length < 2) return [...nodes];
  const tasks = nodes.filter((node) => kindOf(node) !== "group");
  const groups = nodes.filter((node) => kindOf(node) === "group");
  return tasks.length === 0 ? groups : [...groups, groupNode(tasks)];
}

/** Errbacks by how they are called. */
export interface Errbacks {
  /** Registered here with more than one parameter: called at once, in this process, with request, error and traceback. */
  readonly here: readonly { readonly task: AnyTask; readonly node: Node }[];
  /** All others: sent with the id of the failed task. */
  readonly sent: Follower | undefined;
}

export function errbacksOf(
  failed: Pick<TaskRequest, "id" | "rootId" | "errbacks">,
  registered: ReadonlyMap<string, AnyTask>,
): Errbacks {
  const nodes = (failed.errbacks ?? []).map((errback) => fromData(errback, "errback"));
  const isHere = ({ task: name }: Node) => {
    const task = registered.get(name);
    return task !== undefined && task.options.bind !== true && task.arity > 1;
  };
  const old = nodes.filter((node) => !isHere(node));
  const here = nodes.filter(isHere).flatMap((node) => {
    const task = registered.get(node.task);
    return task === undefined ? [] : [{ task, node }];
  });
  const options = { parent_id: failed.id, root_id: failed.rootId };
  const sent = old.length === 0 ? undefined : { node: groupNode(old), args: [failed.id], options };
  return { here, sent };
}

/** A task that will never run, because one before it in its chain failed. */
export interface Unreached {
  /** Undefined: it has no id of its own; what it consists of reports for it. */
  readonly taskId: string | undefined;
  readonly groupId: string | undefined;
  readonly groupIndex: number | undefined;
  /** Body of the chord whose part it is. */
  readonly chord: Node | undefined;
}

/** The rest of the chain of a failed task, the last element first. */
export function unreachedBy({ chain }: Pick<TaskRequest, "chain">): Unreached[] {
  return (chain ?? []).map(({ options }) => {
    const { task_id, group_id, group_index, chord } = options;
    return {
      taskId: typeof task_id === "string" ? task_id : undefined,
      groupId: typeof group_id === "string" ? group_id : undefined,
      groupIndex: typeof group_index === "number" ? group_index : undefined,
      chord: chord === null || chord === undefined ? undefined : fromData(chord, "chord"),
    };
  });
}

/** The ids under which the result of a chord's body is waited for. */
export function resultIdsOf(body: Node): string[] {
  const own = typeof body.options.task_id === "string" ? [body.options.task_id] : [];
  return kindOf(body) === "chain" || kindOf(body) === "group" ? [...own, ...tasksOf(body).flatMap(resultIdsOf)] : own;
}
