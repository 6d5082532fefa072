/**
 * What a comparison found, as a value that the text, JSON and HTML reports share.
 * @module
 */
import type { Measurement } from "../bench/harness.ts";

export type Side = "Python" | "ours";

/** One script of ours beside its Python original. */
export interface ScriptPair {
  /** e.g. `celery/addTask`. */
  readonly name: string;
  /** Source texts; `python` is undefined where there is no such original. */
  readonly python: string | undefined;
  readonly ours: string;
}

/** One run: who served, who asked, over what. */
export interface Play {
  /** e.g. "celery". */
  readonly stack: string;
  readonly server: Side;
  readonly client: Side;
  /** e.g. "Redis", "the name server of Python". */
  readonly over: string;
  readonly ok: boolean;
  /** Milliseconds from the client's start to its end. */
  readonly ms: number;
  /** What both printed: standard output, then standard error. */
  readonly serverOutput: string;
  readonly clientOutput: string;
  /** Why it failed. */
  readonly why?: string;
}

export interface Comparison {
  readonly machine: string;
  readonly date: string;
  readonly pairs: readonly ScriptPair[];
  readonly plays: readonly Play[];
  /** What could not be compared, and what to install for it. */
  readonly missing: readonly string[];
  readonly measurements: readonly Measurement[];
}

/** What client and server printed, line by line. */
export function linesOf({ clientOutput, serverOutput }: Play): string[] {
  return [clientOutput, serverOutput].filter((text) => text !== "").join("\n").split("\n");
}
