import { describe, expect, test } from "vitest";
import { Deferred } from "../../lib/base/deferred.ts";

describe("Deferred", () => {
  test("settles once, with what came first", async () => {
    const deferred = new Deferred<number>();
    expect(deferred.settled).toBe(false);

    deferred.resolve(1);
    deferred.resolve(2);
    deferred.reject(new Error("late"));

    expect(deferred.settled).toBe(true);
    expect(await deferred.promise).toBe(1);
  });

  test("rejects with the very reason it was given", async () => {
    const deferred = new Deferred<never>();

    deferred.reject("why");

    await expect(deferred.promise).rejects.toBe("why");
    expect(deferred.settled).toBe(true);
  });
});
