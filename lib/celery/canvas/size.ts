import { bodyOf, kindOf, type Node, tasksOf } from "./node.ts";

/**
 * How many completions a chord has to wait for because of this part of its header: of a group the sum, of a chain its last task's,
 * of a chord its body's.
 *
 * Spec: celery 5.6 celery/canvas.py `_chord._descend`
 */
export function partsIn(node: Node): number {
  switch (kindOf(node)) {
    case "group":
      return tasksOf(node).reduce((sum, task) => sum + partsIn(task), 0);
    case "chain":
      return tasksOf(node).map(partsIn).findLast((parts) => parts > 0) ?? 0;
    case "chord": {
      const body = bodyOf(node);
      return body === null ? 0 : partsIn(body);
    }
    case "task":
      return 1;
  }
}
