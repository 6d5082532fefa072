/** Numbers of one connection's channels, from 1; those that were given back are used again. */
export class ChannelNumbers {
  readonly #free: number[] = [];
  #last = 0;

  /** @returns undefined if all up to `max` are in use */
  take(max: number): number | undefined {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    return this.#last < max ? ++this.#last : undefined;
  }

  giveBack(number: number): void {
    this.#free.push(number);
  }
}
