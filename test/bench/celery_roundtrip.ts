/**
 * How long one `delay().get()` takes, with nothing else going on: the median of many, one after the other.
 * @module
 */
import { Celery } from "../../lib/celery/mod.ts";
import { alternate, type Bench, type Measurement, median, runAlone } from "./harness.ts";
import { environment, ourWorker, python, pythonWorker, withRedis } from "./celery/setting.ts";

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

async function ours(url: string, calls: number): Promise<number> {
  const worker = ourWorker(url, ["-c", "2", "-l", "INFO"]);
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

async function theirs(url: string, calls: number): Promise<number> {
  const worker = pythonWorker(url, ["-c", "2", "-l", "INFO"]);
  try {
    await worker.printed(/ ready\./);
    return Number(python(PYTHON_LOOP(calls), url));
  } finally {
    await worker.stop();
  }
}

export const bench: Bench = {
  name: "celery_roundtrip",
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
        ...await alternate(rounds, () => ours(url, calls), () => theirs(url, calls)),
      }];
    }),
};

await runAlone(import.meta.url, bench);
