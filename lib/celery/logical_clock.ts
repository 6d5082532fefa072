/**
 * A Lamport clock: orders events and commands of many nodes without agreeing on the time.
 *
 * Source: kombu 5.6 kombu/clocks.py `LamportClock`
 */
export class LogicalClock {
  #value: number;

  constructor(value = 0) {
    this.#value = value;
  }

  get value(): number {
    return this.#value;
  }

  /** Something happens here. @returns its time */
  forward(): number {
    return ++this.#value;
  }

  /** Something was heard that happened elsewhere at `other`. */
  adjust(other: unknown): number {
    if (typeof other === "number" && Number.isSafeInteger(other)) this.#value = Math.max(this.#value, other);
    return ++this.#value;
  }
}
