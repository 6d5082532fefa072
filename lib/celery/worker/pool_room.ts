/**
 * Which child gets the next request, and how much is sent ahead.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import type { PoolChild } from "./pool_child.ts";

/** Short tasks are sent ahead until a child has this much work in hand, so that it need not wait for the next one. */
export const WORK_AHEAD_MS = 20;
/** … but never more of them than this. */
const MAX_AHEAD = 128;

export interface RoomLimits {
  /** How many tasks a child runs at once. */
  readonly tasksPerChild: number;
  /** A child is replaced after so many; undefined: never. */
  readonly maxTasksPerChild: number | undefined;
}

/** How many tasks of that length a child can be sent ahead. */
export function depthFor(typicalMs: number | undefined): number {
  return typicalMs === undefined ? 1 : Math.max(1, Math.min(MAX_AHEAD, Math.floor(WORK_AHEAD_MS / typicalMs)));
}

/** True if the child has little left to do: then it is sent a whole lot, not one for each that it finishes. */
export function needsRefill(child: PoolChild): boolean {
  return child.expectedMs <= WORK_AHEAD_MS / 2;
}

/** The child with the least to do that has room for one more task. */
export function leastBusy(
  children: Iterable<PoolChild>,
  expectedMs: number | undefined,
  now: number,
  limits: RoomLimits,
): PoolChild | undefined {
  let best: PoolChild | undefined;
  for (const child of children) {
    if (best !== undefined && (child.expectedMs >= best.expectedMs || best.jobs.size === 0)) continue;
    if (hasRoom(child, expectedMs, now, limits)) best = child;
  }
  return best;
}

function hasRoom(
  child: PoolChild,
  expectedMs: number | undefined,
  now: number,
  { tasksPerChild, maxTasksPerChild }: RoomLimits,
): boolean {
  if (child.state !== "ready") return false;
  if (maxTasksPerChild !== undefined && child.given >= maxTasksPerChild) return false;
  if (child.jobs.size < tasksPerChild) return true;
  if (tasksPerChild > 1 || expectedMs === undefined || !child.isRefilled) return false;
  if (child.jobs.size >= MAX_AHEAD) return false;
  if (child.expectedMs + expectedMs > WORK_AHEAD_MS) return false;
  for (const first of child.jobs.values()) return now - first.sentAtMs < WORK_AHEAD_MS; // else it is slower than thought
  return true;
}
