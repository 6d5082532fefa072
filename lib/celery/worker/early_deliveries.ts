import type { Delivery } from "../transport/transport.ts";

/**
 * What a broker delivers to a worker that has not said yet that it is ready. No more than its credit comes.
 *
 *     waiting ──open()──> open: everything goes straight on
 *        └──giveBack()──> the broker has it again
 *
 * A worker that ends before it was ready needs neither: what it holds goes back when its consumer is closed.
 */
export class EarlyDeliveries {
  readonly #take: (delivery: Delivery) => void;
  #waiting: Delivery[] | undefined = [];

  /** @param take gets each delivery once this is open, those that waited first */
  constructor(take: (delivery: Delivery) => void) {
    this.#take = take;
  }

  readonly take = (delivery: Delivery): void => {
    if (this.#waiting === undefined) this.#take(delivery);
    else this.#waiting.push(delivery);
  };

  open(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const delivery of waiting) this.#take(delivery);
  }

  /** Where there is no consumer that could do it. Nobody waits for it: a broker that is away gives them back by itself. */
  giveBack(): void {
    for (const delivery of this.#waiting?.splice(0) ?? []) {
      delivery.release().catch(() => {}); // it returns with the connection, or by its visibility timeout
    }
  }
}
