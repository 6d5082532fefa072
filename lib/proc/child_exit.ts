import { constants } from "node:os";

/** How a process ended: with an exit code of its own, or by a signal. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** `signal 9 (SIGKILL)` or `exitcode 1`: billiard's words, which Celery's WorkerLostError quotes. */
export function describeExit(exit: ChildExit): string {
  if (exit.signal === null) return `exitcode ${exit.code ?? 0}`;
  return `signal ${signalNumber(exit.signal)} (${exit.signal})`;
}

/** The number of a signal on this system; 0 for a name it does not have. */
export function signalNumber(name: NodeJS.Signals): number {
  return new Map<string, number>(Object.entries(constants.signals)).get(name) ?? 0;
}

/** Finds a signal by number, name, or name without `SIG`, in any case, as Celery's `signal` arguments are given. */
export function findSignal(text: string | number): NodeJS.Signals | undefined {
  const wanted = String(text).toUpperCase();
  for (const [name, number] of Object.entries(constants.signals)) {
    if (name === wanted || name === `SIG${wanted}` || String(number) === wanted) return name as NodeJS.Signals;
  }
  return undefined;
}
