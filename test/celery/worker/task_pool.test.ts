import { afterEach, describe, expect, test } from "vitest";
import { describeExit } from "../../../lib/proc/mod.ts";
import type { Delivery } from "../../../lib/celery/transport/transport.ts";
import type { JobReport } from "../../../lib/celery/worker/pool_message.ts";
import { Request } from "../../../lib/celery/worker/request.ts";
import type { TaskInfo } from "../../../lib/celery/worker/task_info.ts";
import { TaskPool, type TaskPoolOptions } from "../../../lib/celery/worker/task_pool.ts";
import { readTaskHeaders } from "../../../lib/celery/wire/task_message.ts";
import { eventually } from "../../support/eventually.ts";
import { TYPESCRIPT } from "../../support/program.ts";

const pools: TaskPool[] = [];
let number = 0;

function delivery(action: string, ms: number, headers: Record<string, number[] | null> = {}): Delivery {
  const settle = () => Promise.resolve();
  return {
    message: {
      headers: { task: action, id: `task-${++number}`, ...headers },
      properties: {},
      contentType: "application/json",
      contentEncoding: "utf-8",
      body: Buffer.from(JSON.stringify(action === "nonsense" ? ["nonsense"] : [[ms], {}, {}])),
    },
    queue: "celery",
    exchange: "",
    routingKey: "celery",
    redelivered: false,
    deliveryTag: String(number),
    isCurrent: true,
    ack: settle,
    reject: settle,
    requeue: settle,
    release: settle,
  };
}

/** A pool of stub children, and what it told its worker. */
async function startPool(options: Partial<TaskPoolOptions> = {}) {
  const told: string[] = [];
  const reports = new Map<string, JobReport>();
  const pids = new Map<string, number>();
  let tasks: ReadonlyMap<string, TaskInfo> = new Map();
  let hellos = 0;
  const pool: TaskPool = new TaskPool({
    kind: "prefork",
    module: new URL("./stub_child.ts", import.meta.url),
    args: [JSON.stringify({ tasksPerChild: options.tasksPerChild ?? 1 })],
    execArgv: TYPESCRIPT,
    processes: 1,
    tasksPerChild: 1,
    maxTasksPerChild: undefined,
    listener: {
      onHello: (_child, known) => {
        hellos++;
        tasks = new Map(known.map((task) => [task.name, task]));
      },
      mayStart: () => true,
      onStarted: (request, child, atMs) => {
        request.start(child.child.pid, atMs);
        pids.set(request.id, child.child.pid);
        told.push(`started ${request.type}`);
      },
      onDone: (request, _child, report) => {
        reports.set(request.id, report);
        told.push(`${report.outcome.kind} ${request.type}`);
      },
      onLost: (request, _child, exit) => told.push(`lost ${request.type} ${describeExit(exit)}`),
      onSoftLimit: (request) => told.push(`soft limit ${request.type}`),
      onHardLimit: (request) => told.push(`hard limit ${request.type}`),
      onEvent: () => {},
      onLog: () => {},
      onOutput: () => {},
      onExit: () => {},
      onHopeless: () => {},
    },
    ...options,
  });
  pools.push(pool);
  await pool.start();
  await eventually("all children are there", () => hellos === pool.processes, { timeoutMs: 20_000 });
  /** Queues a task. */
  const add = (
    action: string,
    ms = 0,
    headers: Record<string, number[] | null> = {},
    properties: Partial<TaskInfo> = {},
  ): Request => {
    const of = delivery(action, ms, headers);
    const info = tasks.get(action) ?? tasks.get("quick");
    if (info === undefined) throw new Error("the stub child knows no tasks");
    const fields = { headers: readTaskHeaders(of.message.headers), etaMs: undefined, expiresMs: undefined };
    const request = new Request(fields, { ...info, ...properties }, of, () => {});
    request.reserve();
    pool.add(request);
    return request;
  };
  const outcome = (request: Request) => reports.get(request.id)?.outcome;
  return { pool, add, told, outcome, pids };
}

afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close(0))));

