import { Buffer } from "node:buffer";
import { describe, expect, test, vi } from "vitest";
import type { ResultBackend } from "../../../lib/celery/backend/backend.ts";
import { Celery } from "../../../lib/celery/mod.ts";
import { JobControl } from "../../../lib/celery/worker/child/job_control.ts";
import { TaskTracer } from "../../../lib/celery/worker/child/trace.ts";
import type { Outcome, TaskOrder } from "../../../lib/celery/worker/pool_message.ts";
import { DecodeError } from "../../../lib/celery/wire/errors.ts";

const ALREADY = { kind: "ignored", description: "Task already completed successfully." };

/** An app with one task, and a tracer that runs it. */
function traced(settings: Partial<Record<string, unknown>> = {}, options: Record<string, unknown> = {}) {
  const app = new Celery("proj", {
    broker: "memory://",
    backend: "memory://",
    workerDeduplicateSuccessfulTasks: true,
    environment: {},
    ...settings,
  });
  const calls: unknown[] = [];
  app.task("proj.note", { acksLate: true, ...options }, (x: unknown) => {
    calls.push(x);
    return x;
  });
  const complaints: string[] = [];
  const tracer = new TaskTracer(app, {
    node: "worker@host",
    isAlone: false,
    sendEvent: () => {},
    complain: (message) => complaints.push(message),
  });
  return { app, calls, complaints, tracer };
}

function order(redelivered: boolean, embed: Record<string, unknown> = {}, headers = {}): TaskOrder {
  return {
    kind: "task",
    job: 1,
    staleAtMs: null,
    message: {
      headers: { task: "proj.note", id: "the-id", ...headers },
      properties: { correlationId: "the-id" },
      contentType: "application/json",
      contentEncoding: "utf-8",
      body: Buffer.from(JSON.stringify([[7], {}, embed])),
    },
    exchange: "",
    routingKey: "celery",
    redelivered,
    timeLimit: null,
    softTimeLimit: null,
  };
}

async function run(tracer: TaskTracer, task: TaskOrder): Promise<Outcome> {
  const control = new JobControl();
  const ready = tracer.prepare(task);
  if (!("prepared" in ready)) return ready.outcome;
  try {
    const value = await tracer.call(ready.prepared, control);
    return await tracer.conclude(ready.prepared, { kind: "returned", value }, 0, control);
  } catch (error) {
    return await tracer.conclude(ready.prepared, { kind: "threw", error }, 0, control);
  }
}

const REQUEST = { id: "the-id", replyTo: undefined, correlationId: undefined, group: undefined, groupIndex: undefined };

async function store(app: Celery, status: string, result: unknown): Promise<void> {
  const meta = { taskId: "the-id", status, result, traceback: null, children: [], dateDone: null };
  await (await app.backend()).store(meta, REQUEST);
}

describe("A task that is delivered again, with workerDeduplicateSuccessfulTasks", () => {
  test("is not run where it has succeeded, and its result stays", async () => {
    const { app, calls, tracer } = traced();
    await store(app, "SUCCESS", "the first");

    expect(await run(tracer, order(true))).toEqual(ALREADY);
    expect(calls).toEqual([]);
    expect(await app.AsyncResult("the-id").get()).toBe("the first");
  });

  test("is not retried either where it retries after every error", async () => {
    const { app, calls, tracer } = traced({}, { autoretryFor: [Error] });
    await store(app, "SUCCESS", "the first");

    expect(await run(tracer, order(true))).toEqual(ALREADY);
    expect(calls).toEqual([]);
  });

  test.each([
    ["has failed", true, { status: "FAILURE" }, {}, {}],
    ["has begun", true, { status: "STARTED" }, {}, {}],
    ["has stored nothing", true, {}, {}, {}],
    ["was not delivered before", false, { status: "SUCCESS" }, {}, {}],
    ["is acknowledged early", true, { status: "SUCCESS" }, {}, { acksLate: false }],
    ["may be repeated, by the settings", true, { status: "SUCCESS" }, { workerDeduplicateSuccessfulTasks: false }, {}],
  ])("is run where it %s", async (_, redelivered, before: { status?: string }, settings, options) => {
    const { app, calls, tracer } = traced(settings, options);
    if (before.status !== undefined) await store(app, before.status, null);

    expect(await run(tracer, order(redelivered))).toMatchObject({ kind: "success" });
    expect(calls).toEqual([7]);
  });

  test("is run, with a complaint, where its result cannot be read", async () => {
    const { app, calls, complaints, tracer } = traced();
    const backend = await app.backend();
    vi.spyOn(backend, "get").mockRejectedValue(new DecodeError("Cannot read JSON"));

    expect(await run(tracer, order(true))).toMatchObject({ kind: "success" });
    expect(calls).toEqual([7]);
    expect(complaints).toEqual([
      "Cannot tell whether proj.note[the-id] has succeeded before, it is run again: DecodeError: Cannot read JSON",
    ]);
  });

  test("asks no backend that keeps no results", async () => {
    const { app, calls, tracer } = traced();
    const backend: ResultBackend = await app.backend();
    vi.spyOn(backend, "name", "get").mockReturnValue("rpc");
    const get = vi.spyOn(backend, "get");

    expect(await run(tracer, order(true))).toMatchObject({ kind: "success" });
    expect([calls, get.mock.calls]).toEqual([[7], []]);
  });

  test("has its followers sent where the result has no children, and no others", async () => {
    const { app, tracer } = traced();
    const sent: unknown[] = [];
    app.onPublish(({ headers }) => void sent.push(headers.task));
    await store(app, "SUCCESS", 7);
    const follower = (task: string) => ({
      task,
      args: [],
      kwargs: {},
      options: {},
      subtask_type: null,
      immutable: false,
    });

    const again = order(true, { callbacks: [follower("proj.callback")], chain: [follower("proj.next")] });
    expect(await run(tracer, again)).toEqual(ALREADY);
    expect(sent.sort()).toEqual(["proj.callback", "proj.next"]);
  });

  test("does not have its followers sent again that it has sent", async () => {
    const { app, tracer } = traced();
    const sent: unknown[] = [];
    app.onPublish(({ headers }) => void sent.push(headers.task));
    const callback = { task: "proj.callback", args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false };

    expect(await run(tracer, order(false, { callbacks: [callback] }))).toMatchObject({ kind: "success" });
    expect(await run(tracer, order(true, { callbacks: [callback] }))).toEqual(ALREADY);
    expect(sent).toEqual(["proj.callback"]);
  });

  test("comes back where what follows cannot be started", async () => {
    const { app, tracer } = traced();
    await store(app, "SUCCESS", 7);
    vi.spyOn(await app.backend(), "addChordPart").mockRejectedValue(new DecodeError("Cannot read a part of the chord"));
    const body = { task: "proj.body", args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false };

    expect(await run(tracer, order(true, { chord: body }, { group: "the-group" }))).toEqual({
      kind: "rejected",
      requeue: true,
      exception: "DecodeError('Cannot read a part of the chord')",
    });
  });

  test("is counted by its chord, whose part the worker before may not have come to", async () => {
    const { app, tracer } = traced();
    const sent: unknown[] = [];
    app.onPublish(({ headers }) => void sent.push(headers.task));
    await store(app, "SUCCESS", 7);
    await (await app.backend()).setChordSize("the-group", 1);
    const body = { task: "proj.body", args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false };

    expect(await run(tracer, order(true, { chord: body }, { group: "the-group" }))).toEqual(ALREADY);

    expect(sent).toEqual(["proj.body"]);
  });
});
