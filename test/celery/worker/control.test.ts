import { describe, expect, test } from "vitest";
import { readFileSync } from "node:fs";
import { parseJson } from "../../../lib/celery/wire/json_read.ts";
import { eventually } from "../../support/eventually.ts";
import { WorkerHarness } from "./worker_harness.ts";

interface Pair {
  readonly method: string;
  readonly arguments?: Record<string, unknown>;
  readonly request_body?: Record<string, unknown>;
  readonly reply_decoded: readonly Record<string, unknown>[];
}

// Python writes Infinity into JSON, and so it stands in the fixture.
const FIXTURE = new URL("../../fixtures/celery/redis-pidbox-5.6.json", import.meta.url);
const { pairs } = parseJson(readFileSync(FIXTURE, "utf8")) as { pairs: readonly Pair[] };

/** Asks our worker what Python's worker was asked, and returns both replies. */
async function replay(harness: WorkerHarness, method: string, at = 0) {
  const pair = pairs.filter((each) => each.method === method)[at];
  if (pair === undefined) throw new Error(`the fixture has no ${method} number ${at}`);
  const replies = await harness.remote.ask(method, { arguments: pair.arguments ?? {}, limit: 1 });
  return { ours: replies.get("worker@host"), python: pair.reply_decoded[0]?.["worker@host"] };
}

/** Keys and types of a value; of lists those of the first item. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shapeOf(item)]));
  }
  return value === null ? null : typeof value;
}

describe("remote commands", () => {
  // Replies that are equal to Python's, to the letter.
  test("are answered as Python's worker answers them", { timeout: 60_000 }, async () => {
    const harness = await WorkerHarness.start({ concurrency: 1 });
    const same: [method: string, at: number][] = [
      ["ping", 0],
      ["rate_limit", 0],
      ["rate_limit", 1],
      ["rate_limit", 2],
      ["rate_limit", 3],
      ["time_limit", 0],
      ["time_limit", 1],
      ["time_limit", 2],
      ["enable_events", 0],
      ["disable_events", 0],
      ["heartbeat", 0],
      ["objgraph", 0],
      ["active_queues", 0],
      ["add_consumer", 0],
      ["active_queues", 1],
      ["cancel_consumer", 0],
      ["pool_restart", 0],
      ["autoscale", 0],
      ["revoke", 0],
      ["terminate", 0],
      ["revoke_by_stamped_headers", 0],
      ["no_such_command", 0],
      ["ping", 1],
      ["election", 0],
    ];

    for (const [method, at] of same) {
      const { ours, python } = await replay(harness, method, at);

      expect({ method, reply: ours }).toEqual({ method, reply: python });
    }
  });

  test("show tasks in the shapes that Python's worker shows them in", { timeout: 60_000 }, async () => {
    const harness = await WorkerHarness.start({ concurrency: 2 });
    for (let i = 0; i < 3; i++) {
      await harness.send("proj.sleep", [25], { argsrepr: "(25,)", kwargsrepr: "{}" });
    }
    await harness.send("proj.add", [1, 2], { eta: new Date(Date.now() + 60_000).toISOString() });
    await harness.remote.ask("revoke", { arguments: { task_id: "x" }, limit: 1 });
    await eventually("two run", () => harness.worker.pool.runningCount === 2);

    for (const [method, at] of [["active", 0], ["active", 1], ["reserved", 0], ["scheduled", 0]] as const) {
      const { ours, python } = await replay(harness, method, at);
      expect({ method, at, shape: shapeOf(ours) }).toEqual({ method, at, shape: shapeOf(python) });
    }
    for (const method of ["clock", "revoked", "stats", "report", "hello"] as const) {
      const { ours, python } = await replay(harness, method);
      expect({ method, shape: Object.keys(Object(shapeOf(ours))) }).toEqual({
        method,
        shape: expect.arrayContaining(Object.keys(Object(shapeOf(python))).filter((key) => Number.isNaN(Number(key)))),
      });
    }
    const shrink = await replay(harness, "pool_shrink");
    expect(shrink.ours).toEqual(shrink.python);
  });

  test("list tasks with the attributes asked for", async () => {
    const harness = await WorkerHarness.start({ concurrency: 1 });
    await harness.remote.ask("rate_limit", { arguments: { task_name: "proj.add", rate_limit: "10/m" }, limit: 1 });

    const ask = async (args: Record<string, unknown>) =>
      (await harness.remote.ask("registered", { arguments: args, limit: 1 })).get("worker@host");

    expect(await ask({})).toContain("proj.add [rate_limit=10/m]");
    expect(await ask({ taskinfoitems: ["rate_limit", "serializer"] })).toContain(
      "proj.add [rate_limit=10/m serializer=json]",
    );
  });

  test("reach the nodes they are meant for, and no others", async () => {
    const harness = await WorkerHarness.start({ concurrency: 1 });

    const ping = (options: Parameters<WorkerHarness["remote"]["ask"]>[1]) =>
      harness.remote.ask("ping", { timeoutMs: 100, ...options });

    expect((await ping({ destination: ["worker@host"] })).size).toBe(1);
    expect((await ping({ destination: ["nobody@host"] })).size).toBe(0);
    expect((await ping({ pattern: "work*" })).size).toBe(1);
    expect((await ping({ pattern: "w.*t$", matcher: "pcre" })).size).toBe(1);
    expect((await ping({ pattern: "(", matcher: "pcre" })).size).toBe(0);
  });

  test("are not answered where remote control is off", async () => {
    const harness = await WorkerHarness.start({ remoteControl: false });

    expect((await harness.remote.ask("ping", { timeoutMs: 200 })).size).toBe(0);
  });

  test("are answered while every child is stuck in a loop", async () => {
    const harness = await WorkerHarness.start({ concurrency: 2 });
    for (let i = 0; i < 2; i++) await harness.send("spin", [60_000]);
    await eventually("both run", () => harness.worker.pool.runningCount === 2);

    const methods = ["stats", "active", "reserved", "scheduled", "registered", "revoked", "conf", "active_queues"];
    const replies = await Promise.all(methods.map((method) => harness.remote.ask(method, { limit: 1 })));

    expect(replies.map((reply) => reply.size)).toEqual(methods.map(() => 1));
  });

  test("change the pool and the queues", async () => {
    const harness = await WorkerHarness.start({ concurrency: 1 });

    await harness.remote.ask("pool_grow", { arguments: { n: 1 }, limit: 1 });

    await eventually("there are two children", () => harness.worker.pool.children.length === 2);
    await eventually("both are ready", () => harness.worker.pool.children.every((child) => child.state === "ready"));
    expect((await harness.remote.ask("pool_shrink", { arguments: { n: 1 }, limit: 1 })).get("worker@host")).toEqual({
      ok: "pool will shrink",
    });
    await eventually("there is one child", () => harness.worker.pool.children.length === 1);
  });
});
