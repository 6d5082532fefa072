/**
 * What a worker costs before it has anything to do: time from the command to `ready.`, memory and processor while idle.
 * @module
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Program } from "../support/program.ts";
import { alternate, type Bench, type Measurement, runAlone } from "./harness.ts";
import { ourWorker, processTree, pythonWorker, withRedis } from "./celery/setting.ts";

const IDLE_MS = 5000;
/** Clock ticks a second, in which Linux counts processor time. */
const TICKS = 100;

type Start = (url: string, args: readonly string[]) => Program;

const ARGS = ["-l", "INFO", "-c", "2"];

async function secondsToReady(start: Start, url: string): Promise<number> {
  const began = performance.now();
  const worker = start(url, ARGS);
  try {
    await worker.printed(/ ready\./);
    return (performance.now() - began) / 1000;
  } finally {
    await worker.stop();
  }
}

/** Resident memory of the worker and its children together, MB, and percent of one core while idle. */
async function idle(start: Start, url: string): Promise<{ memory: number; processor: number }> {
  const worker = start(url, ARGS);
  try {
    await worker.printed(/ ready\./);
    await sleep(2000); // what the start has left to do
    const pids = processTree(worker.pid);
    const before = sum(pids.map(ticks));
    await sleep(IDLE_MS);
    const used = (sum(pids.map(ticks)) - before) / TICKS;
    return { memory: sum(pids.map(residentKb)) / 1024, processor: 100 * used / (IDLE_MS / 1000) };
  } finally {
    await worker.stop();
  }
}

function ticks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

function residentKb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export const bench: Bench = {
  name: "celery_startup",
  needs: ["redis-server", "python-celery"],
  about: "An idle worker with two processes on real Redis: time to ready, memory, processor",
  run: ({ rounds }) =>
    withRedis(async ({ url }): Promise<Measurement[]> => {
      const ready = await alternate(
        rounds,
        () => secondsToReady(ourWorker, url),
        () => secondsToReady(pythonWorker, url),
      );
      const [ours, theirs] = [await idle(ourWorker, url), await idle(pythonWorker, url)];
      const common = { against: "Python Celery", moreIsBetter: false };
      return [
        { ...common, what: "worker ready", unit: "s", ...ready },
        { ...common, what: "idle worker, resident", unit: "MB", ours: ours.memory, theirs: theirs.memory },
        { ...common, what: "idle worker, processor", unit: "%", ours: ours.processor, theirs: theirs.processor },
      ];
    }),
};

await runAlone(import.meta.url, bench);
