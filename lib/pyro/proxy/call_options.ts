import type { Uuid } from "../../base/pyvalue.ts";
import type { Annotations } from "../wire/annotations.ts";

/** What may differ from call to call, see `proxy._pyroWith(…)`. */
export interface CallOptions {
  /** How long the call may take, connecting apart; 0: as long as it takes. Default: the proxy's own. */
  readonly timeoutMs?: number;
  /** Gives the call up; it is rejected with `signal.reason`. The daemon is not told, and may carry it out. */
  readonly signal?: AbortSignal;
  /** Sent along; ids are four ASCII characters, those of Pyro's own excepted. */
  readonly annotations?: Annotations;
  /** Default: that of the call which is being carried out, if there is one. */
  readonly correlationId?: Uuid;
  /** Gets what the daemon has sent along with its answer, before the call resolves. The bytes are views. */
  readonly onAnnotations?: (annotations: Annotations) => void;
}

export const NO_OPTIONS: CallOptions = Object.freeze({});

/** One call, as it is handed to a connection. */
export interface Request {
  readonly objectId: string;
  readonly method: string;
  /** A `Tuple` is written as a tuple, an array as a list. */
  readonly args: readonly unknown[];
  /** Null is Python's None. */
  readonly kwargs: Readonly<Record<string, unknown>> | null;
  /** Bits of `Flag`. */
  readonly flags: number;
}
