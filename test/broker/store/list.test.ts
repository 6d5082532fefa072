import { describe, expect, test } from "vitest";
import { List } from "../../../lib/broker/store/list.ts";
import { Seeded } from "../../support/seeded.ts";

describe("List", () => {
  test("does what an array does, through growth and shrinking, and counts its memory", () => {
    const seeded = new Seeded();
    const list = new List();
    const model: string[] = [];
    for (let i = 0; i < 20_000; i++) {
      const value = "v".repeat(seeded.integer(0, 3)) + i;
      const isGrowing = Math.floor(i / 2000) % 2 === 0;
      switch (seeded.integer(0, isGrowing ? 5 : 9)) {
        case 0:
        case 1:
          list.pushLeft(value);
          model.unshift(value);
          break;
        case 2:
        case 3:
          list.pushRight(value);
          model.push(value);
          break;
        case 4: {
          const index = seeded.integer(0, 3);
          expect(list.set(index, value)).toBe(index < model.length);
          if (index < model.length) model[index] = value;
          break;
        }
        case 5:
          expect(list.at(-1)).toBe(model.at(-1));
          break;
        case 6:
        case 7:
          expect(list.popLeft()).toBe(model.shift());
          break;
        default:
          expect(list.popRight()).toBe(model.pop());
      }
      expect(list.size).toBe(model.length);
    }
    expect(list.slice()).toEqual(model);
    expect(list.clone().slice()).toEqual(model);
    while (list.popLeft() !== undefined);
    expect(list.bytes).toBe(0);
  });

  test("is one thing and its clone another", () => {
    const list = new List();
    list.pushRight("a");
    const copy = list.clone();

    list.popLeft();
    copy.pushRight("b");

    expect([list.slice(), copy.slice()]).toEqual([[], ["a", "b"]]);
  });
});
