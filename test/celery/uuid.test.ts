import { expect, test } from "vitest";
import { randomUuid } from "../../lib/celery/uuid.ts";

/** More than one page of random numbers. */
const MANY = 10_000;

test("is a UUID of version 4, as Python's uuid4 writes it, and never the same twice", () => {
  const ids = new Set<string>();
  for (let i = 0; i < MANY; i++) {
    const id = randomUuid();
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    ids.add(id);
  }
  expect(ids.size).toBe(MANY);
});

test("leaves no digit out at any place", () => {
  const seen = Array.from({ length: 36 }, () => new Set<string>());
  for (let i = 0; i < MANY; i++) [...randomUuid()].forEach((digit, at) => seen[at]?.add(digit));

  const counts = seen.map(({ size }) => size);

  expect(counts.filter((count) => count === 16)).toHaveLength(30);
  expect([counts[8], counts[13], counts[18], counts[23]]).toEqual([1, 1, 1, 1]); // hyphens
  expect([counts[14], counts[19]]).toEqual([1, 4]); // version and variant
});
