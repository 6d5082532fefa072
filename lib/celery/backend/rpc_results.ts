import { READY_STATES, type ResultMeta } from "./backend.ts";

export interface RpcResultLimits {
  /** Results kept for tasks that nobody waits for yet. Default 100000. */
  readonly maxResults?: number;
  /** The same in bytes of body. Default 256 MiB. */
  readonly maxBytes?: number;
}

interface Kept {
  readonly meta: ResultMeta;
  readonly bytes: number;
}

const DEFAULT_MAX_RESULTS = 100_000;
const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;

/** The last known result of each task, in the memory of the only process that can know it; the oldest go first. */
export class RpcResults {
  readonly #maxResults: number;
  readonly #maxBytes: number;
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  constructor(limits: RpcResultLimits = {}) {
    this.#maxResults = limits.maxResults ?? DEFAULT_MAX_RESULTS;
    this.#maxBytes = limits.maxBytes ?? DEFAULT_MAX_BYTES;
  }

  get size(): number {
    return this.#kept.size;
  }

  get(taskId: string): ResultMeta | undefined {
    return this.#kept.get(taskId)?.meta;
  }

  /** Keeps a result, unless the task has ended already: messages may overtake each other. @returns false then */
  keep(taskId: string, meta: ResultMeta, bytes: number): boolean {
    const before = this.#kept.get(taskId);
    if (before !== undefined && READY_STATES.has(before.meta.status) && !READY_STATES.has(meta.status)) return false;
    this.forget(taskId);
    this.#kept.set(taskId, { meta, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#maxResults && this.#bytes <= this.#maxBytes) break;
      this.forget(oldest);
    }
    return true;
  }

  forget(taskId: string): void {
    this.#bytes -= this.#kept.get(taskId)?.bytes ?? 0;
    this.#kept.delete(taskId);
  }
}
