import { describe, expect, test } from "vitest";
import { Fifo } from "../../lib/base/fifo.ts";

describe("Fifo", () => {
  test("gives items back in their order, however many there were", () => {
    const fifo = new Fifo<number>();
    const out: (number | undefined)[] = [];
    for (let i = 0; i < 5000; i++) {
      fifo.push(i);
      if (i % 2 === 1) out.push(fifo.shift());
    }

    expect(fifo.length).toBe(2500);
    expect([...out, ...fifo.takeAll()]).toEqual(Array.from({ length: 5000 }, (_, i) => i));
    expect(fifo.shift()).toBeUndefined();
  });

  test("puts items before all others", () => {
    const fifo = new Fifo<string>();
    fifo.push("gone");
    fifo.push("c");
    fifo.shift();

    fifo.unshift(["a", "b"]);

    expect(fifo.takeAll()).toEqual(["a", "b", "c"]);
  });

  test("holds undefined as a value", () => {
    const fifo = new Fifo<undefined>();
    fifo.push(undefined);

    expect(fifo.length).toBe(1);
    fifo.shift();
    expect(fifo.length).toBe(0);
  });
});
