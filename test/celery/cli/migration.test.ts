import { describe, expect, test } from "vitest";
import { ConnectionError } from "../../../lib/base/errors.ts";
import { Migration, type MigrationOptions, type MigrationProgress } from "../../../lib/celery/cli/migration.ts";
import { queue } from "../../../lib/celery/routing/queue.ts";
import { MemoryTransport } from "../../../lib/celery/transport/memory.ts";
import type { ConsumeOptions, Queue } from "../../../lib/celery/transport/transport.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { eventually } from "../../support/eventually.ts";

const tasks = queue("tasks");
const message = (task: string, payload: unknown = [[], {}, {}]) => ({
  headers: { task },
  properties: { correlationId: "id", expiration: "5000", priority: 3 },
  contentType: "application/json",
  contentEncoding: "utf-8",
  body: new TextEncoder().encode(JSON.stringify(payload)),
});
const protocol1 = (task: string) => ({ ...message("", { task, args: [] }), headers: {} });

/** Two brokers, with messages in the first. */
async function brokers(messages: readonly ReturnType<typeof message | typeof protocol1>[], from: Queue = tasks) {
  const [source, destination] = [new MemoryTransport(), new MemoryTransport()];
  const route = {
    exchange: from.exchange.name,
    exchangeType: "direct",
    routingKey: from.routingKey,
    queue: from,
  } as const;
  for (const each of messages) await source.publish(each, route);
  return { source, destination };
}

async function waiting(transport: MemoryTransport, of: Queue = tasks): Promise<number> {
  return (await transport.counts(of)).messages;
}

/** Runs a migration until it has nothing more to do. */
async function migrate(options: Pick<MigrationOptions, "source" | "destination"> & Partial<MigrationOptions>) {
  const progress: MigrationProgress[] = [];
  const restored: number[] = [];
  const run = new Migration({
    queues: [tasks],
    renames: new Map(),
    decode: ({ body }) => JSON.parse(new TextDecoder().decode(body)),
    tasks: new Set(),
    limit: 0,
    idleMs: 20,
    acknowledges: false,
    onMigrated: (each) => progress.push(each),
    onRestoring: (count) => restored.push(count),
    signal: new AbortController().signal,
    ...options,
  }).run();
  const count = await run;
  return { count, progress, restored };
}

