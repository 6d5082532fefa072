/**
 * Python's `celery` command over our worker, and our command line over Python's: what people and monitors see of each.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { join } from "node:path";
import { originalsFolder } from "../support/originals.ts";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { Program, run, script } from "../support/program.ts";
import { RedisServer } from "../support/redis_server.ts";

const PYTHON_FOLDER = join(originalsFolder(), "celery");

let redis: RedisServer;
let env: NodeJS.ProcessEnv;

const python = (...args: string[]) =>
  run(PYTHON, ["-m", "celery", "-A", "addTask", ...args], { cwd: PYTHON_FOLDER, env });
const ours = (...args: string[]) => run(...script("celery/addTask.ts", args), { env });

describeWithPeers(["redis-server", "python-celery"], "remote control and events", () => {
  beforeAll(async () => {
    redis = await RedisServer.start();
    env = { CELERY_BROKER_URL: redis.url, CELERY_RESULT_BACKEND: redis.url };
  });
  afterAll(() => redis.stop());

  test("Python's command line finds our worker as it finds its own", { timeout: 120_000 }, async () => {
    const worker = new Program(...script("celery/addTask.ts", ["worker", "-l", "INFO", "-c", "1", "-n", "ours@host"]), {
      env,
    });
    const monitor = new Program(PYTHON, ["-m", "celery", "-A", "addTask", "events", "--dump"], {
      cwd: PYTHON_FOLDER,
      env,
    });
    try {
      await worker.printed(/ready\./);
      await monitor.printed(/ours@host .* heartbeat/);

      const [status, registered, queues, limit, events] = await Promise.all([
        python("status", "-t", "20", "-d", "ours@host"),
        python("inspect", "registered", "-t", "20", "-d", "ours@host"),
        python("inspect", "active_queues", "-j", "-t", "20", "-d", "ours@host"),
        python("control", "rate_limit", "addTask.add", "100/s", "-t", "20", "-d", "ours@host"),
        python("control", "enable_events", "-t", "20", "-d", "ours@host"),
      ]);
      await python("call", "addTask.add", "-a", "[1, 2]");

      expect(status.stdout).toContain("ours@host: OK\n\n1 node online.\n");
      expect(registered.stdout).toMatch(/ours@host: OK\n {4}\* addTask\.add/);
      expect(JSON.parse(queues.stdout)).toMatchObject({ "ours@host": [{ name: "celery", routing_key: "celery" }] });
      expect(limit.stdout).toContain("new rate limit set successfully");
      expect(events.stdout).toContain("task events enabled");
      await monitor.printed(/ours@host .* task received: addTask\.add\([-\w]+\) args=\[1, 2\] kwargs=\{\}/);
      await monitor.printed(/ours@host .* task succeeded: addTask\.add\([-\w]+\) .*result=3/);
      await python("control", "shutdown", "-d", "ours@host", "-t", "0.1");
      expect(await worker.exit()).toBe(0);
      await monitor.printed(/ours@host .* shutdown/);
    } finally {
      await Promise.all([worker.stop(), monitor.stop("SIGINT")]);
    }
  });

  test("our command line finds Python's worker as it finds its own", { timeout: 120_000 }, async () => {
    const celery = ["-m", "celery", "-A", "addTask", "worker", "-l", "INFO", "-c", "1", "-n", "python@host", "-E"];
    const worker = new Program(PYTHON, celery, { cwd: PYTHON_FOLDER, env });
    const monitor = new Program(...script("celery/addTask.ts", ["events", "--dump"]), { env });
    try {
      await worker.printed(/ready\./);
      await monitor.printed(/python@host .* heartbeat/);

      const [status, registered, stats, called] = await Promise.all([
        ours("status", "-t", "20", "-d", "python@host"),
        ours("inspect", "registered", "-t", "20", "-d", "python@host"),
        ours("inspect", "stats", "-j", "-t", "20", "-d", "python@host"),
        ours("call", "addTask.add", "-a", "[1, 2]"),
      ]);
      const result = await ours("result", called.stdout.trim());

      expect(status.stdout).toContain("python@host: OK\n\n1 node online.\n");
      expect(registered.stdout).toMatch(/python@host: OK\n {4}\* addTask\.add/);
      expect(JSON.parse(stats.stdout)).toMatchObject({ "python@host": { pool: { "max-concurrency": 1 } } });
      expect(result.stdout).toBe("3\n");
      await monitor.printed(/python@host .* task succeeded: addTask\.add\([-\w]+\) .*result=3/);
    } finally {
      await Promise.all([worker.stop(), monitor.stop("SIGINT")]);
    }
  });
});
