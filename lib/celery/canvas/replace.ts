import { UsageError } from "../../base/errors.ts";
import type { Celery } from "../app.ts";
import type { AsyncResult } from "../async_result.ts";
import { Ignore } from "../control_flow.ts";
import type { TaskRequest } from "../task_request.ts";
import { ImproperlyConfigured } from "../wire/task_errors.ts";
import { combine } from "./combine.ts";
import { freeze } from "./freeze.ts";
import { link, linkError } from "./links.ts";
import { clone, createNode, fromData, kindOf, listOption, type Node, tasksOf, valuesOf } from "./node.ts";
import { applyNode } from "./apply.ts";
import { sendNode } from "./send.ts";
import type { AnySignature, Signature } from "./signature.ts";

/**
 * Puts a signature in the place of a running task: it gets the task's id, followers, and part in a chord.
 *
 * Spec: celery 5.6 celery/app/task.py `Task.replace`
 *
 * @throws {Ignore}, always, once the signature is on its way; {ImproperlyConfigured} for one that cannot take the place
 */
export function replaceTask(app: Celery, request: TaskRequest, signature: AnySignature): never {
  const node = replacement(app, request, signature.node);
  const result = request.isEager ? applyNode(app, node, {}) : sendNode(app, node, {});
  throw new Ignore(`Replaced by ${node.task}`, result.published);
}

function replacement(app: Celery, request: TaskRequest, given: Node): Node {
  const context = app.canvasContext;
  if ("chord" in given.options) {
    throw new ImproperlyConfigured(["A signature replacing a task must not be part of a chord"]);
  }
  if (kindOf(given) === "chain" && tasksOf(given).length === 0) {
    throw new ImproperlyConfigured(["Cannot replace with an empty chain"]);
  }
  let node = clone(given);
  if (kindOf(node) === "group") {
    node = combine(node, createNode("celery.accumulate", { kwargs: { index: 0 } }), context);
  }
  for (const callback of request.callbacks ?? []) link(node, fromData(callback, "callback"));
  for (const errback of request.errbacks ?? []) linkError(node, fromData(errback, "errback"), context);
  if (kindOf(node) === "chain" && "link" in node.options) {
    const last = tasksOf(node).at(-1);
    if (last !== undefined) listOption(last, "link").push(...valuesOf(node.options.link));
  }
  freeze(node, { id: request.id }, context);
  const nesting = request.replacedTaskNesting + 1;
  Object.assign(node.options, {
    chord: request.chord,
    group_id: request.group,
    group_index: request.groupIndex,
    root_id: request.rootId,
    replaced_task_nesting: nesting,
  });
  if (kindOf(node) === "chain") { for (const task of tasksOf(node)) task.options.replaced_task_nesting = nesting; }
  for (const data of [...request.chain ?? []].reverse()) {
    const next = fromData(data, "chain");
    next.options.replaced_task_nesting = nesting;
    node = combine(node, next, context);
  }
  return node;
}

/**
 * Adds a part to the chord that a running task is a part of.
 *
 * Spec: celery 5.6 celery/app/task.py `Task.add_to_chord`
 */
export async function addToChord(
  app: Celery,
  request: TaskRequest,
  signature: Signature,
  lazy: boolean,
): Promise<AsyncResult | Signature> {
  if (request.chord === null || request.group === null) {
    throw new UsageError("Current task is not member of any chord", { code: "ERR_STATE" });
  }
  const { node } = signature;
  Object.assign(node.options, {
    group_id: request.group,
    group_index: request.groupIndex,
    chord: request.chord,
    root_id: request.rootId,
  });
  freeze(node, {}, app.canvasContext);
  await (await app.backend()).growChord(request.group, 1);
  return lazy ? signature : sendNode(app, node, {}) as AsyncResult;
}
