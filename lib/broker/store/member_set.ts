/** Rough cost of one member beside its bytes. */
const MEMBER_BYTES = 56;

/** What reading commands see of a set. */
export type ReadonlyMemberSet = Pick<
  MemberSet,
  "kind" | "size" | "bytes" | "has" | "members" | "entries" | "pick" | "clone"
>;

/** A set of binary strings, in the order in which they came. */
export class MemberSet {
  readonly kind = "set";
  #members = new Set<string>();
  #bytes = 0;

  get size(): number {
    return this.#members.size;
  }

  /** Estimated memory. */
  get bytes(): number {
    return this.#bytes;
  }

  has(member: string): boolean {
    return this.#members.has(member);
  }

  /** @returns true if the member is new. */
  add(member: string): boolean {
    if (this.#members.has(member)) return false;
    this.#members.add(member);
    this.#bytes += MEMBER_BYTES + member.length;
    return true;
  }

  /** @returns true if the member was there. */
  delete(member: string): boolean {
    if (!this.#members.delete(member)) return false;
    this.#bytes -= MEMBER_BYTES + member.length;
    return true;
  }

  members(): string[] {
    return [...this.#members];
  }

  /** Live: goes on correctly while members come and go. */
  entries(): IterableIterator<string> {
    return this.#members.values();
  }

  /** `count` different members, or all there are. @param random returns a number in [0, 1) */
  pick(count: number, random: () => number): string[] {
    const left = this.members();
    for (let i = 0; i < count && i < left.length; i++) {
      const j = i + Math.floor(random() * (left.length - i));
      [left[i], left[j]] = [left[j] ?? "", left[i] ?? ""];
    }
    return left.slice(0, count);
  }

  /** A set of its own with the same members; the strings are shared. */
  clone(): MemberSet {
    const copy = new MemberSet();
    copy.#members = new Set(this.#members);
    copy.#bytes = this.#bytes;
    return copy;
  }
}
