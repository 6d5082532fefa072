import { describe, expect, test } from "vitest";
import { silentLogger } from "../../../lib/base/log.ts";
import { isItemSource, StreamTable, type StreamTableOptions } from "../../../lib/pyro/daemon/streams.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const READER = {};

function tableOf(options: Partial<StreamTableOptions> = {}): { table: StreamTable; clock: FakeClock } {
  const clock = new FakeClock();
  let next = 0;
  const table = new StreamTable({
    lingerMs: 30_000,
    lifetimeMs: 0,
    sweepMs: 2000,
    maxStreams: 10,
    log: silentLogger,
    newId: () => `stream ${++next}`,
    clock,
    ...options,
  });
  return { table, clock };
}

function* countTo(n: number, closed?: () => void): Generator<number> {
  try {
    for (let i = 1; i <= n; i++) yield i;
  } finally {
    closed?.();
  }
}

describe("StreamTable", () => {
  test("gives the items and then Python's StopIteration, and forgets the stream", () => {
    const { table } = tableOf();
    const id = table.open(countTo(2), READER);

    expect([table.next(id, READER), table.next(id, READER)]).toEqual([1, 2]);
    expect(() => table.next(id, READER)).toThrow(expect.objectContaining({ remoteType: "builtins.StopIteration" }));
    expect(() => table.next(id, READER)).toThrow("item stream terminated");
    expect(table.size).toBe(0);
  });

  test("passes on what a generator throws, and forgets the stream", () => {
    const { table } = tableOf();
    const id = table.open(
      (function* () {
        yield 1;
        throw new RangeError("broken");
      })(),
      READER,
    );
    table.next(id, READER);

    expect(() => table.next(id, READER)).toThrow("broken");
    expect(table.size).toBe(0);
  });

  test("awaits the items of an asynchronous generator", async () => {
    const { table } = tableOf();
    const id = table.open(
      (async function* () {
        yield await Promise.resolve("item");
      })(),
      READER,
    );

    expect(await table.next(id, READER)).toBe("item");
    await expect(table.next(id, READER)).rejects.toMatchObject({ remoteType: "builtins.StopIteration" });
    expect(table.size).toBe(0);
  });

  test("closes a stream early, so that its generator can clean up", () => {
    const { table } = tableOf();
    const closed: string[] = [];
    const id = table.open(countTo(9, () => closed.push("closed")), READER);
    table.next(id, READER);

    table.close(id);
    table.close(id);

    expect(closed).toEqual(["closed"]);
  });

  test("keeps the streams of a lost reader for the linger time, and not longer", async () => {
    const { table, clock } = tableOf({ lingerMs: 5000 });
    const id = table.open(countTo(9), READER);
    table.disconnected(READER);

    await clock.advance(4000);
    expect(table.size).toBe(1);
    await clock.advance(4000);

    expect(() => table.next(id, READER)).toThrow("item stream terminated");
    expect(clock.armed).toBe(0);
  });

  test("goes on where another connection takes a lingering stream over", async () => {
    const { table, clock } = tableOf({ lingerMs: 5000 });
    const id = table.open(countTo(9), READER);
    table.next(id, READER);
    table.disconnected(READER);

    expect(table.next(id, {})).toBe(2);
    await clock.advance(60_000);

    expect(table.next(id, {})).toBe(3);
    expect(clock.armed).toBe(0);
  });

  test("drops the streams of a lost reader at once without a linger time", () => {
    const { table } = tableOf({ lingerMs: 0 });
    const id = table.open(countTo(9), READER);

    table.disconnected(READER);

    expect(() => table.next(id, READER)).toThrow("item stream terminated");
  });

  test("ends a stream that is older than the lifetime, though it is read", async () => {
    const { table, clock } = tableOf({ lifetimeMs: 500, sweepMs: 200 });
    const id = table.open(countTo(9), READER);

    await clock.advance(400);
    expect(table.next(id, READER)).toBe(1);
    await clock.advance(400);

    expect(() => table.next(id, READER)).toThrow("item stream terminated");
    expect(clock.armed).toBe(0);
  });

  test("refuses a stream over the limit, and closes its source", () => {
    const { table } = tableOf({ maxStreams: 1 });
    const closed: string[] = [];
    const source = countTo(9, () => closed.push("closed"));
    source.next();
    table.open(countTo(1), READER);

    expect(() => table.open(source, READER)).toThrow("Cannot open an item stream: 1 are open");
    expect(closed).toEqual(["closed"]);
  });

  test("leaves no timer and no open generator behind", () => {
    const { table, clock } = tableOf({ lifetimeMs: 500 });
    const closed: string[] = [];
    const source = countTo(9, () => closed.push("closed"));
    table.next(table.open(source, READER), READER);

    table.closeAll();

    expect([table.size, clock.armed, closed]).toEqual([0, 0, ["closed"]]);
  });
});

describe("isItemSource", () => {
  test.each([
    ["a generator", countTo(1), true],
    ["an asynchronous generator", (async function* () {})(), true],
    ["an iterator of a map", new Map().keys(), true],
    ["an array", [1], false],
    ["a map", new Map(), false],
    ["a text", "abc", false],
    ["an object with next but no iteration", { next: () => 1 }, false],
    ["null", null, false],
  ])("%s: %s", (_what, value, isSource) => {
    expect(isItemSource(value)).toBe(isSource);
  });
});
