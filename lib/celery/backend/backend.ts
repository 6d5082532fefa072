/**
 * What Celery needs of a result backend, whichever it is.
 * @module
 */
import type { CallOptions } from "../transport/transport.ts";
import type { ResultMeta, ResultTuple, TaskState } from "../wire/result_meta.ts";

export type { ResultMeta, ResultTuple, TaskState };

/** States after which nothing comes any more. */
export const READY_STATES: ReadonlySet<string> = new Set(["SUCCESS", "FAILURE", "REVOKED"]);
/** States whose result is an exception. */
export const EXCEPTION_STATES: ReadonlySet<string> = new Set(["RETRY", "FAILURE", "REVOKED"]);
/** States that `get` raises. */
export const PROPAGATE_STATES: ReadonlySet<string> = new Set(["FAILURE", "REVOKED"]);

/** What the backend has to know of the request that produced a result. */
export interface ResultRequest {
  readonly id: string;
  readonly replyTo: string | undefined;
  readonly correlationId: string | undefined;
  readonly group: string | undefined;
  readonly groupIndex: number | undefined;
}

/** One header task of a chord has ended. */
export interface ChordPart {
  readonly taskId: string;
  readonly groupId: string;
  readonly groupIndex: number | undefined;
  readonly status: TaskState;
  /** Encoded as in `ResultMeta.result`. */
  readonly result: unknown;
}

/** All parts of a chord are there; `results` in header order, each as `[status, result]`. */
export interface ChordComplete {
  readonly groupId: string;
  readonly parts: readonly ChordPart[];
}

export interface ResultBackend {
  /** `redis`, `rpc`, `memory`, `disabled`. */
  readonly name: string;
  /** For banners: password replaced by `**`. */
  readonly uri: string;
  /** Why chords cannot be used on this backend, or undefined if they can. */
  readonly noChordReason: string | undefined;
  /** Queue name for a message's `reply_to`: one a process, a UUID, also where results are not sent there. */
  readonly replyTo: string;
  /** True once it has ended by itself (the server refuses its password now): only a new one can do better. */
  readonly hasGivenUp?: boolean;

  ready(options?: CallOptions): Promise<void>;
  /** Before the publish: makes sure no result of these ids can be missed. Free where results are stored and can be read later. */
  expect(taskIds: readonly string[], options?: CallOptions): Promise<void>;
  /**
   * Stores and announces a result.
   * @returns false where a SUCCESS stands already: it is never overwritten.
   */
  store(meta: ResultMeta, request: ResultRequest, options?: CallOptions): Promise<boolean>;
  /** The last known meta; undefined for an unknown id (state PENDING). */
  get(taskId: string, options?: CallOptions): Promise<ResultMeta | undefined>;
  /** As `get`, in one round trip, in order. */
  getMany(taskIds: readonly string[], options?: CallOptions): Promise<(ResultMeta | undefined)[]>;
  /**
   * Calls `onMeta` with the present meta, if there is one, and with every later one, until closed. Subscribes first and
   * reads then, so that nothing falls between; survives reconnects.
   */
  watch(taskId: string, onMeta: (meta: ResultMeta) => void): { close(): void; readonly failed: Promise<never> };
  forget(taskId: string, options?: CallOptions): Promise<void>;

  saveGroup(groupId: string, result: ResultTuple, options?: CallOptions): Promise<void>;
  restoreGroup(groupId: string, options?: CallOptions): Promise<ResultTuple | undefined>;
  deleteGroup(groupId: string, options?: CallOptions): Promise<void>;

  /** Stores how many parts the header of a chord has; called just before its last task is published. */
  setChordSize(groupId: string, size: number, options?: CallOptions): Promise<void>;
  /** `add_to_chord`: one more part is to be waited for. */
  growChord(groupId: string, by: number, options?: CallOptions): Promise<void>;
  /**
   * Counts one part. Exactly one caller gets the completed chord.
   * @returns undefined while parts are missing.
   */
  addChordPart(part: ChordPart, options?: CallOptions): Promise<ChordComplete | undefined>;
  /** Forgets the counters of a chord whose body was started. */
  deleteChord(groupId: string, options?: CallOptions): Promise<void>;

  close(): Promise<void>;
}
