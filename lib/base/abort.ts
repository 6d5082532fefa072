/**
 * Helpers around AbortSignal. `AbortSignal.any` exists on Node 20.3+, but keeps its sources alive; `linkSignals` can be undone.
 * @module
 */

/** A signal that aborts with the first of `signals`, until `unlink` is called. */
export function linkSignals(...signals: readonly (AbortSignal | undefined)[]): { signal: AbortSignal; unlink(): void } {
  const controller = new AbortController();
  const undo: (() => void)[] = [];
  for (const signal of signals) {
    if (signal === undefined) continue;
    if (signal.aborted) {
      controller.abort(signal.reason);
      break;
    }
    const onAbort = () => controller.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    undo.push(() => signal.removeEventListener("abort", onAbort));
  }
  return {
    signal: controller.signal,
    unlink() {
      for (const step of undo) step();
    },
  };
}

/** Calls `listener` when `signal` aborts (at once if it has); returns how to stop listening. */
export function onAbort(signal: AbortSignal | undefined, listener: (reason: unknown) => void): () => void {
  if (signal === undefined) return () => {};
  if (signal.aborted) {
    listener(signal.reason);
    return () => {};
  }
  const handler = () => listener(signal.reason);
  signal.addEventListener("abort", handler, { once: true });
  return () => signal.removeEventListener("abort", handler);
}
