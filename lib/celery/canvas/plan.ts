import { UsageError } from "../../base/errors.ts";
import { type CanvasContext, freeze, freezeGroup, type FrozenResult, prepareChain } from "./freeze.ts";
import {
  bodyOf,
  clone,
  createNode,
  fromData,
  groupNode,
  headerOf,
  kindOf,
  listOption,
  merge,
  mergeOptions,
  type Node,
  type NodeOptions,
  tasksOf,
  valuesOf,
} from "./node.ts";
import { partsIn } from "./size.ts";

/** One thing to do to send a canvas. */
export type Step =
  | {
    readonly kind: "publish";
    readonly task: string;
    readonly args: readonly unknown[];
    readonly kwargs: Readonly<Record<string, unknown>>;
    readonly options: NodeOptions;
  }
  /** Before the last task of the header is published, the backend has to know how many parts to wait for. */
  | { readonly kind: "chord-size"; readonly groupId: string; readonly size: number }
  /** A header with groups in it is remembered, so that its results can be joined in their shape. */
  | { readonly kind: "save-group"; readonly result: FrozenResult };

/** Everything to do to send a canvas, in order, and the result that its sender gets. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly result: FrozenResult;
}

/** What a call adds to a signature. */
export interface Application {
  readonly args?: readonly unknown[] | undefined;
  readonly kwargs?: Readonly<Record<string, unknown>> | undefined;
  readonly options?: Readonly<NodeOptions> | undefined;
}

/**
 * What has to be done to send a signature. Pure but for the ids, which come from the context; the node gets them, so a signature
 * is sent once or cloned before.
 *
 * Spec: celery 5.6 celery/canvas.py `apply_async` of `Signature`, `_chain`, `group`, `_chord`
 */
export function planOf(
  node: Node,
  { args = [], kwargs = {}, options = {} }: Application,
  context: CanvasContext,
): Plan {
  switch (kindOf(node)) {
    case "task":
      return node.task === "celery.chunks"
        ? planOf(chunksGroup(node), { args, kwargs, options }, context)
        : planTask(node, args, kwargs, withoutNulls(options), context);
    case "chain":
      return planChain(node, args, kwargs, options, context);
    case "group":
      return planGroup(node, args, kwargs, options, context);
    case "chord":
      return planChord(node, args, kwargs, options, context);
  }
}

type Kwargs = Readonly<Record<string, unknown>>;

function planTask(
  node: Node,
  args: readonly unknown[],
  kwargs: Kwargs,
  options: NodeOptions,
  context: CanvasContext,
): Plan {
  const merged = merge(node, args, kwargs, options);
  const id = typeof merged.options.task_id === "string" ? merged.options.task_id : context.newId();
  const step: Step = {
    kind: "publish",
    task: node.task,
    args: merged.args,
    kwargs: merged.kwargs,
    options: { ...merged.options, task_id: id },
  };
  return { steps: [step], result: { id, parent: null, results: null } };
}

/** The tasks that `celery.chunks` stands for. */
export function chunksGroup({ kwargs }: Node): Node {
  const { task, it, n } = kwargs;
  const size = typeof n === "number" && n >= 1 ? Math.trunc(n) : 1;
  const items = Array.isArray(it) ? it as readonly unknown[] : [];
  const parts = Array.from(
    { length: Math.ceil(items.length / size) },
    (_, at) => items.slice(at * size, (at + 1) * size),
  );
  return groupNode(parts.map((part) => createNode("celery.starmap", { kwargs: { task, it: part }, immutable: true })));
}

/**
 * The first step is sent, the others travel with it.
 *
 * Spec: `_chain.run`, `_prepare_chain_from_options`
 */
function planChain(
  node: Node,
  args: readonly unknown[],
  kwargs: Kwargs,
  given: Readonly<NodeOptions>,
  context: CanvasContext,
): Plan {
  const { group_id, chord, task_id, link, link_error, root_id, parent_id: _, group_index, ...options } = {
    ...node.options,
    ...given,
  };
  const { tasks, results } = prepareChain(node, {
    args: node.immutable ? node.args : [...args, ...node.args],
    kwargs,
    groupId: textOf(group_id),
    chord: isSet(chord) ? nodeOf(chord) : undefined,
    lastTaskId: textOf(task_id),
    linkError: link_error,
    rootId: textOf(root_id),
    groupIndex: typeof group_index === "number" ? group_index : undefined,
  }, context);
  const [last] = results;
  const first = tasks.pop();
  if (first === undefined || last === undefined) throw new UsageError("Cannot send an empty chain");
  const links = valuesOf(link);
  if (links.length > 0) listOption(tasks[0] ?? first, "link").push(...links);
  const later = context.usesLinks ? undefined : [...valuesOf(options.chain), ...tasks];
  const { chain: _chain, ...rest } = options;
  const plan = planOf(first, { options: later === undefined ? rest : { ...rest, chain: later } }, context);
  return tasks.length === 0 ? plan : { steps: plan.steps, result: last };
}

