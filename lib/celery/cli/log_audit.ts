/** What a worker's log says of its tasks. */
export interface LogReport {
  /** Names of tasks with how often each was received, the most frequent first. */
  readonly types: readonly (readonly [name: string, count: number])[];
  /** Tasks received. */
  readonly total: number;
  /** Tasks that ended otherwise than by success. */
  readonly errors: number;
  readonly succeeded: number;
  readonly completed: number;
}

/** Who is told while a log is read; each text ends as its line does. */
export interface LogListeners {
  /** A line of the log that says that a task failed, or is to be tried again. */
  onError?(line: string): void;
  /** What follows a line of the log without a time of its own; the first with that line before it. */
  onTrace?(text: string): void;
  /** A line of the log that speaks of no task. */
  onOther?(line: string): void;
}

const START = /^\[\d{4}-\d\d-\d\d /;
/** `Task name[id] received` since Celery 5.1, `Received task: name[id]` before. */
const RECEIVED = /\] (?:Task (.+?)\[([^\]]+)\] received\s*$|Received task: (.+?)\[([^\]]+)\])/;
const ENDED = /\] Task (.+?)\[([^\]]+)\] (.+)/;
const RETRY = /^retry:/;

/**
 * Reads a log of Celery's, line by line.
 *
 * Celery's own tool takes the line of a task that was received, in the words of Celery 5.1 and later, for one that failed; here
 * it is what it says. A task that is to be tried again has not ended.
 *
 * Source: celery 5.6 celery/bin/logtool.py
 */
export class LogAudit {
  readonly #listeners: LogListeners;
  readonly #received = new Set<string>();
  readonly #hasSucceeded = new Map<string, boolean>(); // those that ended, by their last ending
  readonly #types = new Map<string, number>();
  #previous = "";

  constructor(listeners: LogListeners = {}) {
    this.#listeners = listeners;
  }

  /** @param line with its line end, where it has one */
  feed(line: string): void {
    if (!START.test(line)) {
      this.#listeners.onTrace?.(this.#previous === "" ? line : `${this.#previous}\n${line}`);
      this.#previous = "";
      return;
    }
    this.#previous = line;
    const received = RECEIVED.exec(line);
    if (received !== null) {
      const [, name = received[3] ?? "", id = received[4] ?? ""] = received;
      this.#received.add(id);
      this.#types.set(name, (this.#types.get(name) ?? 0) + 1);
      return;
    }
    const [, , id, ending] = ENDED.exec(line) ?? [];
    if (id === undefined || ending === undefined) return this.#listeners.onOther?.(line);
    const hasSucceeded = ending.includes("succeeded");
    if (!RETRY.test(ending)) this.#hasSucceeded.set(id, hasSucceeded);
    if (!hasSucceeded) this.#listeners.onError?.(line);
  }

  /** Ids of tasks that were received and have not ended. */
  get incomplete(): readonly string[] {
    return [...this.#received].filter((id) => !this.#hasSucceeded.has(id));
  }

  get report(): LogReport {
    const completed = this.#hasSucceeded.size;
    const succeeded = [...this.#hasSucceeded.values()].filter((has) => has).length;
    return {
      types: [...this.#types].sort(([, a], [, b]) => b - a),
      total: this.#received.size,
      errors: completed - succeeded,
      succeeded,
      completed,
    };
  }
}
