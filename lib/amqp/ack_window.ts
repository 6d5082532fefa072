import { ProtocolError, UsageError } from "../base/errors.ts";
import { ReplyCode } from "./wire/reply_code.ts";

const DROP_AT = 1024;

/** One acknowledgement to send. */
export interface Ack {
  readonly deliveryTag: number;
  readonly multiple: boolean;
}

/**
 * Deliveries of one channel that are not settled yet, and the acknowledgements of the current tick.
 *
 * Delivery tags count from 1. Acknowledgements are collected and leave as few frames as possible: where everything up to a
 * tag is settled, one `multiple` says so; what lies beyond a gap goes one by one.
 */
export class AckWindow {
  #isSettled: boolean[] = []; // entry i has the tag #first + i
  #head = 0; // everything before it is settled
  #first = 1;
  #acks: number[] = []; // settled by an acknowledgement that was not taken yet

  /** Deliveries that are not settled. */
  unsettled = 0;

  /** True for a delivery that is not settled. */
  isOpen(deliveryTag: number): boolean {
    return this.#isSettled[deliveryTag - this.#first] === false;
  }

  get hasAcks(): boolean {
    return this.#acks.length > 0;
  }

  /**
   * Notes a delivery.
   * @param isSettled nothing has to be said about it (`noAck`)
   * @throws {ProtocolError} if the tag is not the one after the last.
   */
  delivered(deliveryTag: number, isSettled: boolean): void {
    const expected = this.#first + this.#isSettled.length;
    if (deliveryTag !== expected) {
      throw new ProtocolError(`Cannot accept delivery ${deliveryTag}: expected ${expected}`, {
        replyCode: ReplyCode.commandInvalid,
      });
    }
    this.#isSettled.push(isSettled);
    if (!isSettled) this.unsettled++;
    else this.#advance();
  }

  /** Notes that a delivery is acknowledged with the next `takeAcks`. @throws {UsageError} if it is settled already. */
  ack(deliveryTag: number): void {
    this.settle(deliveryTag);
    this.#acks.push(deliveryTag);
  }

  /** Notes that a delivery is settled by a frame of its own. @throws {UsageError} if it is settled already. */
  settle(deliveryTag: number): void {
    if (!this.isOpen(deliveryTag)) {
      throw new UsageError(`Cannot settle delivery ${deliveryTag}: it is not open on this channel`, {
        code: "ERR_STATE",
      });
    }
    this.#isSettled[deliveryTag - this.#first] = true;
    this.unsettled--;
  }

  /** As `settle`, for everything that is open up to `deliveryTag`; 0 = everything. */
  settleUpTo(deliveryTag: number): void {
    const end = deliveryTag === 0
      ? this.#isSettled.length
      : Math.min(this.#isSettled.length, deliveryTag - this.#first + 1);
    for (let at = this.#head; at < end; at++) {
      if (this.#isSettled[at] === false) {
        this.#isSettled[at] = true;
        this.unsettled--;
      }
    }
  }

  /** Removes and returns the acknowledgements collected so far. */
  takeAcks(): Ack[] {
    const tags = this.#acks;
    this.#acks = [];
    this.#advance();
    const open = this.#first + this.#head; // the lowest tag that is not settled
    let covered = 0;
    let coveredCount = 0;
    const single: number[] = [];
    for (const tag of tags) {
      if (tag >= open) single.push(tag);
      else {
        covered = Math.max(covered, tag);
        coveredCount++;
      }
    }
    const acks = single.map((deliveryTag) => ({ deliveryTag, multiple: false }));
    if (coveredCount > 0) acks.unshift({ deliveryTag: covered, multiple: coveredCount > 1 });
    return acks;
  }

  #advance(): void {
    while (this.#isSettled[this.#head] === true) this.#head++;
    if (this.#head < DROP_AT) return;
    this.#isSettled.splice(0, this.#head);
    this.#first += this.#head;
    this.#head = 0;
  }
}