/** Spec: `group.apply_async`, `_freeze_gid`, `_prepared`, `_apply_tasks` */
function planGroup(
  node: Node,
  args: readonly unknown[],
  kwargs: Kwargs,
  given: Readonly<NodeOptions>,
  context: CanvasContext,
): Plan {
  const { link, link_error, add_to_parent: _, ...rest } = given;
  if (isSet(link)) throw new UsageError("Cannot add link to group: use a chord");
  if (isSet(link_error)) throw new UsageError("Cannot add link to group: do that on individual tasks");
  if (tasksOf(node).length === 0) return { steps: [], result: freeze(node, {}, context) };
  const { task_id, chord, group_index: _index, ...options } = mergeOptions(node.options, rest);
  const groupId = textOf(task_id) ?? context.newId();
  const members = preparedMembers(node, groupId, textOf(options.root_id), context);
  const shared = { ...options, group_id: groupId, add_to_parent: false };
  let size = 0;
  let hasChord = false;
  const steps = members.flatMap(({ task }): readonly Step[] => {
    const own = chord ?? task.options.chord;
    hasChord ||= isSet(own);
    size += partsIn(task);
    return planOf(task, { args, kwargs, options: { ...shared, chord: own ?? null } }, context).steps;
  });
  const before: Step[] = hasChord ? [{ kind: "chord-size", groupId, size }] : [];
  const results = members.map(({ result }) => result);
  const [only] = results;
  // a group of one chain that ends in a group gives that group's results
  if (results.length === 1 && only !== undefined && only.results !== null) {
    return { steps: [...before, ...steps], result: only };
  }
  return { steps: [...before, ...steps], result: { id: groupId, parent: null, results } };
}

/** The members of a group as copies, frozen, groups inside it unrolled. */
function preparedMembers(
  group: Node,
  groupId: string,
  rootId: string | undefined,
  context: CanvasContext,
): { readonly task: Node; readonly result: FrozenResult }[] {
  return tasksOf(group).flatMap((member, groupIndex) => {
    const task = clone(member);
    if (kindOf(task) === "group") return preparedMembers(task, groupId, rootId, context);
    return [{ task, result: freeze(task, { groupId, rootId, groupIndex }, context) }];
  });
}

/** Spec: `_chord.apply_async`, `_chord.run` */
function planChord(
  node: Node,
  args: readonly unknown[],
  kwargs: Kwargs,
  given: Readonly<NodeOptions>,
  context: CanvasContext,
): Plan {
  const { body: givenBody, ...headerKwargs } = kwargs;
  const { task_id: givenId, ...options } = given;
  const standing = node.options;
  const ownBody = isSet(givenBody) ? fromData(givenBody, "body") : bodyOf(node);
  if (ownBody === null) throw new UsageError("Cannot send a chord without a body");
  const body = clone(ownBody, [], {}, options);
  const groupId = textOf(standing.task_id) ?? context.newId();
  const header = groupNode(headerOf(node), { task_id: groupId });
  const { task_id: standingId, ...merged } = { ...standing, ...options };
  Object.assign(body.options, merged);
  const rootId = textOf(body.options.root_id);
  const bodyResult = freeze(body, { id: textOf(givenId ?? standingId) ?? context.newId(), groupId, rootId }, context);
  const { results } = freezeGroup(header, { groupId, chord: body, rootId }, context);
  const headerResult: FrozenResult = { id: groupId, parent: null, results };
  if (results.length === 0) {
    bodyResult.parent = headerResult;
    return { steps: planOf(body, { args: [[]] }, context).steps, result: bodyResult };
  }
  const { chain: _chain, chord: _chord, ...passed } = merged;
  const partial = node.immutable ? node.args : [...args, ...node.args];
  const ownKwargs = { ...(node.kwargs.kwargs as Kwargs | undefined), ...headerKwargs };
  const sent = planOf(header, { args: partial, kwargs: ownKwargs, options: { ...passed, task_id: groupId } }, context);
  bodyResult.parent = sent.result; // its chords were frozen once more
  const isNested = results.some((result) => result.results !== null);
  const save: Step[] = isNested ? [{ kind: "save-group", result: headerResult }] : [];
  return { steps: [...save, ...sent.steps], result: bodyResult };
}

function withoutNulls(options: Readonly<NodeOptions>): NodeOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null && value !== undefined));
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** An option that holds a signature; the same node, if it is one, because what is frozen later has to be seen in it. */
function nodeOf(value: unknown): Node {
  return value as Node;
}
