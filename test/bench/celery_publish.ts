/**
 * How many tasks one process can hand to Redis: our `delay` in a loop against Python's, each on a queue of its own.
 * @module
 */
import { Celery } from "../../lib/celery/mod.ts";
import { alternate, type Bench, type Measurement, rate, runAlone } from "./harness.ts";
import { environment, python, withRedis } from "./celery/setting.ts";

const OUR_CALLS = 20_000;
const PYTHON_CALLS = 2_000;
/** Publishes under way at once: as a producer would that awaits its broker now and then. */
const BATCH = 1_000;

const PYTHON_LOOP = (calls: number) => `
import time, addTask
addTask.add.delay(0, 0)
start = time.perf_counter()
for i in range(${calls}):
    addTask.add.delay(i, i)
print(${calls} / (time.perf_counter() - start))
`;

/** Every publish is confirmed by Redis before the clock stops. */
async function ours(url: string, calls: number): Promise<number> {
  const app = new Celery("addTask", { environment: environment(url) });
  const add = app.task("addTask.add", (x: number, y: number) => x + y);
  try {
    await add.delay(0, 0).published;
    return await rate(calls, async () => {
      for (let from = 0; from < calls; from += BATCH) {
        const size = Math.min(BATCH, calls - from);
        await Promise.all(Array.from({ length: size }, (_, at) => add.delay(from + at, at).published));
      }
    });
  } finally {
    await app.close();
  }
}

export const bench: Bench = {
  name: "celery_publish",
  about: "Publishing add(i, i) to real Redis: our delay() against Python's",
  run: ({ rounds, scale }) =>
    withRedis(async ({ url }): Promise<Measurement[]> => {
      const calls = Math.max(BATCH, Math.round(OUR_CALLS * scale));
      const pythonCalls = Math.max(200, Math.round(PYTHON_CALLS * scale));
      return [{
        what: "publish add(i, i), confirmed",
        against: "Python Celery",
        unit: "tasks/s",
        moreIsBetter: true,
        target: 20,
        ...await alternate(
          rounds,
          () => ours(url, calls),
          () => Promise.resolve(Number(python(PYTHON_LOOP(pythonCalls), url))),
        ),
      }];
    }),
};

await runAlone(import.meta.url, bench);
