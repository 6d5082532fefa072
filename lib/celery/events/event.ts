/**
 * What workers and clients say of themselves, as it is on the wire: an object with Python's names.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */

/** One event. What came from elsewhere is as its sender made it: look before you use. */
export interface MonitorEvent {
  /** `task-received`, `worker-heartbeat` … */
  readonly type: string;
  /** Node that sent it. */
  readonly hostname?: unknown;
  /** Seconds since 1970, on the sender's clock. */
  readonly timestamp?: unknown;
  /** Seconds since 1970, when it was heard here; the receiver adds it. */
  readonly local_received?: unknown;
  /** The sender's logical clock. */
  readonly clock?: unknown;
  /** Of events about tasks: which. */
  readonly uuid?: unknown;
  readonly [field: string]: unknown;
}

/** `task-received` is about a `task`, which was `received`. */
export function splitType(type: string): { readonly group: string; readonly subject: string } {
  const at = type.indexOf("-");
  return at === -1 ? { group: type, subject: "" } : { group: type.slice(0, at), subject: type.slice(at + 1) };
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
