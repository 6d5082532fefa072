import { describe, expect, test } from "vitest";
import { sameButVarying, withoutVarying } from "./varying.ts";

describe("withoutVarying", () => {
  test("leaves out what differs from run to run", () => {
    expect(
      withoutVarying(
        "[2026-11-24 20:50:26,527: INFO/ForkPoolWorker-1] Task a[f26f8768-3257-4285-8e68-c4c8ef1b8d2b] succeeded in 1.2e-05s: 10",
      ),
    ).toBe("[TIME: INFO/ForkPoolWorker-N] Task a[ID] succeeded in SECONDS: 10");
    expect(withoutVarying("uri = PYRO:obj_0123456789abcdef0123456789abcdef@localhost:4711")).toBe(
      "uri = PYRO:obj_ID@localhost:PORT",
    );
  });
});

describe("sameButVarying", () => {
  test("sees that what a program says is the same, or is not", () => {
    expect(sameButVarying("Tue Nov 24 20:00:00 2026", "Wed Nov  4 09:00:01 2026")).toBe(1);
    expect(sameButVarying("5 + 5 = 10", "5 + 5 = 11")).toBe(0);
  });
});
