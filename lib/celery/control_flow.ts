/**
 * What a task throws to end otherwise than by success or failure.
 *
 * Spec: celery 5.6 celery/exceptions.py `Retry`, `Ignore`, `Reject`
 * @module
 */

/** The task was sent again and will be retried; thrown by `self.retry`. */
export class Retry extends Error {
  override readonly name = "Retry";
  /** Why, if there is an error to blame. */
  readonly reason: unknown;
  /** Seconds from now, or a moment as ISO 8601; undefined: the task was called as a function. */
  readonly when: number | string | undefined;
  /** Settles when the new message is confirmed; the worker waits for it before it calls the task retried. */
  readonly published: Promise<void>;

  constructor(reason: unknown, when: number | string | undefined, published: Promise<void> = Promise.resolve()) {
    super(
      when === undefined ? "Task can be retried" : typeof when === "number" ? `Retry in ${when}s` : `Retry at ${when}`,
    );
    this.reason = reason;
    this.when = when;
    this.published = published;
  }
}

/** Keeps the worker from storing anything: the task has seen to its result itself, or has none. */
export class Ignore extends Error {
  override readonly name = "Ignore";
  /** Settles when what replaces the task is confirmed. */
  readonly published: Promise<void>;

  constructor(message = "", published: Promise<void> = Promise.resolve()) {
    super(message);
    this.published = published;
  }
}

/** Rejects the message of a task that acknowledges late. */
export class Reject extends Error {
  override readonly name = "Reject";
  readonly reason: unknown;
  /** Back into the queue, instead of dropped or dead-lettered. */
  readonly requeue: boolean;

  constructor(reason?: unknown, options: { requeue?: boolean } = {}) {
    super(reason instanceof Error ? reason.message : String(reason ?? ""), { cause: reason });
    this.reason = reason;
    this.requeue = options.requeue ?? false;
  }
}
