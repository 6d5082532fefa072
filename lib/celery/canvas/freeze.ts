import { UsageError } from "../../base/errors.ts";
import { link, linkError, type LinkSettings } from "./links.ts";
import {
  bodyOf,
  chordNode,
  clone,
  fromData,
  headerGroupOf,
  kindOf,
  type Node,
  tasksOf,
  unrolled,
  valuesOf,
} from "./node.ts";

/** What freezing takes from the app. */
export interface CanvasContext extends LinkSettings {
  newId(): string;
  /** Queue for rpc results of what this process sends. */
  readonly replyTo: string;
  /** Protocol 1: the tasks of a chain are linked, not listed. */
  readonly usesLinks: boolean;
}

/** The result of a frozen node: of a task, or of a group where it has `results`. */
export interface FrozenResult {
  readonly id: string;
  parent: FrozenResult | null;
  readonly results: readonly FrozenResult[] | null;
}

/** What a node gets when it is frozen; what it has already, it keeps. */
export interface Freezing {
  readonly id?: string | undefined;
  readonly groupId?: string | undefined;
  /** Body of the chord whose part it is. */
  readonly chord?: Node | undefined;
  readonly rootId?: string | undefined;
  readonly parentId?: string | undefined;
  readonly groupIndex?: number | undefined;
}

/**
 * Gives a node and its parts their ids, so that results are known before anything is sent.
 *
 * Spec: celery 5.6 celery/canvas.py `freeze` of `Signature`, `_chain`, `group`, `_chord`
 */
export function freeze(node: Node, given: Freezing, context: CanvasContext): FrozenResult {
  switch (kindOf(node)) {
    case "task":
      return freezeTask(node, given, context);
    case "chain": {
      const [last] = prepareChain(node, { ...given, lastTaskId: given.id, keepsNodes: true }, context).results;
      if (last === undefined) throw new UsageError("Cannot send an empty chain");
      return last;
    }
    case "group": {
      const { groupId, results } = freezeGroup(node, given, context);
      return { id: groupId, parent: null, results };
    }
    case "chord":
      return freezeChord(node, given, context);
  }
}

function freezeTask(
  node: Node,
  { id, groupId, chord, rootId, parentId, groupIndex }: Freezing,
  context: CanvasContext,
) {
  const { options } = node;
  if (!Object.hasOwn(options, "task_id")) options.task_id = id ?? context.newId();
  if (rootId !== undefined) options.root_id = rootId;
  if (parentId !== undefined) options.parent_id = parentId;
  if (!Object.hasOwn(options, "reply_to")) options.reply_to = context.replyTo;
  if (groupId !== undefined && !Object.hasOwn(options, "group_id")) options.group_id = groupId;
  if (chord !== undefined) options.chord = chord;
  if (groupIndex !== undefined) options.group_index = groupIndex;
  return { id: String(options.task_id), parent: null, results: null };
}

/**
 * Freezes the tasks of a group, groups inside it flattened.
 *
 * Spec: celery 5.6 celery/canvas.py `group._freeze_group_tasks`, `_freeze_unroll`
 */
export function freezeGroup(
  node: Node,
  { groupId: givenId, chord, rootId: givenRoot, parentId: givenParent, groupIndex }: Freezing,
  context: CanvasContext,
): { readonly groupId: string; readonly results: FrozenResult[] } {
  const { options } = node;
  if (!Object.hasOwn(options, "task_id")) options.task_id = givenId ?? context.newId();
  if (givenId !== undefined) options.group_id = givenId;
  if (chord !== undefined) options.chord = chord;
  if (groupIndex !== undefined) options.group_index = groupIndex;
  options.root_id ??= givenRoot ?? null;
  options.parent_id ??= givenParent ?? null;
  const rootId = typeof options.root_id === "string" ? options.root_id : undefined;
  const parentId = typeof options.parent_id === "string" ? options.parent_id : undefined;
  const flat: Node[] = [];
  const results: FrozenResult[] = [];
  const stack = [...tasksOf(node)];
  for (let task = stack.shift(); task !== undefined; task = stack.shift()) {
    if (kindOf(task) === "group") {
      for (const inner of tasksOf(task)) stack.unshift(inner); // as in Celery, they end up reversed
      continue;
    }
    const copy = clone(task);
    flat.push(copy);
    results.push(freeze(copy, { groupId: givenId, chord, rootId, parentId, groupIndex: results.length }, context));
  }
  node.kwargs.tasks = flat;
  return { groupId: String(options.task_id), results };
}

