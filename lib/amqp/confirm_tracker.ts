import { ProtocolError } from "../base/errors.ts";
import { ReplyCode } from "./wire/reply_code.ts";

/** Settled entries at the head are dropped once there are this many, so that the array never shifts one by one. */
const DROP_AT = 1024;

/**
 * What was published on a channel in confirm mode and waits for the broker's word.
 *
 * Both sides count publishes from 1; a confirmation names a number, or with `multiple` everything up to it.
 *
 * Spec: RabbitMQ "Consumer Acknowledgements and Publisher Confirms"
 */
export class ConfirmTracker<T> {
  #entries: (T | undefined)[] = []; // entry i has the number #first + i; undefined once settled
  #head = 0; // everything before it is settled
  #first = 1;
  #pending = 0;

  /** Publishes that wait. */
  get pending(): number {
    return this.#pending;
  }

  /** Adds the next publish, in the order of the wire. @returns its number. */
  add(entry: T): number {
    this.#entries.push(entry);
    this.#pending++;
    return this.#first + this.#entries.length - 1;
  }

  /**
   * Hands every entry that the confirmation covers to `settle`, oldest first.
   * @throws {ProtocolError} for a number that was never published or is settled already.
   */
  settle(tag: number, multiple: boolean, settle: (entry: T) => void): void {
    const last = tag === 0 && multiple ? this.#entries.length - 1 : tag - this.#first;
    if (last < 0 || last >= this.#entries.length) {
      if (multiple && tag > 0 && last < 0) return; // all of them were named one by one before
      const newest = this.#first + this.#entries.length - 1;
      throw new ProtocolError(`Cannot confirm publish ${tag}: the last of this channel was ${newest}`, {
        replyCode: ReplyCode.commandInvalid,
      });
    }
    for (let i = multiple ? this.#head : last; i <= last; i++) {
      const entry = this.#entries[i];
      if (entry === undefined) continue;
      this.#entries[i] = undefined;
      this.#pending--;
      settle(entry);
    }
    this.#advance();
  }

  /** The oldest waiting entry for which `isMatch` is true. */
  find(isMatch: (entry: T) => boolean): T | undefined {
    for (let i = this.#head; i < this.#entries.length; i++) {
      const entry = this.#entries[i];
      if (entry !== undefined && isMatch(entry)) return entry;
    }
    return undefined;
  }

  /** Removes and returns all that still waits, oldest first: the channel has ended. */
  takeAll(): T[] {
    const rest = this.#entries.filter((entry) => entry !== undefined);
    this.#first += this.#entries.length;
    this.#entries = [];
    this.#head = this.#pending = 0;
    return rest;
  }

  #advance(): void {
    const entries = this.#entries;
    while (this.#head < entries.length && entries[this.#head] === undefined) this.#head++;
    if (this.#head < DROP_AT) return;
    entries.splice(0, this.#head);
    this.#first += this.#head;
    this.#head = 0;
  }
}
