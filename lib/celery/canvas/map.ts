import { checkInteger } from "../../base/options.ts";
import { Tuple } from "../../base/pyvalue.ts";
import { createNode, type Node } from "./node.ts";
import { type AnySignature, type GroupSignature, Signature } from "./signature.ts";
import { chunksGroup } from "./plan.ts";

/** One task that calls another for each item: Spec: celery 5.6 celery/canvas.py `xmap` */
export function mapOf<R>(task: AnySignature, items: Iterable<unknown>): Signature<R[], []> {
  const kwargs = { task: shown(task.node), it: [...items] };
  return new Signature(task.app, createNode("celery.map", { kwargs, immutable: true }));
}

/** One task that calls another for each list of arguments. Spec: celery 5.6 celery/canvas.py `xstarmap` */
export function starmapOf<R>(task: AnySignature, items: Iterable<readonly unknown[]>): Signature<R[], []> {
  const kwargs = { task: shown(task.node), it: Array.from(items, (item) => Tuple.fromItems(item)) };
  return new Signature(task.app, createNode("celery.starmap", { kwargs, immutable: true }));
}

/** A group of such tasks with `size` calls each. Spec: celery 5.6 celery/canvas.py `chunks` */
export function chunksOf<R>(
  task: AnySignature,
  items: Iterable<readonly unknown[]>,
  size: number,
): GroupSignature<R[][]> {
  const it = Array.from(items, (item) => Tuple.fromItems(item));
  const kwargs = { task: shown(task.node), it, n: checkInteger("size", size, { min: 1 }) };
  return new Signature(task.app, chunksGroup(createNode("celery.chunks", { kwargs })));
}

/** Arguments are tuples in Python: these are seen in `kwargsrepr`. */
function shown(node: Node): Node {
  return { ...node, args: Tuple.fromItems(node.args) };
}
