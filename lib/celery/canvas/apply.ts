import type { Celery } from "../app.ts";
import { AsyncResult } from "../async_result.ts";
import { applyEagerly } from "../eager.ts";
import { UsageError } from "../../base/errors.ts";
import { GroupResult } from "../group_result.ts";
import type { WireOptions } from "../apply_options.ts";
import { bodyOf, clone, groupNode, headerOf, kindOf, merge, type Node, tasksOf } from "./node.ts";
import { type Application, chunksGroup } from "./plan.ts";

/**
 * Runs a signature in this process: chains step by step, groups one task after the other.
 *
 * Spec: celery 5.6 celery/canvas.py `apply` of `Signature`, `_chain`, `group`, `_chord`
 */
export function applyNode(app: Celery, node: Node, application: Application): AsyncResult | GroupResult {
  const { args = [], kwargs = {}, options = {} } = application;
  switch (kindOf(node)) {
    case "task": {
      if (node.task === "celery.chunks") return applyNode(app, chunksGroup(node), application);
      const merged = merge(node, args, kwargs, options);
      return applyEagerly(app, node.task, merged.args, merged.kwargs, merged.options as WireOptions);
    }
    case "chain":
      return applyChain(app, node, application);
    case "group": {
      const id = typeof node.options.task_id === "string" ? node.options.task_id : app.canvasContext.newId();
      const shared = { ...options, group_id: id };
      return new GroupResult(
        id,
        tasksOf(node).map((task) => applyNode(app, task, { args, kwargs, options: shared })),
        app,
      );
    }
    case "chord":
      return applyChord(app, node, application);
  }
}

function applyChain(app: Celery, chain: Node, { args, kwargs, options }: Application): AsyncResult | GroupResult {
  const [first, ...later] = tasksOf(chain);
  if (first === undefined) throw new UsageError("Cannot apply an empty chain");
  let last = applyNode(app, first, { args, kwargs, options });
  for (const task of later) {
    const previous = last;
    last = after(app, previous, (value) => applyNode(app, clone(task), { args: [value], options }), task);
    last.parent = previous;
  }
  return last;
}

function applyChord(app: Celery, chord: Node, { args, kwargs, options }: Application): AsyncResult | GroupResult {
  const body = bodyOf(chord);
  if (body === null) throw new UsageError("Cannot apply a chord without a body");
  const header = applyNode(app, groupNode(headerOf(chord)), { args, kwargs });
  const result = after(app, header, (values) => applyNode(app, body, { args: [values], options }), body);
  result.parent = header;
  return result;
}

/** The result of what runs once `previous` has its own; a failure of that one is its failure too. */
function after(
  app: Celery,
  previous: AsyncResult | GroupResult,
  start: (value: unknown) => AsyncResult | GroupResult,
  node: Node,
): AsyncResult {
  const id = typeof node.options.task_id === "string" ? node.options.task_id : app.canvasContext.newId();
  const settled = (async () => {
    try {
      const result = start(await previous.get({ disableSyncSubtasks: false }));
      return { taskId: id, status: "SUCCESS", result: await result.get({ disableSyncSubtasks: false }), ...NOTHING };
    } catch (error) {
      return { taskId: id, status: "FAILURE", result: error, ...NOTHING };
    }
  })();
  return new AsyncResult(id, app, { settled });
}

const NOTHING = { traceback: null, children: [], dateDone: null };
