import type { QueueOrder } from "./redis_options.ts";

/**
 * In which order queues are looked into, so that a busy one does not starve the others.
 *
 * Spec: kombu 5.6 kombu/utils/scheduling.py
 */
export class QueueCycle {
  readonly #strategy: QueueOrder;
  #names: string[] = [];

  constructor(strategy: QueueOrder) {
    this.#strategy = strategy;
  }

  /** Names of the queues, the next to look into first. */
  get order(): readonly string[] {
    return this.#strategy === "sorted" ? [...this.#names].sort() : this.#names;
  }

  add(name: string): void {
    if (!this.#names.includes(name)) this.#names.push(name);
  }

  remove(name: string): void {
    this.#names = this.#names.filter((one) => one !== name);
  }

  /** A message of the queue was taken: with round robin it is the others' turn. */
  served(name: string): void {
    if (this.#strategy !== "round_robin" || !this.#names.includes(name)) return;
    this.remove(name);
    this.#names.push(name);
  }
}
