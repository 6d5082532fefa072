/** A pool child for tests: task names say what to do, and nothing is stored. */
import process from "node:process";
import { meetParent } from "../../../lib/proc/mod.ts";
import { JobRunner, type JobSteps } from "../../../lib/celery/worker/child/job_runner.ts";
import {
  decodeToChild,
  encodeFromChild,
  type FromChild,
  type Outcome,
} from "../../../lib/celery/worker/pool_message.ts";
import type { ChildSetup } from "../../../lib/celery/worker/pool_shape.ts";
import { mistake } from "../../../lib/celery/worker/read_task.ts";
import { readTaskBody } from "../../../lib/celery/wire/task_message.ts";
import { stubTaskInfo } from "./stub_task_info.ts";

const { tasksPerChild } = JSON.parse(process.argv[2] ?? "") as ChildSetup;

/** What each task does with its arguments. */
const ACTIONS = new Map<string, (ms: number, signal: () => AbortSignal, second: number) => unknown>([
  ["quick", () => process.pid],
  ["proj.add", (x, _signal, y) => x + y],
  ["proj.sleep", (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000))],
  ["sleep", (ms) => new Promise((resolve) => setTimeout(() => resolve(process.pid), ms))],
  ["spin", (ms) => {
    const end = performance.now() + ms;
    while (performance.now() < end);
    return process.pid;
  }],
  ["print", () => {
    console.log("to one");
    console.error("to the other");
  }],
  ["exit", (code) => process.exit(code)],
  [
    "obedient",
    (_ms, signal) =>
      new Promise((resolve) => signal().addEventListener("abort", () => resolve("cleaned up"), { once: true })),
  ],
]);

const steps: JobSteps<{ action: string; args: readonly unknown[] }> = {
  prepare(order) {
    try {
      const payload: unknown = JSON.parse(Buffer.from(order.message.body).toString());
      return { prepared: { action: String(order.message.headers.task), args: readTaskBody(payload).args } };
    } catch (error) {
      const { kind, ...rest } = mistake(error);
      return { outcome: { kind, ...rest } as Outcome };
    }
  },
  call: ({ action, args }, control) =>
    ACTIONS.get(action)?.(Number(args[0] ?? 0), () => control.signal, Number(args[1])),
  hasHooks: () => false,
  conclude: (_prepared, result, runMs) =>
    Promise.resolve(
      result.kind === "returned"
        ? { kind: "success", seconds: runMs / 1000, result: String(result.value) }
        : { kind: "failure", exception: String(result.error), traceback: "", expected: false },
    ),
};

const send = (message: FromChild) => void parent.channel.send(...encodeFromChild(message));
let isLeaving = false;
const runner = new JobRunner({
  steps,
  concurrency: tasksPerChild,
  send,
  flush: () => parent.channel.flush(),
  note: (job) => parent.note.write(job),
  onIdle: () => {
    if (isLeaving) process.exit(0);
  },
});
const parent = await meetParent((payload) => {
  const message = decodeToChild(payload);
  switch (message.kind) {
    case "task":
      return runner.add(message);
    case "recall":
      return runner.recall(message.jobs);
    case "abort":
      return runner.abort(message.job, message.reason);
    case "settings":
      return;
    case "stop":
      isLeaving = true;
      if (runner.isIdle) process.exit(0);
  }
});
send({ kind: "hello", pid: process.pid, nowMs: performance.now(), tasks: [...ACTIONS.keys()].map(stubTaskInfo) });
