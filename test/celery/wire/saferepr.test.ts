import { describe, expect, test } from "vitest";
import { PyFloat, Tuple } from "../../../lib/base/pyvalue.ts";
import { saferepr, safereprArgs } from "../../../lib/celery/wire/saferepr.ts";
import { fixture } from "../../support/fixture.ts";
import { fromTagged } from "../../support/tagged_value.ts";

interface SafereprCase {
  readonly in: unknown;
  readonly out: string;
  readonly maxlen?: number;
}

describe("saferepr", () => {
  test.each(fixture<{ cases: SafereprCase[] }>("celery/saferepr-5.6.json").cases)(
    "writes what Celery writes: $out",
    (it) => {
      expect(saferepr(fromTagged(it.in), it.maxlen)).toBe(it.out);
    },
  );

  test("marks a container that holds itself instead of following it", () => {
    const list: unknown[] = [1];
    list.push(list);

    expect(saferepr(list)).toBe("[1, <Recursion on Array>]");
  });

  test("stays short for a large value, however large", () => {
    const rows = Array.from({ length: 100_000 }, (_, id) => ({ id, name: "x".repeat(100) }));

    expect(saferepr(rows).length).toBeLessThan(1024 + 130);
  });
});

describe("safereprArgs", () => {
  test("shows arguments as the tuple they are in Python", () => {
    expect(safereprArgs([])).toBe("()");
    expect(safereprArgs([1])).toBe("(1,)");
    expect(safereprArgs([2, 3])).toBe("(2, 3)");
    expect(safereprArgs([-0, 3])).toBe("(-0.0, 3)");
    expect(safereprArgs(["a", Tuple.of(new PyFloat(1)), undefined])).toBe("('a', (1.0,), None)");
  });
});