describe("TaskPool", () => {
  test("runs what is added and tells what became of it", async () => {
    const { add, told, outcome, pids } = await startPool();

    const request = add("quick");

    await eventually("it is done", () => outcome(request) !== undefined);
    expect(told).toEqual(["started quick", "success quick"]);
    expect(outcome(request)).toMatchObject({ kind: "success", result: String(pids.get(request.id)) });
  });

  test("runs no two tasks at once in a child", async () => {
    const { add, told, outcome } = await startPool();

    const requests = [add("sleep", 30), add("sleep", 30)];

    await eventually("both are done", () => requests.every((request) => outcome(request) !== undefined));
    expect(told).toEqual(["started sleep", "success sleep", "started sleep", "success sleep"]);
  });

  test("sends ahead what it knows to be short, and keeps the order", async () => {
    const { add, outcome, pids } = await startPool();
    const first = add("quick");
    await eventually("the first is done", () => outcome(first) !== undefined);

    const requests = Array.from({ length: 500 }, () => add("quick"));

    await eventually("all are done", () => requests.every((request) => outcome(request) !== undefined));
    expect([...pids.keys()].slice(1)).toEqual(requests.map((request) => request.id));
  });

  test("strands nobody behind a task that took longer than ever before", async () => {
    const { add, outcome, pids } = await startPool({ processes: 2 });
    const warm = Array.from({ length: 50 }, () => add("spin", 0));
    await eventually("spin is known to be short", () => warm.every((request) => outcome(request) !== undefined));

    const long = add("spin", 60_000); // its child is killed at the end of the test
    const behind = Array.from({ length: 60 }, () => add("spin", 0));

    await eventually("all the short ones are done", () => behind.every((request) => outcome(request) !== undefined));
    expect(outcome(long)).toBeUndefined();
    expect(pids.size).toBe(111);
  });

  test("says which task was lost with its child, and runs the others elsewhere", async () => {
    const { add, told, outcome } = await startPool();
    const warm = add("exit", 5);
    await eventually("it is lost", () => told.some((line) => line.startsWith("lost")));
    expect(told).toContain("lost exit exitcode 5");

    const after = add("quick");

    await eventually("the replacement runs the next", () => outcome(after) !== undefined);
    expect(outcome(warm)).toBeUndefined();
  });

  for (const acksLate of [true, false]) {
    const how = acksLate ? "runs again what acknowledges late" : "gives up what acknowledges early";
    test(`${how}, where a child dies before it has reported what it had ended`, async () => {
      const { pool, add, told, outcome } = await startPool();
      const warm = Array.from({ length: 50 }, () => add("spin", 0));
      await eventually("spin is known to be short", () => warm.every((request) => outcome(request) !== undefined));
      told.length = 0;

      const ended = Array.from({ length: 20 }, () => add("spin", 0, {}, { acksLate }));
      const long = add("spin", 60_000, {}, { acksLate });
      const [child] = pool.children;
      await eventually("the long one is noted", () => child?.jobs.get(child.child.note)?.request === long);
      child?.child.kill("SIGKILL");

      const lost = () => told.filter((line) => line.startsWith("lost")).length;
      const done = () => ended.filter((request) => outcome(request) !== undefined).length;
      await eventually("each of them is done, or lost", () => done() + lost() === 21);
      expect(outcome(long)).toBeUndefined();
      if (acksLate) expect(lost()).toBe(1);
      else expect(told.filter((line) => line === "started spin").length).toBe(21); // none twice
    });
  }

  test("kills a child whose task runs past its hard limit", async () => {
    const { add, told, outcome } = await startPool();

    add("spin", 60_000, { timelimit: [0.2, 0] });
    const after = add("quick");

    await eventually("the next one is done", () => outcome(after) !== undefined);
    expect(told).toEqual(["started spin", "hard limit spin", "started quick", "success quick"]);
  });

  test("kills a child whose task used to be short and runs past its hard limit, with nobody behind it", async () => {
    const { add, told, outcome } = await startPool();
    const warm = Array.from({ length: 50 }, () => add("spin", 0));
    await eventually("spin is known to be short", () => warm.every((request) => outcome(request) !== undefined));
    told.length = 0;

    add("spin", 60_000, { timelimit: [0.2, 0] });

    await eventually("it is over", () => told.length === 2);
    expect(told).toEqual(["started spin", "hard limit spin"]);
  });

  test("lets a task that has asked for its signal clean up after the soft limit", async () => {
    const { add, told, outcome } = await startPool();

    const request = add("obedient", 0, { timelimit: [60, 0.1] });

    await eventually("it is done", () => outcome(request) !== undefined);
    expect(told).toContain("soft limit obedient");
    expect(outcome(request)).toMatchObject({ kind: "success", result: "cleaned up" });
  });

  test("abandons a task that has not asked for its signal at the soft limit", async () => {
    const { add, outcome } = await startPool();

    const request = add("sleep", 60_000, { timelimit: [60, 0.1] });

    await eventually("it has failed", () => outcome(request) !== undefined);
    expect(outcome(request)).toMatchObject({ kind: "failure", exception: expect.stringContaining("SoftTimeLimit") });
  });

  test("replaces a child after its number of tasks", async () => {
    const { add, outcome, pids } = await startPool({ maxTasksPerChild: 2 });

    const requests = Array.from({ length: 4 }, () => add("quick"));

    await eventually("all are done", () => requests.every((request) => outcome(request) !== undefined));
    const perChild = new Map<number, number>();
    for (const pid of pids.values()) perChild.set(pid, (perChild.get(pid) ?? 0) + 1);
    expect(Math.max(...perChild.values())).toBeLessThanOrEqual(2);
  });

  test("runs many tasks at once in each child of an async pool", async () => {
    const { pool, add, outcome } = await startPool({ kind: "async", tasksPerChild: 50 });

    const requests = Array.from({ length: 50 }, () => add("sleep", 300));

    await eventually("all run", () => pool.runningCount === 50);
    await eventually("all are done", () => requests.every((request) => outcome(request) !== undefined));
  });

  test("gives back what was not begun when it is paused", async () => {
    const { pool, add, outcome } = await startPool();
    const warm = add("quick");
    await eventually("quick is known to be short", () => outcome(warm) !== undefined);
    const running = add("sleep", 400);
    await eventually("it runs", () => running.state === "running");
    const waiting = Array.from({ length: 5 }, () => add("quick"));

    pool.pause();

    await eventually("nothing is in the child but what runs", () => pool.isRecalled);
    await eventually("that one is done", () => outcome(running) !== undefined);
    expect([...pool.waiting]).toEqual(waiting);
  });

  test("hands on that a message was no task", async () => {
    const { add, told, outcome } = await startPool();

    const request = add("nonsense");

    await eventually("it is refused", () => outcome(request) !== undefined);
    expect(told).toEqual(["invalid nonsense"]);
  });
});
