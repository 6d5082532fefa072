import { describe, expect, test } from "vitest";
import { AsyncQueue } from "../../lib/base/async_queue.ts";
import { settled } from "../support/fake_clock.ts";

describe("AsyncQueue", () => {
  test("gives items in the order in which they came", async () => {
    const queue = new AsyncQueue<number>(3);
    for (const item of [1, 2, 3]) await queue.push(item);

    expect([await queue.shift(), await queue.shift(), await queue.shift()]).toEqual([1, 2, 3]);
  });

  test("makes a push wait while it is full", async () => {
    const queue = new AsyncQueue<string>(1);
    await queue.push("a");
    let placed = false;
    const waiting = queue.push("b").then(() => placed = true);

    await settled();
    expect(placed).toBe(false);
    expect(await queue.shift()).toBe("a");
    await waiting;
    expect(await queue.shift()).toBe("b");
  });

  test("keeps the order of pushes that had to wait, even against one that comes just when a place is free", async () => {
    const queue = new AsyncQueue<number>(1);
    const pushes = [1, 2, 3].map((item) => queue.push(item));

    const first = queue.shift();
    pushes.push(queue.push(4));

    expect([await first, await queue.shift(), await queue.shift(), await queue.shift()]).toEqual([1, 2, 3, 4]);
    await Promise.all(pushes);
  });

  test("forgets nobody when two takers come in one tick to a queue with one place and two who wait for it", async () => {
    const queue = new AsyncQueue<string>(1);
    await queue.push("a");
    const pushes = [queue.push("b"), queue.push("c")];

    const taken = await Promise.all([queue.shift(), queue.shift(), queue.shift()]);

    expect(taken).toEqual(["a", "b", "c"]);
    await Promise.all(pushes);
  });

  test("makes a shift wait while it is empty", async () => {
    const queue = new AsyncQueue<string>(1);
    const waiting = queue.shift();

    expect(queue.tryPush("late")).toBe(true);

    expect(await waiting).toBe("late");
    expect(queue.size).toBe(0);
  });

  test("refuses a tryPush beyond its capacity", () => {
    const queue = new AsyncQueue<number>(1);

    expect([queue.tryPush(1), queue.tryPush(2)]).toEqual([true, false]);
  });

  test("gives what is left after end, then undefined to everybody", async () => {
    const queue = new AsyncQueue<number>(2);
    await queue.push(1);
    queue.end();

    expect([await queue.shift(), await queue.shift(), await queue.shift()]).toEqual([1, undefined, undefined]);
  });

  test("tells takers who wait at the end that nothing will come, and pushers that it is too late", async () => {
    const [empty, full] = [new AsyncQueue<number>(1), new AsyncQueue<number>(1)];
    const taker = empty.shift();
    await full.push(1);
    const putter = full.push(2);

    empty.end();
    full.end();

    expect(await taker).toBe(undefined);
    await expect(putter).rejects.toThrow("it was ended");
    await expect(full.push(3)).rejects.toThrow("Cannot push to the queue: it was ended");
  });

  test("drops what it holds on fail and rejects everybody with the reason", async () => {
    const queue = new AsyncQueue<number>(1);
    const reason = new Error("lost");
    await queue.push(1);
    const putter = queue.push(2);

    queue.fail(reason);

    await expect(putter).rejects.toBe(reason);
    await expect(queue.shift()).rejects.toBe(reason);
    await expect(queue.push(3)).rejects.toBe(reason);
    expect(queue.size).toBe(0);
  });

  test("loses no item to a taker that gave up", async () => {
    const queue = new AsyncQueue<string>(1);
    const stop = new AbortController();
    const gaveUp = queue.shift({ signal: stop.signal });
    const patient = queue.shift();

    stop.abort("enough");
    await queue.push("x");

    await expect(gaveUp).rejects.toBe("enough");
    expect(await patient).toBe("x");
  });

  test("takes nothing from a push that gave up", async () => {
    const queue = new AsyncQueue<string>(1);
    const stop = new AbortController();
    await queue.push("a");
    const gaveUp = queue.push("b", { signal: stop.signal });

    stop.abort("enough");

    await expect(gaveUp).rejects.toBe("enough");
    await queue.shift();
    expect(queue.size).toBe(0);
  });

  test("is iterated until its end", async () => {
    const queue = new AsyncQueue<number>(2);
    const seen: number[] = [];
    const consumer = (async () => {
      for await (const item of queue) seen.push(item);
    })();

    for (let item = 0; item < 5; item++) await queue.push(item);
    queue.end();
    await consumer;

    expect(seen).toEqual([0, 1, 2, 3, 4]);
  });

  test("refuses a capacity under one", () => {
    expect(() => new AsyncQueue(0)).toThrow("expected a capacity from 1, got 0");
  });
});
