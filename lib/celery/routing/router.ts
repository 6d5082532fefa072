import { UsageError } from "../../base/errors.ts";
import { isPlainObject } from "../../base/pyvalue.ts";
import { type ApplyOptions, toWireOptions, type WireOptions } from "../apply_options.ts";
import type { KnownQueue } from "./queue.ts";
import type { QueueTable } from "./queue_table.ts";

/** A queue's name, or options of `applyAsync`; those of the call win. */
export type RouteTarget = string | ApplyOptions;

/** Decides for one call; null or undefined leaves it to the next router. */
export type TaskRouter = (
  name: string,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
  options: WireOptions,
) => RouteTarget | null | undefined;

/** Targets by task name, or by pattern where the name holds a `*`. */
export type RouteTable =
  | Readonly<Record<string, RouteTarget>>
  | readonly (readonly [pattern: string | RegExp, target: RouteTarget])[];

/** One router, or several that are asked in order. */
export type TaskRoutes = TaskRouter | RouteTable | readonly (TaskRouter | RouteTable)[];

/** Options with the queue found: what a call is published with. */
export interface RoutedOptions extends WireOptions {
  readonly queue?: KnownQueue;
}

/**
 * Finds where tasks go: the options of the call, over those of the first route that fits, over the default queue.
 *
 * Spec: celery 5.6 celery/app/routes.py
 */
export class Router {
  readonly #queues: QueueTable;
  readonly #routers: readonly TaskRouter[];
  /** What the frozen options that tasks have of their own come to; most calls add nothing to them. */
  readonly #known = new WeakMap<WireOptions, RoutedOptions>();

  constructor(queues: QueueTable, routes: TaskRoutes | null) {
    this.#queues = queues;
    this.#routers = routes === null ? [] : routersOf(routes);
  }

  /** False: a call without options of its own always goes to the default queue. */
  get hasRoutes(): boolean {
    return this.#routers.length > 0;
  }

  /**
   * @param name by which routes are looked up
   * @throws {UsageError} for a queue that does not exist and may not be made
   */
  route(
    options: WireOptions,
    name: string,
    args: readonly unknown[],
    kwargs: Readonly<Record<string, unknown>>,
  ): RoutedOptions {
    const known = this.#known.get(options);
    if (known !== undefined) return known;
    const own = this.#expand(options);
    for (const router of this.#routers) {
      const target = router(name, args, kwargs, options);
      if (target === null || target === undefined) continue;
      const route = typeof target === "string" ? { queue: target } : toWireOptions(target);
      return { ...this.#expand(route), ...withoutNulls(own) };
    }
    const routed = own.queue === undefined ? { ...own, queue: this.#queues.defaultQueue } : own;
    if (this.#routers.length === 0 && Object.isFrozen(options)) this.#known.set(options, routed);
    return routed;
  }

  #expand(options: WireOptions): RoutedOptions {
    const { queue, ...rest } = options;
    if (queue === undefined || queue === null || queue === "") return rest;
    return { ...rest, queue: typeof queue === "string" ? this.#queues.get(queue) : queue };
  }
}

function withoutNulls(options: RoutedOptions): RoutedOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null && value !== undefined));
}

function routersOf(routes: TaskRoutes): TaskRouter[] {
  if (typeof routes === "function") return [routes];
  if (!Array.isArray(routes)) return [tableRouter(Object.entries(routes as Record<string, RouteTarget>))];
  if (routes.every(isPair)) return [tableRouter(routes)];
  return (routes as readonly TaskRoutes[]).flatMap(routersOf);
}

function isPair(entry: unknown): entry is readonly [string | RegExp, RouteTarget] {
  return Array.isArray(entry) && entry.length === 2 && (typeof entry[0] === "string" || entry[0] instanceof RegExp);
}

/** Whole names first, then patterns in order. */
function tableRouter(entries: readonly (readonly [string | RegExp, RouteTarget])[]): TaskRouter {
  const byName = new Map<string, RouteTarget>();
  const patterns: (readonly [RegExp, RouteTarget])[] = [];
  for (const [key, target] of entries) {
    if (typeof target !== "string" && !isPlainObject(target)) {
      throw new UsageError(`Cannot use the route of ${String(key)}: expected a queue's name or options`);
    }
    if (typeof key !== "string") patterns.push([key, target]);
    else if (key.includes("*")) patterns.push([globPattern(key), target]);
    else byName.set(key, target);
  }
  return (name) => byName.get(name) ?? patterns.find(([pattern]) => matchesAtStart(pattern, name))?.[1];
}

/** Python's `re.match`: at the start, wherever it ends. */
function matchesAtStart(pattern: RegExp, name: string): boolean {
  return new RegExp(`^(?:${pattern.source})`, pattern.flags.replace(/[gy]/g, "")).test(name);
}

/** A shell pattern as `fnmatch.translate` reads it: `*`, `?`, `[abc]`, `[!abc]`. */
function globPattern(glob: string): RegExp {
  const source = glob.replace(/\[(!?)([^\]]+)\]|[*?]|[.+^${}()|[\]\\]/g, (found, not: string, set: string) => {
    if (found === "*") return ".*";
    if (found === "?") return ".";
    if (set === undefined) return `\\${found}`;
    return `[${not === "" ? "" : "^"}${set.replaceAll("\\", "\\\\")}]`;
  });
  return new RegExp(`${source}$`, "s");
}
