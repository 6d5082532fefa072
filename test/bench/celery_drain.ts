/**
 * How fast 20,000 queued additions are worked off: message reserved, recorded as unacked, run, result stored, acknowledged.
 * @module
 */
import { alternate, type Bench, type Measurement, runAlone } from "./harness.ts";
import { bullmqRate } from "./celery/bullmq.ts";
import { drainRate } from "./celery/rates.ts";
import { ourWorker, pythonWorker, withRedis } from "./celery/setting.ts";

const TASKS = 20_000;

export const bench: Bench = {
  name: "celery_drain",
  needs: ["redis-server", "python-celery"],
  about:
    "Draining a queue of additions on real Redis: prefork workers with two processes, and BullMQ at concurrency 100",
  run: ({ rounds, scale }) =>
    withRedis(async (server): Promise<Measurement[]> => {
      const count = Math.round(TASKS * scale);
      const broker = { url: server.url, observerUrl: server.url };
      const ours = () => drainRate(broker, count, () => ourWorker(server.url, ["-c", "2"]));
      const theirs = () => drainRate(broker, count, () => pythonWorker(server.url, ["-c", "2"]));
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
