/**
 * What the Celery benches measure, of our side: publishing, draining a queue, round trips.
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Celery } from "../../../lib/celery/mod.ts";
import { RedisClient } from "../../../lib/redis/mod.ts";
import type { Program } from "../../support/program.ts";
import { median, rate } from "../harness.ts";
import { type BenchBroker, environment } from "./setting.ts";

/** Publishes under way at once: as a producer would that awaits its broker now and then. */
export const PUBLISH_BATCH = 1_000;
/** The first results are not counted: the worker's start would be in the time. */
const WARM_UP = 0.05;
const DEADLINE_MS = 300_000;
/** All keys but those of results. */
const QUEUE_KEYS = [
  ...["celery", "unacked", "unacked_index", "unacked_mutex", "_kombu.binding.celery", "_kombu.binding.celery.pidbox"],
  ...["_kombu.binding.celeryev", "_kombu.binding.reply.celery.pidbox"],
];

/** Calls of `delay` a second, every one of them confirmed before the clock stops. */
export async function publishRate(url: string, calls: number): Promise<number> {
  const app = new Celery("addTask", { environment: environment(url) });
  const add = app.task("addTask.add", (x: number, y: number) => x + y);
  try {
    await add.delay(0, 0).published;
    return await rate(calls, async () => {
      for (let from = 0; from < calls; from += PUBLISH_BATCH) {
        const size = Math.min(PUBLISH_BATCH, calls - from);
        await Promise.all(Array.from({ length: size }, (_, at) => add.delay(from + at, at).published));
      }
    });
  } finally {
    await app.close();
  }
}

/** Additions a second, from the time when a twentieth of them is done. */
export async function drainRate(broker: BenchBroker, count: number, start: () => Program): Promise<number> {
  const observer = new RedisClient({ url: broker.observerUrl });
  try {
    await publishRate(broker.url, 1); // it runs from now on, if it has to be started
    await observer.run(["FLUSHALL"]);
    await publishRate(broker.url, count);
    const worker = start();
    try {
      const first = await resultsIn(observer, count * WARM_UP);
      const last = await resultsIn(observer, count);
      return (last.count - first.count) / ((last.atMs - first.atMs) / 1000);
    } finally {
      await worker.stop();
    }
  } finally {
    await observer.close();
  }
}

/** Waits until so many results are stored. */
async function resultsIn(observer: RedisClient, wanted: number): Promise<{ count: number; atMs: number }> {
  const end = performance.now() + DEADLINE_MS;
  while (performance.now() < end) {
    const [keys, others] = await observer.runAll([["DBSIZE"], ["EXISTS", ...QUEUE_KEYS]]);
    const count = Number(keys) - Number(others);
    if (count >= wanted) return { count, atMs: performance.now() };
    await sleep(20);
  }
  throw new Error(`The worker did not get through ${wanted} tasks in ${DEADLINE_MS} ms`);
}

/** Milliseconds from `delay` to the result, the median of `calls` one after the other. */
export async function roundTripMs(url: string, calls: number, start: () => Program): Promise<number> {
  const worker = start();
  const app = new Celery("addTask", { environment: environment(url) });
  try {
    await worker.printed(/ ready\./);
    const times: number[] = [];
    for (let i = 0; i < calls; i++) {
      const start = performance.now();
      await app.sendTask("addTask.add", [i, 1]).get({ timeout: 30 });
      times.push(performance.now() - start);
    }
    return median(times);
  } finally {
    await app.close();
    await worker.stop();
  }
}
