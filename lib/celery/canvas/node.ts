/**
 * Signatures as plain data: what a canvas is made of.
 *
 * A node is a signature's dict, so that it is written into messages as it is. Chains, groups and chords are nodes too, told apart
 * by `subtask_type`; their parts lie in `kwargs`. Nodes are changed in place (frozen, linked, stamped) and shared on purpose: all
 * parts of a chord's header point to one body, which gets its id later than they do.
 *
 * Spec: celery 5.6 celery/canvas.py `Signature`, `_merge`, `clone`
 * @module
 */
import { UsageError } from "../../base/errors.ts";
import { isPlainObject } from "../../base/pyvalue.ts";
import { readSignature, type SignatureData } from "../wire/signature.ts";

/** Options of a node: `apply_async`'s under their Python names, and stamps. */
export type NodeOptions = Record<string, unknown>;

export interface Node extends SignatureData {
  task: string;
  args: readonly unknown[];
  kwargs: Record<string, unknown>;
  options: NodeOptions;
  subtask_type: string | null;
  immutable: boolean;
}

export type NodeKind = "task" | "chain" | "group" | "chord";

export function kindOf(node: Node): NodeKind {
  switch (node.subtask_type) {
    case "chain":
    case "group":
    case "chord":
      return node.subtask_type;
    default:
      return "task"; // maps and chunks are tasks that the worker knows
  }
}

/** A node with everything that is not given empty. */
export function createNode(task: string, given: Partial<Node> = {}): Node {
  const { args = [], kwargs = {}, options = {}, subtask_type = null, immutable = false } = given;
  return { task, args, kwargs, options, subtask_type, immutable };
}

/** Tasks of a chain or group. */
export function tasksOf(node: Node): Node[] {
  return node.kwargs.tasks as Node[]; // `fromData` and the constructors have seen to it
}

/** Tasks of a chord's header, which is a list until it is frozen, then a group. */
export function headerOf(chord: Node): Node[] {
  const header = chord.kwargs.header as Node[] | Node;
  return Array.isArray(header) ? header : tasksOf(header);
}

/** The header as a group, made one if it is not yet. */
export function headerGroupOf(chord: Node): Node {
  const header = chord.kwargs.header as Node[] | Node;
  if (!Array.isArray(header)) return header;
  const made = groupNode(header);
  chord.kwargs.header = made;
  return made;
}

export function bodyOf(chord: Node): Node | null {
  return (chord.kwargs.body ?? null) as Node | null;
}

export function chainNode(tasks: readonly Node[], options: NodeOptions = {}): Node {
  return createNode("celery.chain", { kwargs: { tasks: [...tasks] }, options, subtask_type: "chain" });
}

export function groupNode(tasks: readonly Node[], options: NodeOptions = {}): Node {
  return createNode("celery.group", { kwargs: { tasks: [...tasks] }, options, subtask_type: "group" });
}

/** @param header a group or chain gives its tasks, any other node is a header of one */
export function chordNode(header: Node | readonly Node[], body: Node | null, options: NodeOptions = {}): Node {
  return createNode("celery.chord", {
    kwargs: { kwargs: {}, header: headerTasks(header), body },
    options,
    subtask_type: "chord",
  });
}

function headerTasks(header: Node | readonly Node[]): Node[] {
  if (isList(header)) return [...header];
  return kindOf(header) === "group" || kindOf(header) === "chain" ? tasksOf(header) : [header];
}

function isList(header: Node | readonly Node[]): header is readonly Node[] {
  return Array.isArray(header);
}

const MAX_DEPTH = 200;

/**
 * A node of what a peer or a user gives as a signature: checked, and a copy of its own.
 *
 * @throws {InvalidTaskError} unless it is one; {UsageError} if it is nested too deeply
 */
