import { describe, expect, test } from "vitest";
import { TickBatch } from "../../../lib/celery/transport/tick_batch.ts";

describe("TickBatch", () => {
  test("sends together what is added in one tick", async () => {
    const sent: (readonly number[])[] = [];
    const batch = new TickBatch<number>((items) => Promise.resolve(void sent.push(items)), 100);

    await Promise.all([batch.add(1), batch.add(2)]);
    await batch.add(3);

    expect(sent).toEqual([[1, 2], [3]]);
  });

  test("sends a long batch in parts", async () => {
    const sent: number[] = [];
    const batch = new TickBatch<number>((items) => Promise.resolve(void sent.push(items.length)), 3);

    await Promise.all(Array.from({ length: 7 }, (_, i) => batch.add(i)));

    expect(sent).toEqual([3, 3, 1]);
  });

  test("sends a batch as soon as it has its bytes, a single large item alone", async () => {
    const sent: (readonly number[])[] = [];
    const sizes = { bytesOf: (item: number) => item, limit: 10 };
    const batch = new TickBatch<number>((items) => Promise.resolve(void sent.push(items)), 100, sizes);

    await Promise.all([4, 4, 4, 50, 1].map((item) => batch.add(item)));

    expect(sent).toEqual([[4, 4, 4], [50], [1]]);
  });

  test("tells everybody in a batch that it failed, and nobody else", async () => {
    let fails = true;
    const batch = new TickBatch<number>(() => fails ? Promise.reject(new Error("no")) : Promise.resolve(), 100);

    const results = await Promise.allSettled([batch.add(1), batch.add(2)]);
    fails = false;

    expect(results.map((one) => one.status)).toEqual(["rejected", "rejected"]);
    await expect(batch.add(3)).resolves.toBeUndefined();
  });
});