describe("Migration", () => {
  test("copies what waits, and gives it back to the source", async () => {
    const both = await brokers([message("one"), message("two")]);

    const { count, progress, restored } = await migrate(both);

    expect(count).toBe(2);
    expect(progress.map((each) => `${each.count}/${each.total}`)).toEqual(["1/2", "2/2"]);
    expect(restored).toEqual([2]);
    expect(await waiting(both.source)).toBe(2);
    expect(await waiting(both.destination)).toBe(2);
  });

  test("moves it where that is wanted, with all its properties", async () => {
    const both = await brokers([message("one")]);

    const { restored } = await migrate({ ...both, acknowledges: true });

    expect(restored).toEqual([]);
    expect(await waiting(both.source)).toBe(0);
    const arrived: unknown[] = [];
    await both.destination.consume({ queues: [tasks], credit: 0, onDelivery: (it) => arrived.push(it.message) });
    await eventually("it arrives", () => arrived.length === 1);
    expect(arrived).toEqual([message("one")]);
  });

  test("ends at the limit, and acknowledges the last message too", async () => {
    const both = await brokers(["one", "two", "three"].map((name) => message(name)));

    const { count, progress } = await migrate({ ...both, acknowledges: true, limit: 2, idleMs: undefined });

    expect([count, progress.length]).toEqual([2, 2]);
    expect(await waiting(both.source)).toBe(1);
    expect(await waiting(both.destination)).toBe(2);
  });

  test("takes the tasks of the wanted names only, of either protocol", async () => {
    const both = await brokers([message("one"), message("two"), protocol1("one"), protocol1("two")]);

    const { count } = await migrate({ ...both, acknowledges: true, tasks: new Set(["one"]), limit: 2 });

    expect(count).toBe(2);
    expect(await waiting(both.source)).toBe(2);
    expect(await waiting(both.destination)).toBe(2);
  });

  test("renames a queue with the exchange and the key that are named after it", async () => {
    const both = await brokers([message("one")]);

    await migrate({ ...both, renames: new Map([["tasks", "later"]]) });

    expect(await waiting(both.destination, queue("later"))).toBe(1);
    expect(await waiting(both.destination)).toBe(0);
  });

  test("leaves a key of another name as it is", async () => {
    const keyed = queue("tasks", { exchange: "jobs", routingKey: "a.b" });
    const both = await brokers([message("one")], keyed);

    await migrate({ ...both, queues: [keyed], renames: new Map([["tasks", "later"]]) });

    expect(await waiting(both.destination, queue("later", { exchange: "jobs", routingKey: "a.b" }))).toBe(1);
  });

  test("ends at a message that it cannot read, behind those before it", async () => {
    const both = await brokers([message("one"), message("two"), message("three")]);
    let reads = 0;

    const run = migrate({
      ...both,
      acknowledges: true,
      decode: () => {
        if (++reads === 2) throw new Error("Refusing to deserialize it");
        return [];
      },
    });

    await expect(run).rejects.toThrow("Refusing to deserialize it");
    expect(await waiting(both.source)).toBe(2);
    expect(await waiting(both.destination)).toBe(1);
  });

  test("takes little ahead of what it moves, however much waits", async () => {
    const both = await brokers(Array.from({ length: 1000 }, (_, i) => message(`task${i}`)));
    let least = Infinity; // how many are left to the source while something is on its way
    const publish = both.destination.publish.bind(both.destination);
    both.destination.publish = async (...args) => {
      const [inSource, inDestination] = [await waiting(both.source), await waiting(both.destination)];
      least = Math.min(least, inSource + inDestination);
      await publish(...args);
    };

    const { count } = await migrate({ ...both, acknowledges: true });

    expect(count).toBe(1000);
    expect(least).toBeGreaterThanOrEqual(800);
  });

  test("acknowledges nothing that the destination did not confirm", async () => {
    const both = await brokers([message("one")]);
    both.destination.publish = () => Promise.reject(new ConnectionError("gone"));

    await expect(migrate({ ...both, acknowledges: true })).rejects.toThrow("gone");

    expect(await waiting(both.source)).toBe(1);
  });

  test("waits for more until nothing came for as long as it was told", async () => {
    const both = await brokers([message("one")]);
    const clock = new FakeClock();
    const seen: number[] = [];
    let hasEnded = false;
    const run = migrate({ ...both, clock, idleMs: 1000, onMigrated: ({ count }) => void seen.push(count) })
      .finally(() => hasEnded = true);
    await eventually("the first is migrated", () => seen.length === 1);

    await clock.advance(900);
    await both.source.publish(message("two"), { exchange: "", exchangeType: "direct", routingKey: "tasks" });
    await eventually("the second is migrated", () => seen.length === 2);
    await clock.advance(900);
    expect(hasEnded).toBe(false);
    await clock.advance(200);

    expect((await run).count).toBe(2);
  });

  test("ends when it is told to, and gives back what it holds", async () => {
    const both = await brokers([message("one")]);
    const stop = new AbortController();

    const run = migrate({ ...both, idleMs: undefined, signal: stop.signal, onMigrated: () => stop.abort() });

    expect(await run).toMatchObject({ count: 1, restored: [1] });
  });

  test("does not copy everything again when the source comes back", async () => {
    const both = await brokers([message("one")]);
    const consume = both.source.consume.bind(both.source);
    let options: ConsumeOptions | undefined;
    both.source.consume = (given) => consume(options = given);

    const run = migrate({
      ...both,
      idleMs: undefined,
      onMigrated: () => options?.onInterrupted?.(new Error("it hung up")),
    });

    await expect(run).rejects.toThrow(
      "Cannot go on after 1 messages: the source was lost (it hung up), and all would come again",
    );
  });
});
