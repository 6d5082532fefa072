/** `celery graph workers`, Python's and ours: the same picture of the same workers. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { Program, run, script } from "../support/program.ts";
import { startPythonWorker } from "../support/python_worker.ts";
import { RedisServer } from "../support/redis_server.ts";

const APP = fileURLToPath(new URL("celery_amqp/matrix.ts", import.meta.url));
const PYTHON_FOLDER = fileURLToPath(new URL("../python/celery", import.meta.url));

function graphs(args: readonly string[], env: NodeJS.ProcessEnv) {
  return Promise.all([
    run(PYTHON, ["-m", "celery", "-A", "matrix", "graph", ...args], { cwd: PYTHON_FOLDER, env }),
    run(...script(APP, ["graph", ...args]), { env }),
  ]);
}

describeWithPeers(["python-celery", "redis-server"], "graph workers", () => {
  const env = { CELERY_BROKER_URL: "redis://127.0.0.1:1/0", CELERY_RESULT_BACKEND: "rpc://" };
  const cases: Readonly<Record<string, readonly string[]>> = {
    "draws what is named": ["nodes:a@one,b@two", "threads:3,2", "broker:amqp://x", "backend:redis://y"],
    "leaves out workers and tasks beyond the limits": ["nodes:a,b,c,d,e,f", "threads:12,2,1,4,1,5"],
    "shows schemes and numbers where that is asked for": [
      "nodes:a,b,c,d,e",
      "threads:9,2,1,1,1",
      "generic",
      "enumerate",
    ],
    "draws all of them where there is no limit": ["nodes:a,b,c,d,e,f", "threads:1,1,1,1,1,12", "wmax:0", "tmax:"],
  };
  for (const [does, args] of Object.entries(cases)) {
    test(does, async () => {
      const [python, ours] = await graphs(["workers", ...args], env);

      expect(python.code, python.stderr).toBe(0);
      expect(ours).toEqual(python);
    });
  }

  test("draws those that answer, of either language", async () => {
    const redis = await RedisServer.start();
    const servers = { CELERY_BROKER_URL: redis.url, CELERY_RESULT_BACKEND: redis.url };
    const theirs = await startPythonWorker({ broker: redis.url, backend: redis.url }, ["-n", "python@host"]);
    const mine = new Program(...script(APP, ["worker", "-c", "2", "-n", "ours@host", "-l", "INFO"]), { env: servers });
    try {
      await mine.printed(/ready\./);

      const [python, ours] = await graphs(["workers"], servers);

      for (const { stdout } of [python, ours]) {
        expect(stdout.match(/"(python|ours)@host" -> "redis:[^"]*"/g)).toHaveLength(4);
        expect(stdout.match(/"thr-\d" -> "ours@host"/g)).toHaveLength(2);
        expect(stdout.match(/"thr-\d" -> "python@host"/g)).toHaveLength(1);
      }
    } finally {
      await Promise.all([theirs.stop(), mine.stop()]);
      await redis.stop();
    }
  });

  test("says that this worker has no bootsteps", async () => {
    const { code, stderr } = await run(...script(APP, ["graph", "bootsteps"]), { env });

    expect([code, stderr]).toEqual([
      1,
      "Error: Cannot draw bootsteps: this worker has none; it is composed in worker/parts.ts\n",
    ]);
  });
});
