import process from "node:process";
import type { Command } from "./panel.ts";

/** Python's module of each pool. */
const IMPLEMENTATIONS = {
  prefork: "celery.concurrency.prefork:TaskPool",
  async: "celery.concurrency.gevent:TaskPool",
  solo: "celery.concurrency.solo:TaskPool",
} as const;

/**
 * What a worker has done and of what it is made; Flower's worker page reads every part of it.
 *
 * Source: celery 5.6 celery/worker/worker.py `stats`, celery/concurrency/prefork.py `_get_info`
 */
export const stats: Command = (panel) => {
  const { pool, consumer, autoscaler } = panel;
  const begun = pool.children.map((child) => child.begun);
  const total = begun.reduce((sum, count) => sum + count, 0);
  const share = (count: number) => (total === 0 ? 0 : count / total).toFixed(2);
  return {
    total: Object.fromEntries(panel.held.totals),
    pid: process.pid,
    clock: String(panel.logicalClock.value),
    uptime: Math.round((panel.clock.now() - panel.startedAtMs) / 1000),
    pool: {
      implementation: IMPLEMENTATIONS[pool.kind],
      "max-concurrency": pool.concurrency,
      processes: pool.children.map((child) => child.child.pid),
      "max-tasks-per-child": panel.maxTasksPerChild ?? "N/A",
      "put-guarded-by-semaphore": false,
      timeouts: [0, 0],
      writes: {
        total,
        avg: share(begun.length === 0 ? 0 : total / begun.length),
        all: begun.map(share).join(", "),
        raw: begun.join(", "),
        strategy: "fair",
        inqueues: { total: begun.length, active: 0 },
      },
    },
    broker: panel.brokerInfo(),
    prefetch_count: consumer.credit,
    ...(autoscaler === undefined ? {} : { autoscaler: autoscaler.info() }),
    rusage: resourceUsage(),
  };
};

/** `getrusage` under Python's names. */
function resourceUsage(): Record<string, number> {
  const usage = process.resourceUsage();
  return {
    utime: usage.userCPUTime / 1e6,
    stime: usage.systemCPUTime / 1e6,
    maxrss: usage.maxRSS,
    ixrss: usage.sharedMemorySize,
    idrss: usage.unsharedDataSize,
    isrss: usage.unsharedStackSize,
    minflt: usage.minorPageFault,
    majflt: usage.majorPageFault,
    nswap: usage.swappedOut,
    inblock: usage.fsRead,
    oublock: usage.fsWrite,
    msgsnd: usage.ipcSent,
    msgrcv: usage.ipcReceived,
    nsignals: usage.signalsCount,
    nvcsw: usage.voluntaryContextSwitches,
    nivcsw: usage.involuntaryContextSwitches,
  };
}
