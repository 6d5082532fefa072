import { describe, expect, test } from "vitest";
import { claimsTable, fillSection, measurementsTable, playsTable } from "./sections.ts";

describe("fillSection", () => {
  test("puts the content between its two marks and leaves the rest", () => {
    expect(fillSection("a\n<!-- x -->\nold\n<!-- /x -->\nb\n", "x", "new")).toBe(
      "a\n<!-- x -->\nnew\n<!-- /x -->\nb\n",
    );
  });

  test("refuses a text without the marks", () => {
    expect(() => fillSection("a", "x", "new")).toThrow("Cannot fill the section x: there is no <!-- x -->");
  });
});

describe("claimsTable", () => {
  const claims = [{ area: "Pyro", what: "calls", tests: ["test/pyro", "test/a.test.ts"] }] as const;

  test("counts the tests of files and folders, and no others", () => {
    const counts = new Map([
      ["test/pyro/x.test.ts", { passed: 2, failed: 0, skipped: 1 }],
      ["test/a.test.ts", { passed: 3, failed: 0, skipped: 0 }],
      ["test/pyromania.test.ts", { passed: 9, failed: 9, skipped: 9 }],
    ]);

    expect(claimsTable(claims, counts).split("\n").at(-1)).toBe("| Pyro | calls | ✓ 5, 1 skipped |");
  });

  test("says what failed, and what was not run", () => {
    const failing = new Map([["test/a.test.ts", { passed: 1, failed: 1, skipped: 0 }]]);

    expect(claimsTable(claims, failing)).toContain("✗ 1 of 2 fail");
    expect(claimsTable(claims, new Map())).toContain("not run");
  });
});

describe("playsTable", () => {
  test("has a line for each way, and a cell for each pair", () => {
    const play = { stack: "pyro", over: "our name server", ok: true, ms: 12.4, serverOutput: "", clientOutput: "" };

    expect(
      playsTable([
        { ...play, server: "ours", client: "ours" },
        { ...play, server: "Python", client: "ours", ok: false, why: "the client ended with 1" },
      ]).split("\n").at(-1),
    ).toBe("| pyro | our name server | not played | ✗ the client ended with 1 | not played | ✓ 12 ms |");
  });
});

describe("measurementsTable", () => {
  test("shows both values, their unit and how many times better ours is", () => {
    const measurement = { what: "a call", against: "Pyro4", unit: "ms", ours: 0.5, theirs: 1234, moreIsBetter: false };

    expect(measurementsTable([measurement]).split("\n").at(-1)).toBe(
      "| a call | 0.5 | 1,234 | ms | Pyro4 | 2468.0 |",
    );
  });
});
