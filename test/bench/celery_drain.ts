/**
 * How fast 20,000 queued additions are worked off: message reserved, recorded as unacked, run, result stored, acknowledged.
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Celery } from "../../lib/celery/mod.ts";
import type { Program } from "../support/program.ts";
import type { RedisServer } from "../support/redis_server.ts";
import { alternate, type Bench, type Measurement, runAlone } from "./harness.ts";
import { bullmqRate } from "./celery/bullmq.ts";
import { environment, ourWorker, pythonWorker, redisNumber, withRedis } from "./celery/setting.ts";

const TASKS = 20_000;
/** The first results are not counted: the worker's start would be in the time. */
const WARM_UP = 0.05;
const DEADLINE_MS = 300_000;

/** Additions a second, from the time when a twentieth of them is done. */
async function drain(server: RedisServer, count: number, start: () => Program): Promise<number> {
  await redisNumber(server, ["FLUSHALL"]);
  await fill(server.url, count);
  const worker = start();
  try {
    const first = await results(server, count * WARM_UP);
    const last = await results(server, count);
    return (last.count - first.count) / ((last.atMs - first.atMs) / 1000);
  } finally {
    await worker.stop();
  }
}

async function fill(url: string, count: number): Promise<void> {
  const app = new Celery("addTask", { environment: environment(url) });
  for (let sent = 0; sent < count; sent += 1000) {
    const batch = Array.from(
      { length: Math.min(1000, count - sent) },
      (_, i) => app.sendTask("addTask.add", [sent, i]),
    );
    await Promise.all(batch.map((result) => result.published));
  }
  await app.close();
}

/** Waits until so many results stand in Redis. */
async function results(server: RedisServer, wanted: number): Promise<{ count: number; atMs: number }> {
  const end = performance.now() + DEADLINE_MS;
  while (performance.now() < end) {
    const count = await redisNumber(server, ["EVAL", COUNT_RESULTS, "0"]);
    if (count >= wanted) return { count, atMs: performance.now() };
    await sleep(20);
  }
  throw new Error(`The worker did not get through ${wanted} tasks in ${DEADLINE_MS} ms`);
}

/** All keys but those of the queue. */
const COUNT_RESULTS = "return redis.call('DBSIZE') - redis.call('EXISTS', 'celery', 'unacked', 'unacked_index', " +
  "'unacked_mutex', '_kombu.binding.celery', '_kombu.binding.celery.pidbox', '_kombu.binding.celeryev', " +
  "'_kombu.binding.reply.celery.pidbox')";

export const bench: Bench = {
  name: "celery_drain",
  about:
    "Draining a queue of additions on real Redis: prefork workers with two processes, and BullMQ at concurrency 100",
  run: ({ rounds, scale }) =>
    withRedis(async (server): Promise<Measurement[]> => {
      const count = Math.round(TASKS * scale);
      const ours = () => drain(server, count, () => ourWorker(server.url, ["-c", "2"]));
      const theirs = () => drain(server, count, () => pythonWorker(server.url, ["-c", "2"]));
      const what = `drain ${count.toLocaleString("en")} queued add`;
      const common = { what, unit: "tasks/s", moreIsBetter: true };
      return [
        { ...common, against: "Python Celery, prefork -c 2", target: 15, ...await alternate(rounds, ours, theirs) },
        {
          ...common,
          against: "BullMQ 5, concurrency 100",
          target: 2,
          ...await alternate(rounds, ours, () => bullmqRate(server, count)),
        },
      ];
    }),
};

await runAlone(import.meta.url, bench);
