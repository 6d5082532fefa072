/**
 * How many tasks one process can hand to Redis: our `delay` in a loop against Python's, each on a queue of its own.
 * @module
 */
import { alternate, type Bench, type Measurement, runAlone } from "./harness.ts";
import { PUBLISH_BATCH, publishRate } from "./celery/rates.ts";
import { python, withRedis } from "./celery/setting.ts";

const OUR_CALLS = 20_000;
const PYTHON_CALLS = 2_000;

const PYTHON_LOOP = (calls: number) => `
import time, addTask
addTask.add.delay(0, 0)
start = time.perf_counter()
for i in range(${calls}):
    addTask.add.delay(i, i)
print(${calls} / (time.perf_counter() - start))
`;

export const bench: Bench = {
  name: "celery_publish",
  needs: ["redis-server", "python-celery"],
  about: "Publishing add(i, i) to real Redis: our delay() against Python's",
  run: ({ rounds, scale }) =>
    withRedis(async ({ url }): Promise<Measurement[]> => {
      const calls = Math.max(PUBLISH_BATCH, Math.round(OUR_CALLS * scale));
      const pythonCalls = Math.max(200, Math.round(PYTHON_CALLS * scale));
      return [{
        what: "publish add(i, i), confirmed",
        against: "Python Celery",
        unit: "tasks/s",
        moreIsBetter: true,
        target: 20,
        ...await alternate(
          rounds,
          () => publishRate(url, calls),
          async () => Number(await python(PYTHON_LOOP(pythonCalls), url)),
        ),
      }];
    }),
};

await runAlone(import.meta.url, bench);
