/**
 * Real programs that take the embedded broker for a Redis: redis-cli, redis-benchmark, redis-py, and Python Celery on both sides.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { fileURLToPath } from "node:url";
import { type Broker, publicSocketPath, startBroker } from "../../lib/broker/mod.ts";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { Program, run } from "../support/program.ts";
import { tempDir } from "../support/temp_dir.ts";

const FOLDER = fileURLToPath(new URL("embedded_broker", import.meta.url));

describeWithPeers(["redis-server", "python-celery"], "over the embedded broker", () => {
  const dir = tempDir();
  let broker: Broker;
  let socket: string;
  let environment: NodeJS.ProcessEnv;

  beforeAll(async () => {
    broker = await startBroker({ folder: dir.path, port: 0, password: "secret" });
    socket = publicSocketPath(dir.path);
    environment = { CELERY_BROKER_URL: `redis+socket://${socket}` };
  });

  afterAll(async () => {
    await broker?.close();
    dir.remove();
  });

  const cli = async (...words: string[]) => (await run("redis-cli", ["-s", socket, ...words])).stdout.trim();

  test("redis-cli stores, reads, scans and asks for documentation", async () => {
    expect(await cli("set", "cli:a", "1")).toBe("OK");
    expect(await cli("-3", "hset", "cli:h", "f", "v")).toBe("1");
    expect(await cli("-3", "hgetall", "cli:h")).toBe("f v");
    expect((await cli("--scan", "--pattern", "cli:*")).split("\n").sort()).toEqual(["cli:a", "cli:h"]);
    expect(await cli("info", "server")).toContain("embedded_broker:1");
    expect(await cli("command", "docs", "q.reserve")).toContain("Takes messages off queues");
    expect((await run("redis-cli", ["-s", socket], { input: "get cli:a\nlpush cli:l x y\n" })).stdout).toContain(
      "1\n2",
    );
  });

  test("redis-cli needs the password over TCP", async () => {
    const tcp = (...words: string[]) => run("redis-cli", ["-p", String(broker.port), ...words]);

    expect((await tcp("ping")).stdout).toContain("NOAUTH Authentication required.");
    expect((await tcp("-a", "wrong", "ping")).stdout + (await tcp("-a", "wrong", "ping")).stderr).toContain(
      "WRONGPASS",
    );
    expect((await tcp("--no-auth-warning", "-a", "secret", "ping")).stdout).toBe("PONG\n");
  });

  test("redis-benchmark runs its tests, pipelined", async () => {
    const tests = ["ping", "set", "get", "lpush", "rpop", "incr", "sadd", "hset", "zadd"];

    const { code, stdout, stderr } = await run("redis-benchmark", [
      ...["-s", socket, "-t", tests.join(","), "-P", "16", "-n", "2000", "-c", "10", "--csv"],
    ]);

    expect(code, stderr).toBe(0);
    const names = [...stdout.matchAll(/^"([A-Z_]+)","\d/gm)].map(([, name]) => name?.toLowerCase());
    expect(names.sort()).toEqual(["ping_inline", "ping_mbulk", ...tests.slice(1)].sort());
    await cli("flushall");
  });

  test("redis-py locks, pipelines, watches, subscribes and scans", async () => {
    const script = ["-W", "ignore::DeprecationWarning", "redis_py.py", socket, String(broker.port)];
    const { code, stdout, stderr } = await run(PYTHON, script, { cwd: FOLDER });

    expect(stderr).toBe("");
    expect([code, stdout.trim()]).toEqual([0, "all is well"]);
  });

  test("a Python worker serves a Python client: chords, retries, priorities, remote control", async () => {
    const worker = new Program(PYTHON, [
      ...["-m", "celery", "-A", "python_app", "worker", "-l", "INFO", "-c", "2", "-n", "w@broker"],
    ], { cwd: FOLDER, env: environment });
    try {
      await worker.printed(/ready\./);

      const { code, stdout, stderr } = await run(PYTHON, ["python_client.py"], { cwd: FOLDER, env: environment });

      expect(stderr).toBe("");
      expect([code, JSON.parse(stdout)]).toEqual([0, {
        sum: 10,
        many: 4950,
        chord: 90,
        retried: 2,
        ping: [{ "w@broker": { ok: "pong" } }],
      }]);
    } finally {
      await worker.stop();
    }
    expect(worker.output).not.toMatch(/Traceback|ERROR/);
    expect(await cli("hlen", "unacked")).toBe("0");
  }, 90_000);
});
