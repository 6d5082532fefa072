import { type Attributes, dotGraph, type DotNode } from "./dot.ts";

/** Workers, what they work with, and what each is made of. */
export interface WorkerGraph {
  readonly broker: string;
  /** Undefined: none is drawn. */
  readonly backend: string | undefined;
  readonly workers: readonly string[];
  /** How many tasks each runs at once, in the order of the workers; there may be fewer. */
  readonly threads: readonly number[];
  /** More workers than this are shown as so many, with an ellipsis before the last; 0: all. */
  readonly maxWorkers: number;
  /** The same for what one worker runs. */
  readonly maxThreads: number;
  /** Schemes alone instead of URLs. */
  readonly isGeneric: boolean;
  /** Numbers instead of names. */
  readonly isNumbered: boolean;
}

const BROKER: Attributes = { shape: "circle", fillcolor: "cadetblue3", color: "cadetblue4", height: 1 };
const BACKEND: Attributes = { shape: "folder", width: 2, height: 1, color: "black", fillcolor: "peachpuff3" };
const THREAD: Attributes = {
  ...{ fillcolor: "lightcyan4", fontcolor: "yellow", shape: "oval", fontsize: 10, width: 0.3, color: "black" },
};
const SUBSCRIPT_ZERO = "₀".codePointAt(0) ?? 0;

/**
 * Draws workers around their broker and result backend.
 *
 * Source: celery 5.6 celery/bin/graph.py `workers`
 */
export function workerGraph(graph: WorkerGraph): string {
  const { maxWorkers, maxThreads, isNumbered } = graph;
  const broker = graph.isGeneric ? `Broker (${schemeOf(graph.broker)}://)` : graph.broker;
  const backend = graph.isGeneric && graph.backend !== undefined
    ? `Backend (${schemeOf(graph.backend)}://)`
    : graph.backend;
  const centre = backend === undefined ? [broker] : [broker, backend];
  const nodes: DotNode[] = [{ label: broker, attributes: BROKER }];
  if (backend !== undefined) nodes.push({ label: backend, attributes: BACKEND });
  const workers = abbreviated(graph.workers, "Worker", maxWorkers, isNumbered);
  const threads = shown(graph.threads, graph.workers.length > maxWorkers ? maxWorkers : 0);
  let drawn = 0;
  for (const [i, label] of workers.entries()) {
    nodes.push({ label, needs: centre });
    const numbers = Array.from({ length: threads[i] ?? 0 }, (_, number) => String(number));
    for (const thread of abbreviated(numbers, "P", maxThreads, isNumbered)) {
      nodes.push({
        label: `thr-${++drawn}`,
        attributes: { ...THREAD, label: thread },
        needs: [label],
        arrow: { arrowhead: "none", arrowtail: "tee" },
      });
    }
  }
  return dotGraph(nodes);
}

/** Those of them that are shown, `max` at most: the first and the last. */
function shown<T>(all: readonly T[], max: number): readonly T[] {
  return max === 0 || all.length <= max ? all : [...all.slice(0, max - 1), ...all.slice(-1)];
}

/** The same, where the last but one tells how many are left out. */
function abbreviated(all: readonly string[], name: string, max: number, isNumbered: boolean): string[] {
  const labels = [...shown(isNumbered ? all.map((_, i) => `${name}${subscript(i + 1)}`) : all, max)];
  if (labels.length < all.length) {
    labels[Math.max(0, max - 2)] = `${name[0]}⎨…${subscript(all.length - (max - 1))}⎬`;
  }
  return labels;
}

function subscript(number: number): string {
  return String(number).replace(/\d/g, (digit) => String.fromCodePoint(SUBSCRIPT_ZERO + Number(digit)));
}

function schemeOf(url: string): string {
  return url.split("://")[0] ?? "";
}
