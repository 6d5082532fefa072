import { bodyOf, chainNode, chordNode, clone, kindOf, type Node, tasksOf, unrolled } from "./node.ts";
import { type LinkSettings, unchained } from "./links.ts";

/**
 * `first | second`: the second runs after the first, with its result. Chains grow, a group before a task becomes a chord, and what
 * follows a chord follows its body.
 *
 * Spec: celery 5.6 celery/canvas.py `__or__` of `Signature`, `_chain`, `group`, `_chord`
 */
export function combine(first: Node, second: Node, settings: LinkSettings): Node {
  switch (kindOf(first)) {
    case "chain":
      return afterChain(first, second, settings);
    case "group":
      return chordNode(first, second);
    case "chord":
      return afterChord(first, second, settings);
    case "task":
      return afterTask(first, second, settings);
  }
}

/** `a | b | c`, from the left; as `chain(a, b, c)` does. */
export function combineAll(nodes: readonly Node[], settings: LinkSettings): Node {
  return nodes.reduce((all, next) => combine(all, next, settings), chainNode([]));
}

function afterTask(task: Node, next: Node, settings: LinkSettings): Node {
  if (kindOf(next) === "chain") return chainNode([task, ...unchained(next, settings)]);
  return chainNode([task, unrolled(next)]);
}

function afterChain(chain: Node, given: Node, settings: LinkSettings): Node {
  const next = unrolled(given);
  switch (kindOf(next)) {
    case "chain":
      return unchained(next, settings).reduce((all, task) => combine(all, task, settings), chain);
    case "group":
      return groupAfterChain(chain, next, settings);
    case "chord":
    case "task":
      return taskAfterChain(chain, next, settings);
  }
}

function groupAfterChain(chain: Node, group: Node, settings: LinkSettings): Node {
  const tasks = unchained(chain, settings);
  const last = tasks.at(-1);
  if (last === undefined) return group;
  if (kindOf(last) !== "chord") return chainNode([...tasks, group]);
  extendBody(last, group, settings);
  return chainNode(tasks);
}

function taskAfterChain(chain: Node, next: Node, settings: LinkSettings): Node {
  const last = tasksOf(chain).at(-1);
  const lastKind = last === undefined ? undefined : kindOf(last);
  if (lastKind === "group") return chordAtEnd(chain, next, settings);
  if (lastKind === "chord" && kindOf(next) !== "chord") {
    const copy = clone(chain);
    const end = tasksOf(copy).at(-1);
    if (end !== undefined) extendBody(end, next, settings);
    return copy;
  }
  return chainNode([...unchained(chain, settings), next]);
}

/** A group at the end becomes the header of a chord; that follows a chord before it, if there is one. */
function chordAtEnd(chain: Node, body: Node, settings: LinkSettings): Node {
  const copy = clone(chain);
  const tasks = tasksOf(copy);
  const group = tasks.pop();
  if (group === undefined) return copy;
  const chord = chordNode(group, body);
  const before = tasks.at(-1);
  if (before !== undefined && kindOf(before) === "chord") extendBody(before, chord, settings);
  else tasks.push(chord);
  return copy;
}

function afterChord(chord: Node, given: Node, settings: LinkSettings): Node {
  const next = unrolled(given);
  if (kindOf(next) === "group" || kindOf(next) === "chain") return afterTask(chord, next, settings);
  const copy = clone(chord);
  extendBody(copy, next, settings);
  return copy;
}

function extendBody(chord: Node, next: Node, settings: LinkSettings): void {
  const body = bodyOf(chord);
  chord.kwargs.body = body === null ? next : combine(body, next, settings);
}