export function fromData(data: unknown, where = "signature", depth = 0): Node {
  if (depth > MAX_DEPTH) throw new UsageError(`Cannot use the ${where}: it is nested deeper than ${MAX_DEPTH} levels`);
  const { task, args, kwargs, options, subtask_type, immutable } = readSignature(data, where);
  const node: Node = {
    task,
    args: [...args],
    kwargs: { ...kwargs },
    options: copyOptions(options),
    subtask_type,
    immutable,
  };
  const nodes = (value: unknown, name: string): Node[] =>
    Array.isArray(value) ? value.map((item, at) => fromData(item, `${where}.${name}[${at}]`, depth + 1)) : [];
  switch (kindOf(node)) {
    case "chain":
    case "group":
      node.kwargs.tasks = nodes(kwargs.tasks, "tasks");
      break;
    case "chord": {
      const { header, body } = kwargs;
      node.kwargs.header = isPlainObject(header)
        ? headerTasks(fromData(header, `${where}.header`, depth + 1))
        : nodes(header, "header");
      node.kwargs.body = isPlainObject(body) ? fromData(body, `${where}.body`, depth + 1) : null;
      break;
    }
    case "task":
  }
  return node;
}

/** Copies lists and signatures among the options, so that links of a clone are its own. */
function copyOptions(options: Readonly<Record<string, unknown>>): NodeOptions {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, copyOption(value)]));
}

function copyOption(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOption);
  return isPlainObject(value) ? { ...value } : value;
}

export interface Merged {
  readonly args: readonly unknown[];
  readonly kwargs: Record<string, unknown>;
  readonly options: NodeOptions;
}

/** Options that a call must not change: tasks that wait for this one would wait for ever. */
const FIXED_OPTIONS: readonly string[] = ["group_id", "stamped_headers"];

/**
 * What a call adds to a node: its arguments come first, its keyword arguments and options win. An immutable node takes options
 * alone.
 */
export function merge(
  node: Node,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
  options: Readonly<NodeOptions>,
): Merged {
  const merged = mergeOptions(node.options, options);
  if (node.immutable) return { args: node.args, kwargs: node.kwargs, options: merged };
  return { args: [...args, ...node.args], kwargs: { ...node.kwargs, ...kwargs }, options: merged };
}

export function mergeOptions(own: NodeOptions, given: Readonly<NodeOptions>): NodeOptions {
  const stamps = Array.isArray(own.stamped_headers) ? own.stamped_headers as readonly unknown[] : [];
  const isFixed = (name: string) => Object.hasOwn(own, name) && (FIXED_OPTIONS.includes(name) || stamps.includes(name));
  const added = Object.entries(given).filter(([name, value]) => value !== undefined && !isFixed(name));
  return { ...own, ...Object.fromEntries(added) };
}

/** A copy, with what a call adds. Parts of canvases are copied with it. */
export function clone(
  node: Node,
  args: readonly unknown[] = [],
  kwargs: Readonly<Record<string, unknown>> = {},
  options: Readonly<NodeOptions> = {},
): Node {
  const merged = merge(node, args, kwargs, options);
  const copy: Node = {
    ...node,
    args: [...merged.args],
    kwargs: { ...merged.kwargs },
    options: copyOptions(merged.options),
  };
  switch (kindOf(node)) {
    case "chain":
    case "group":
      copy.kwargs.tasks = tasksOf(node).map((task) => clone(task));
      break;
    case "chord": {
      const body = bodyOf(node);
      copy.kwargs.header = headerOf(node).map((task) => clone(task));
      copy.kwargs.body = body === null ? null : clone(body);
      break;
    }
    case "task":
  }
  return copy;
}

/** A group of one is its task. */
export function unrolled(node: Node): Node {
  const [only, ...others] = kindOf(node) === "group" ? tasksOf(node) : [];
  return only !== undefined && others.length === 0 ? only : node;
}

/** A list option, made one if it holds a single value or none. */
export function listOption(node: Node, name: string): unknown[] {
  const value = node.options[name];
  if (Array.isArray(value)) return value;
  const list: unknown[] = value === undefined || value === null ? [] : [value];
  node.options[name] = list;
  return list;
}

/** The values of an option that holds one, several or none. */
export function valuesOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}
