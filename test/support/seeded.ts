/** Random numbers that come again with the same seed: mulberry32. */
export class Seeded {
  readonly seed: number;
  #state: number;

  /** @param seed default: from the environment variable SEED, else 1; print it in a failing test's message */
  constructor(seed = Number(process.env.SEED ?? 1)) {
    this.seed = seed;
    this.#state = seed >>> 0;
  }

  /** A number in [0, 1). */
  readonly next = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };

  /** A whole number from `min` up to and including `max`. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.integer(0, items.length - 1)];
    if (item === undefined && items.length === 0) throw new Error("Cannot pick: there are no items");
    return item as T;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.integer(0, 255));
  }

  /** A damaged copy: a few bytes flipped, dropped, doubled, or the end cut off. */
  mutate(bytes: Uint8Array): Uint8Array {
    let out = Array.from(bytes);
    for (let i = this.integer(1, 4); i > 0 && out.length > 0; i--) {
      const at = this.integer(0, out.length - 1);
      switch (this.integer(0, 4)) {
        case 0:
          out[at] = this.integer(0, 255);
          break;
        case 1:
          out[at] = (out[at] ?? 0) ^ (1 << this.integer(0, 7));
          break;
        case 2:
          out.splice(at, this.integer(1, 4));
          break;
        case 3:
          out.splice(at, 0, ...out.slice(at, at + this.integer(1, 8)));
          break;
        default:
          out = out.slice(0, at);
      }
    }
    return Uint8Array.from(out);
  }
}
