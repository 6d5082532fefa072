import type { RespValue } from "./wire/mod.ts";

/** Commands that were written together and whose replies belong together: one, or a pipeline. */
export interface Expected {
  /** Name of the first command, for errors. */
  readonly name: string;
  /** Replies that have to come. */
  readonly count: number;
  /** How long the server itself may take before it answers (blocking commands), milliseconds. */
  readonly blockMs: number;
  resolve(replies: readonly RespValue[]): void;
  reject(reason: Error): void;
}

/** Who waits for which reply: replies come in the order of the commands, and nothing else tells them apart. */
export class ReplyQueue {
  #waiting: Expected[] = [];
  #head = 0;
  #replies: RespValue[] = []; // of the first one
  #settled = 0;
  #unsent = 0; // at the end of the queue, not handed to the socket yet

  /** Entries, not replies. */
  get length(): number {
    return this.#waiting.length - this.#head;
  }

  /** Entries that have had their replies. */
  get settled(): number {
    return this.#settled;
  }

  get first(): Expected | undefined {
    return this.#waiting[this.#head];
  }

  push(expected: Expected): void {
    this.#waiting.push(expected);
    this.#unsent++;
  }

  /** Everything in the queue has left. */
  markSent(): void {
    this.#unsent = 0;
  }

  /** Hands a reply to whom it belongs; false if nobody waits for one. */
  settle(reply: RespValue): boolean {
    const expected = this.#waiting[this.#head];
    if (expected === undefined) return false;
    this.#replies.push(reply);
    if (this.#replies.length < expected.count) return true;
    const replies = this.#replies;
    this.#replies = [];
    this.#head++;
    this.#settled++;
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    } else if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    expected.resolve(replies);
    return true;
  }

  /** Empties the queue. @param reasonFor builds the error, told whether the command had left */
  fail(reasonFor: (expected: Expected, sent: boolean) => Error): void {
    const waiting = this.#waiting.slice(this.#head);
    const sent = waiting.length - this.#unsent;
    this.#waiting = [];
    this.#head = 0;
    this.#unsent = 0;
    this.#replies = [];
    waiting.forEach((expected, i) => expected.reject(reasonFor(expected, i < sent)));
  }
}
