import { describe, expect, test } from "vitest";
import { Revoked } from "../../../lib/celery/worker/revoked.ts";
import { RevokedStamps } from "../../../lib/celery/worker/revoked_stamps.ts";
import { FakeClock } from "../../support/fake_clock.ts";

describe("Revoked", () => {
  test("keeps no more ids than it may, and lets the oldest go", () => {
    const revoked = new Revoked({ maxIds: 2 });

    for (const id of ["a", "b", "c"]) revoked.add(id);

    expect(revoked.ids()).toEqual(["b", "c"]);
  });

  test("forgets an id after its time", async () => {
    const clock = new FakeClock();
    const revoked = new Revoked({ keepMs: 1000, clock });
    revoked.add("a");
    await clock.advance(600);
    revoked.add("b");

    await clock.advance(600);

    expect(revoked.ids()).toEqual(["b"]);
  });

  test("tells neighbours seconds and ids, and takes over theirs", () => {
    const ours = new Revoked();
    const theirs = new Revoked();
    theirs.add("x");

    ours.mergeWire(JSON.parse(JSON.stringify(theirs.toWire())));

    expect(ours.has("x")).toBe(true);
    expect(theirs.toWire()).toEqual({ x: [expect.any(Number), "x"] });
  });

  test("keeps no id longer because a neighbour's clock runs ahead", async () => {
    const clock = new FakeClock();
    const revoked = new Revoked({ keepMs: 1000, clock });
    revoked.mergeWire({ x: [1e9, "x"] });

    await clock.advance(1001);

    expect(revoked.ids()).toEqual([]);
  });

  test.each([null, 5, "x", { x: "soon" }, { x: [] }])("ignores %j from a neighbour", (told) => {
    const revoked = new Revoked();

    revoked.mergeWire(told);

    expect(revoked.size).toBe(0);
  });
});

describe("RevokedStamps", () => {
  test("matches a message by any value of a revoked stamp", () => {
    const stamps = new RevokedStamps();
    stamps.add("customer", ["7", "8"]);

    const match = (value: string | string[]) =>
      stamps.match({ stamped_headers: ["customer"], stamps: { customer: value } });

    expect(match(["6", "8"])).toEqual({ header: "customer", values: ["8"] });
    expect(match("7")).toEqual({ header: "customer", values: ["7"] });
    expect(match("6")).toBeUndefined();
  });
});
