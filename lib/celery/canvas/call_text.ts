import { pyRepr } from "../../base/pyrepr.ts";
import { bodyOf, headerOf, kindOf, type Node, tasksOf } from "./node.ts";

/** A signature as people read it: `addTask.add(5, y=5)`, `add(2, 2) | add(4)`. */
export function callText(node: Node): string {
  switch (kindOf(node)) {
    case "chain":
      return tasksOf(node).map(callText).join(" | ");
    case "group":
      return `group(${tasksOf(node).map(callText).join(", ")})`;
    case "chord": {
      const body = bodyOf(node);
      const header = `group(${headerOf(node).map(callText).join(", ")})`;
      return body === null ? header : `${header} | ${callText(body)}`;
    }
    case "task": {
      const named = Object.entries(node.kwargs).map(([name, value]) => `${name}=${pyRepr(value)}`);
      return `${node.task}(${[...node.args.map(pyRepr), ...named].join(", ")})`;
    }
  }
}
