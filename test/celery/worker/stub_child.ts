/** A pool child for tests: task names say what to do, and nothing is stored. */
import process from "node:process";
import { meetParent } from "../../../lib/proc/mod.ts";
import { JobRunner, type JobSteps } from "../../../lib/celery/worker/child/job_runner.ts";
import { decodeToChild, encodeFromChild, type FromChild } from "../../../lib/celery/worker/pool_message.ts";
import type { TaskInfo } from "../../../lib/celery/worker/task_info.ts";

const concurrency = Number(process.argv[2] ?? 1);

function info(name: string): TaskInfo {
  return {
    name,
    acksLate: false,
    acksOnFailureOrTimeout: true,
    rejectOnWorkerLost: false,
    rateLimit: null,
    timeLimit: null,
    softTimeLimit: null,
    ignoreResult: false,
    storeErrorsEvenIfIgnored: false,
    sendEvents: true,
    attributes: {},
  };
}

/** Some texts of the body: what the task is to do. */
const ACTIONS = new Map<string, (ms: number, signal: () => AbortSignal) => unknown>([
  ["quick", () => process.pid],
  ["sleep", (ms) => new Promise((resolve) => setTimeout(() => resolve(process.pid), ms))],
  ["spin", (ms) => {
    const end = performance.now() + ms;
    while (performance.now() < end);
    return process.pid;
  }],
  ["exit", (code) => process.exit(code)],
  [
    "obedient",
    (_ms, signal) =>
      new Promise((resolve) => signal().addEventListener("abort", () => resolve("cleaned up"), { once: true })),
  ],
]);

const steps: JobSteps<{ action: string; ms: number }> = {
  prepare(order) {
    const [action, ms] = JSON.parse(Buffer.from(order.message.body).toString()) as [string, number];
    if (action === "nonsense") return { outcome: { kind: "invalid", reason: "nonsense" } };
    return { prepared: { action, ms } };
  },
  call: ({ action, ms }, control) => ACTIONS.get(action)?.(ms, () => control.signal),
  conclude: (_prepared, result, runMs) =>
    Promise.resolve(
      result.kind === "returned"
        ? { kind: "success", seconds: runMs / 1000, result: String(result.value) }
        : { kind: "failure", exception: String(result.error), traceback: "", expected: false },
    ),
};

const send = (message: FromChild) => void parent.send(...encodeFromChild(message));
let isLeaving = false;
const runner = new JobRunner({
  steps,
  concurrency,
  send,
  flush: () => parent.flush(),
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
send({ kind: "hello", pid: process.pid, nowMs: performance.now(), tasks: [...ACTIONS.keys()].map(info) });
