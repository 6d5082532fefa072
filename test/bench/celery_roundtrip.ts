/**
 * How long one `delay().get()` takes, with nothing else going on: the median of many, one after the other.
 * @module
 */
import { alternate, type Bench, type Measurement, runAlone } from "./harness.ts";
import { roundTripMs } from "./celery/rates.ts";
import { ourWorker, python, pythonWorker, withRedis } from "./celery/setting.ts";

const CALLS = 300;

const PYTHON_LOOP = (calls: number) => `
import time, addTask
times = []
for i in range(${calls}):
    start = time.perf_counter()
    assert addTask.add.delay(i, 1).get(timeout=30) == i + 1
    times.append((time.perf_counter() - start) * 1000)
print(sorted(times)[len(times) // 2])
`;

async function theirs(url: string, calls: number): Promise<number> {
  const worker = pythonWorker(url, ["-c", "2", "-l", "INFO"]);
  try {
    await worker.printed(/ ready\./);
    return Number(await python(PYTHON_LOOP(calls), url));
  } finally {
    await worker.stop();
  }
}

export const bench: Bench = {
  name: "celery_roundtrip",
  needs: ["redis-server", "python-celery"],
  about: "One delay().get() over real Redis: client and worker both ours, or both Python's",
  run: ({ rounds, scale }) =>
    withRedis(async ({ url }): Promise<Measurement[]> => {
      const calls = Math.max(50, Math.round(CALLS * scale));
      return [{
        what: `delay().get(), median of ${calls}`,
        against: "Python Celery",
        unit: "ms",
        moreIsBetter: false,
        target: 3,
        ...await alternate(rounds, () =>
          roundTripMs(url, calls, () => ourWorker(url, ["-c", "2", "-l", "INFO"])), () =>
          theirs(url, calls)),
      }];
    }),
};

await runAlone(import.meta.url, bench);
