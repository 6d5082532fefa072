import { describe, expect, test } from "vitest";
import { suggest } from "../../../lib/celery/cli/suggest.ts";

describe("suggest", () => {
  const known = ["worker", "broker", "inspect", "control", "status", "report", "result"];

  test.each([
    ["wroker", ["worker", "broker"]],
    ["work", ["worker"]],
    ["insepct", ["inspect"]],
    ["resutl", ["result"]],
    ["frobnicate", []],
  ])("finds for %s: %j", (given, expected) => expect(suggest(given, known)).toEqual(expected));
});