function freezeChord(
  node: Node,
  { id, groupId, chord, rootId, parentId, groupIndex }: Freezing,
  context: CanvasContext,
) {
  const body = bodyOf(node);
  const header = headerGroupOf(node);
  const headerResult = freeze(header, { parentId, rootId, ...(body === null ? {} : { chord: body }) }, context);
  node.options.task_id = header.options.task_id;
  if (body === null) return headerResult;
  const bodyResult = freeze(body, { id, rootId, chord, groupId, groupIndex }, context);
  firstOf(bodyResult).parent = headerResult;
  return bodyResult;
}

/** The first result of a chain that ends in `result`. */
function firstOf(result: FrozenResult): FrozenResult {
  let node = result;
  while (node.parent !== null) node = node.parent;
  return node;
}

export interface ChainPreparation extends Freezing {
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly linkError?: unknown;
  readonly lastTaskId?: string | undefined;
  /** Freeze the chain's own tasks instead of copies. */
  readonly keepsNodes?: boolean;
}

/**
 * Freezes the steps of a chain: chains inside it are spliced in, a group before another step becomes a chord.
 *
 * @returns steps and results in reverse order: the next step is always the last element
 *
 * Spec: celery 5.6 celery/canvas.py `_chain.prepare_steps`
 */
export function prepareChain(
  chain: Node,
  given: ChainPreparation,
  context: CanvasContext,
): { readonly tasks: Node[]; readonly results: FrozenResult[] } {
  const { args = chain.args, kwargs = chain.kwargs, rootId, lastTaskId, groupId, chord, groupIndex } = given;
  const steps = [...tasksOf(chain)];
  const tasks: Node[] = [];
  const results: FrozenResult[] = [];
  let previous: { task: Node; result: FrozenResult } | undefined;
  let isLast = true;
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    let task = unrolled(step);
    if (given.keepsNodes !== true) task = steps.length === 0 ? clone(task, args, ownKwargs(kwargs)) : clone(task);
    else if (steps.length === 0) task.args = [...args, ...task.args];
    if (kindOf(task) === "chain") {
      steps.push(...tasksOf(task));
      continue;
    }
    if (kindOf(task) === "group" && previous !== undefined) {
      tasks.pop();
      results.pop();
      const { task: body, result } = previous;
      task = chordNode(task, body, {
        ...(result.results === null ? { task_id: result.id } : {}),
        root_id: rootId ?? null,
      });
      const before = tasks.at(-1);
      const resultBefore = results.at(-1);
      previous = before === undefined || resultBefore === undefined
        ? undefined
        : { task: before, result: resultBefore };
    }
    const result = isLast
      ? freeze(task, { id: lastTaskId, rootId, groupId, chord, groupIndex }, context)
      : freeze(task, { rootId }, context);
    isLast = false;
    if (previous !== undefined) {
      if (context.usesLinks) link(task, previous.task);
      previous.result.parent ??= result;
    }
    for (const errback of valuesOf(given.linkError)) linkError(task, fromData(errback), context);
    tasks.push(task);
    results.push(result);
    // the body of a chord may be a chain that is frozen already: what comes before it comes before the header
    previous = { task, result: kindOf(task) === "chord" ? firstOf(result) : result };
  }
  chain.options.task_id = lastTaskId ?? null;
  return { tasks, results };
}

/** A chain's own kwargs are its tasks; only those of the call reach the first step. */
function ownKwargs(kwargs: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { tasks: _, ...rest } = kwargs;
  return rest;
}
