import { isDeepStrictEqual } from "node:util";
import { bodyOf, clone, fromData, headerOf, kindOf, listOption, type Node, tasksOf, valuesOf } from "./node.ts";

/** What of the app's settings decides over links. */
export interface LinkSettings {
  /** `task_allow_error_cb_on_chord_header` */
  readonly errbacksOnHeader: boolean;
}

/**
 * Has `callback` called with the result: of a chord its body's, of a group once its first task is done.
 *
 * Spec: celery 5.6 celery/canvas.py `Signature.link`, `group.link`, `_chord.link`
 */
export function link(node: Node, callback: Node): void {
  switch (kindOf(node)) {
    case "group": {
      const [first] = tasksOf(node);
      if (first !== undefined) link(first, { ...clone(callback), immutable: true });
      return;
    }
    case "chord": {
      const body = bodyOf(node);
      if (body !== null) link(body, callback);
      return;
    }
    case "chain":
    case "task":
      append(node, "link", callback);
  }
}

/**
 * Has `errback` called on failure: of a group for each task that fails, of a chord for its body.
 *
 * Spec: celery 5.6 celery/canvas.py `Signature.link_error`, `group.link_error`, `_chord.link_error`
 */
export function linkError(node: Node, errback: Node, settings: LinkSettings): void {
  switch (kindOf(node)) {
    case "group":
      for (const task of tasksOf(node)) linkError(task, { ...clone(errback), immutable: true }, settings);
      return;
    case "chord":
      linkChordError(node, errback, settings);
      return;
    case "chain":
    case "task":
      append(node, "link_error", errback);
  }
}

function linkChordError(chord: Node, errback: Node, settings: LinkSettings): void {
  for (const task of headerOf(chord)) {
    if (settings.errbacksOnHeader) linkError(task, { ...clone(errback), immutable: true }, settings);
    else if (kindOf(task) === "chord") linkError(task, errback, settings);
  }
  const body = bodyOf(chord);
  if (body !== null) linkError(body, errback, settings);
}

/** A link that is there already is not added again. */
function append(node: Node, option: "link" | "link_error", linked: Node): void {
  const list = listOption(node, option);
  if (!list.some((present) => isDeepStrictEqual({ ...present as Node }, { ...linked }))) list.push(linked);
}

/**
 * The tasks of a chain as copies, with the chain's own links where they belong: callbacks at the last task, errbacks at all.
 *
 * Spec: celery 5.6 celery/canvas.py `_chain.unchain_tasks`
 */
export function unchained(chain: Node, settings: LinkSettings): Node[] {
  const tasks = tasksOf(chain).map((task) => clone(task));
  const last = tasks.at(-1);
  for (const callback of valuesOf(chain.options.link)) if (last !== undefined) link(last, fromData(callback));
  for (const errback of valuesOf(chain.options.link_error)) {
    for (const task of tasks) linkError(task, fromData(errback), settings);
  }
  return tasks;
}
