import { availableParallelism } from "node:os";
import type { WorkerOptions } from "./options.ts";
import type { PoolKind } from "./task_pool.ts";

/** The program that every pool child runs. */
export const CHILD_MODULE = new URL("./child/child_main.ts", import.meta.url);

export interface PoolShape {
  readonly kind: PoolKind;
  readonly processes: number;
  readonly tasksPerChild: number;
}

/** How many children there are, and how many tasks each runs at once. */
export function poolShape(options: Pick<WorkerOptions, "pool" | "concurrency" | "autoscale">): PoolShape {
  const { pool: kind, concurrency, autoscale } = options;
  switch (kind) {
    case "prefork":
      return { kind, processes: autoscale === undefined ? concurrency : Math.max(1, autoscale.min), tasksPerChild: 1 };
    case "solo":
      return { kind, processes: 1, tasksPerChild: 1 };
    case "async": {
      const processes = Math.min(availableParallelism(), concurrency);
      return { kind, processes, tasksPerChild: Math.ceil(concurrency / processes) };
    }
  }
}

/** What a child has to know from the start, as one argument of its command line. */
export interface ChildSetup {
  readonly moduleUrl: string;
  readonly include: readonly string[];
  readonly settings: Readonly<Record<string, unknown>>;
  readonly node: string;
  readonly tasksPerChild: number;
  /** KiB. */
  readonly maxMemory: number | undefined;
}

export function childArguments(options: WorkerOptions): readonly string[] {
  const setup: ChildSetup = {
    moduleUrl: options.moduleUrl,
    include: options.include,
    settings: options.settings,
    node: options.node,
    tasksPerChild: poolShape(options).tasksPerChild,
    maxMemory: options.maxMemoryPerChild,
  };
  return [JSON.stringify(setup)];
}
