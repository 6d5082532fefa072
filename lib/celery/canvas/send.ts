import type { Celery } from "../app.ts";
import type { WireOptions } from "../apply_options.ts";
import { AsyncResult } from "../async_result.ts";
import { UsageError } from "../../base/errors.ts";
import { GroupResult } from "../group_result.ts";
import type { ResultTuple } from "../wire/result_meta.ts";
import type { FrozenResult } from "./freeze.ts";
import type { Node } from "./node.ts";
import { type Application, planOf, type Step } from "./plan.ts";

/**
 * Sends a signature: what has to be known to the backend first, then all messages in one go.
 *
 * What is wrong with the signature throws here; broker and backend reject `published`.
 */
export function sendNode(app: Celery, node: Node, application: Application): AsyncResult | GroupResult {
  const { steps, result } = planOf(node, application, app.canvasContext);
  const before = steps.filter((step) => step.kind !== "publish");
  const calls = steps.filter((step) => step.kind === "publish");
  const publishAll = () => calls.map((step) => publish(app, step).published);
  const published = before.length === 0
    ? all(publishAll())
    : app.sending.while(prepare(app, before).then(() => all(publishAll())));
  published.catch(() => {}); // shown by `published` and by `get` to whoever asks
  const made = resultOf(app, result, published);
  if (application.options?.add_to_parent !== false) app.addToParent(made);
  return made;
}

async function all(promises: readonly Promise<void>[]): Promise<void> {
  await Promise.all(promises);
}

async function prepare(app: Celery, steps: readonly Step[]): Promise<void> {
  const backend = await app.backend();
  if (backend.noChordReason !== undefined) throw new UsageError(`Cannot start the chord: ${backend.noChordReason}`);
  for (const step of steps) {
    if (step.kind === "chord-size") await backend.setChordSize(step.groupId, step.size);
    else if (step.kind === "save-group") await backend.saveGroup(step.result.id, tupleOf(step.result));
  }
}

function publish(app: Celery, { task, args, kwargs, options }: Step & { kind: "publish" }): AsyncResult {
  const own: WireOptions = { ...options, add_to_parent: false };
  return app.sendKnown(task, args, kwargs, own);
}

/** The result object of a frozen result, with everything that comes before it. */
export function resultOf(app: Celery, frozen: FrozenResult, published?: Promise<void>): AsyncResult | GroupResult {
  const options = published === undefined ? {} : { published };
  const result = frozen.results === null
    ? new AsyncResult(frozen.id, app, options)
    : new GroupResult(frozen.id, frozen.results.map((part) => resultOf(app, part, published)), app);
  if (frozen.parent !== null) result.parent = resultOf(app, frozen.parent, published);
  return result;
}

function tupleOf({ id, parent, results }: FrozenResult): ResultTuple {
  return [[id, parent === null ? null : tupleOf(parent)], results === null ? null : results.map(tupleOf)];
}
