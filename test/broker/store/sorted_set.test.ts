import { describe, expect, test } from "vitest";
import { SortedSet } from "../../../lib/broker/store/sorted_set.ts";
import { Seeded } from "../../support/seeded.ts";

describe("SortedSet", () => {
  test("keeps its order through random changes, over many blocks", () => {
    const seeded = new Seeded();
    const zset = new SortedSet();
    const model = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const member = `m${seeded.integer(0, 2500)}`;
      if (seeded.integer(0, 3) === 0) expect(zset.delete(member)).toBe(model.delete(member));
      else {
        const score = seeded.integer(0, 400) / 4;
        expect(zset.set(member, score)).toBe(!model.has(member));
        model.set(member, score);
      }
    }
    const sorted = [...model].map(([member, score]) => ({ member, score }))
      .sort((a, b) => a.score - b.score || (a.member < b.member ? -1 : 1));

    expect(zset.slice(0, zset.size)).toEqual(sorted);
    for (let i = 0; i < sorted.length; i += 97) expect(zset.rank(sorted[i]?.member ?? "")).toBe(i);
    expect(zset.countWhile(({ score }) => score < 50)).toBe(sorted.filter(({ score }) => score < 50).length);
    expect(zset.slice(700, 705)).toEqual(sorted.slice(700, 705));
    expect(zset.clone().slice(0, 10)).toEqual(sorted.slice(0, 10));
    for (const { member } of sorted) zset.delete(member);
    expect([zset.size, zset.bytes, zset.slice(0, 1)]).toEqual([0, 0, []]);
  });

  test("orders equal scores by bytes, and knows infinities", () => {
    const zset = new SortedSet();
    for (const member of ["b", "a", "\xff", "", "ab"]) zset.set(member, 1);
    zset.set("first", -Infinity);
    zset.set("last", Infinity);

    expect(zset.slice(0, 9).map(({ member }) => member)).toEqual(["first", "", "a", "ab", "b", "\xff", "last"]);
    expect(zset.rank("nobody")).toBeUndefined();
  });
});
