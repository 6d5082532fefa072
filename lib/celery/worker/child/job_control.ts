/**
 * The signal of one job: made when somebody asks for it, so that the many tasks that never do pay nothing.
 */
export class JobControl {
  #controller: AbortController | undefined;
  #reason: Error | undefined;

  /** Aborted, with the error to throw, when the task is to stop. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** @returns true if the task has asked for its signal, and so may be expected to stop by itself */
  abort(reason: Error): boolean {
    this.#reason = reason;
    this.#controller?.abort(reason);
    return this.#controller !== undefined;
  }
}
