import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { systemClock } from "../../../lib/base/time.ts";
import { JobRunner, type JobSteps } from "../../../lib/celery/worker/child/job_runner.ts";
import type { FromChild, TaskOrder } from "../../../lib/celery/worker/pool_message.ts";

type Body = () => unknown;

/** A runner whose tasks are functions, and what it has told its supervisor: kind and job. */
function runner(
  bodies: Readonly<Record<string, Body>>,
  conclude: JobSteps<Body>["conclude"] = succeeded,
  hasHooks = false,
) {
  const told: string[] = [];
  const notes: number[] = [];
  const jobs = new JobRunner<Body>({
    steps: {
      prepare: ({ message }) => ({ prepared: bodies[String(message.headers.task)] ?? (() => undefined) }),
      call: (body) => body(),
      hasHooks: () => hasHooks,
      conclude,
    },
    concurrency: 1,
    send: (message) => void told.push(shown(message)),
    flush: () => true,
    note: (job) => void notes.push(job),
    clock: { ...systemClock, monotonic: () => 0 }, // nothing takes any time
  });
  return { jobs, told, notes };
}

const succeeded: JobSteps<Body>["conclude"] = () => Promise.resolve({ kind: "success", seconds: 0, result: "" });

function shown(message: FromChild): string {
  switch (message.kind) {
    case "done":
      return `${message.began === undefined ? "" : "began and "}done ${message.job}`;
    case "started":
      return `started ${message.job}`;
    default:
      return message.kind;
  }
}

function order(job: number, task: string, staleAtMs: number | null = null): TaskOrder {
  return {
    kind: "task",
    job,
    staleAtMs,
    message: {
      headers: { task },
      properties: {},
      contentType: "application/json",
      contentEncoding: "utf-8",
      body: new Uint8Array(0),
    },
    exchange: "",
    routingKey: "celery",
    redelivered: false,
    timeLimit: null,
    softTimeLimit: null,
  };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("A runner of jobs", () => {
  test("announces a task that it does not know before it runs it, and a short one together with its end", async () => {
    const { jobs, told, notes } = runner({ short: () => 1 });

    jobs.add(order(1, "short"));
    await expect.poll(() => told).toEqual(["started 1", "done 1"]);
    jobs.add(order(2, "short"));
    await expect.poll(() => told.slice(2)).toEqual(["began and done 2"]);

    expect(notes).toEqual([1, 2]);
  });

  test("announces a task that used to be short as soon as it is awaited", async () => {
    let finish = (): void => {};
    const waits: Promise<void>[] = [];
    const { jobs, told } = runner({ sometimes: () => waits[0] });
    jobs.add(order(1, "sometimes"));
    await expect.poll(() => told).toContain("done 1");

    waits.push(new Promise((resolve) => finish = resolve));
    jobs.add(order(2, "sometimes"));
    expect(told.slice(2)).toEqual(["started 2"]);
    finish();
    await expect.poll(() => told.slice(2)).toEqual(["started 2", "done 2"]);
  });

  test("does nothing at all while one task is awaited and others wait behind it", async () => {
    const { jobs, told } = runner({ endless: () => new Promise(() => {}) });
    const turns = vi.spyOn(globalThis, "setImmediate");

    jobs.add(order(1, "endless"));
    jobs.add(order(2, "endless"));
    for (let i = 0; i < 20; i++) await nextTurn();

    expect(told).toEqual(["started 1"]);
    expect(turns.mock.calls.length).toBeLessThan(3);
  });

  test("begins no long task before everything ahead of it is stored", async () => {
    let store = (): void => {};
    const isStored = new Promise<void>((resolve) => store = resolve);
    const { jobs, told } = runner({}, async () => {
      await isStored;
      return { kind: "success", seconds: 0, result: "" };
    });

    jobs.add(order(1, "first"));
    jobs.add(order(2, "second"));
    for (let i = 0; i < 5; i++) await nextTurn();
    expect(told).toEqual(["started 1"]);

    store();
    await expect.poll(() => told).toEqual(["started 1", "done 1", "started 2", "done 2"]);
  });

  for (const hasHooks of [false, true]) {
    test(`begins a short task ${hasHooks ? "only when the hooks of the last have run" : "while the last is stored"}`, async () => {
      let store = (): void => {};
      let isStored = Promise.resolve();
      const { jobs, told, notes } = runner({}, async () => {
        await isStored;
        return { kind: "success", seconds: 0, result: "" };
      }, hasHooks);
      jobs.add(order(1, "short"));
      await expect.poll(() => told).toContain("done 1");

      isStored = new Promise((resolve) => store = resolve);
      jobs.add(order(2, "short"));
      jobs.add(order(3, "short"));
      for (let i = 0; i < 5; i++) await nextTurn();
      expect(notes).toEqual(hasHooks ? [1, 2] : [1, 2, 3]);

      store();
      await expect.poll(() => told.slice(2)).toEqual(["began and done 2", "began and done 3"]);
    });
  }

  test("gives back a job whose lease ends between its note and its call, and all behind it whose lease has ended", () => {
    let now = 1000;
    const told: string[] = [];
    const jobs = new JobRunner<Body>({
      steps: {
        prepare: () => ({ prepared: () => told.push("called") }),
        call: (body) => body(),
        hasHooks: () => false,
        conclude: succeeded,
      },
      concurrency: 1,
      send: (message) => void told.push(message.kind === "returned" ? `returned ${message.jobs.join()}` : message.kind),
      flush: () => true,
      note: () => void (now += 60_000), // suspended meanwhile
      clock: { ...systemClock, monotonic: () => now },
    });

    jobs.add(order(1, "late", 1500));

    expect(told).toEqual(["started", "returned 1"]);
  });
});
