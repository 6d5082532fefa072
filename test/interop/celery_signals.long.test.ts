/**
 * A Python worker and one of ours with the same receivers do the same for the same Python client: what they wrote down is equal,
 * line by line. The supervisor and its child write side by side, so each process is looked at by itself.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { Program, run, script } from "../support/program.ts";
import { RedisServer } from "../support/redis_server.ts";

const FOLDER = fileURLToPath(new URL("../python/celery/", import.meta.url));
const OPTIONS = ["worker", "-n", "w@host", "-c", "1", "-l", "INFO"];

interface Played {
  readonly lines: readonly string[];
  readonly output: string;
}

describeWithPeers(["redis-server", "python-celery"], "signals", () => {
  let redis: RedisServer;
  let ours: Played;
  let pythons: Played;

  beforeAll(async () => {
    redis = await RedisServer.start();
    [ours, pythons] = await Promise.all([
      play(1, script("test/interop/celery_worker/signals_app.ts", OPTIONS)),
      play(2, [PYTHON, ["-B", "-m", "celery", "-A", "signals_app", ...OPTIONS]], FOLDER),
    ]);
  });

  afterAll(() => redis?.stop());

  async function play(db: number, [command, args]: [string, string[]], cwd?: string): Promise<Played> {
    const url = redis.url.replace(/0$/, String(db));
    const log = join(redis.dir, `signals-${db}`);
    writeFileSync(log, "");
    const env = { CELERY_BROKER_URL: url, CELERY_RESULT_BACKEND: url, SIGNALS_LOG: log, C_FORCE_ROOT: "1" };
    const worker = new Program(command, args, { env, ...(cwd === undefined ? {} : { cwd }) });
    try {
      const { code, stderr } = await run(PYTHON, ["-B", "signals_client.py", url, log], { cwd: FOLDER });
      expect(code, stderr + worker.output).toBe(0);
    } finally {
      await worker.stop();
    }
    return { lines: readFileSync(log, "utf8").trimEnd().split("\n"), output: worker.output };
  }

  test.each([["the supervisor", "M"], ["the child", "C"]])("are sent by %s as by Python's", (_name, mark) => {
    const of = ({ lines }: Played) => lines.filter((line) => line.startsWith(mark));

    expect(of(ours)).toEqual(of(pythons));
  });

  test("are sent of tasks that are applied here and now as by Python", async () => {
    const played = (name: string, [command, args]: [string, string[]], cwd?: string) => {
      const log = join(redis.dir, `eager-${name}`);
      const env = { CELERY_BROKER_URL: redis.url, CELERY_RESULT_BACKEND: redis.url, SIGNALS_LOG: log };
      return run(command, args, { env, ...(cwd === undefined ? {} : { cwd }) })
        .then(({ stderr }) => ({ stderr, lines: readFileSync(log, "utf8").trimEnd().split("\n") }));
    };

    const [eager, pythons] = await Promise.all([
      played("ours", script("test/interop/celery_worker/signals_app.ts", ["eagerly"])),
      played("pythons", [PYTHON, ["-B", "signals_eager.py"]], FOLDER),
    ]);

    expect(eager.lines, eager.stderr).toEqual(pythons.lines);
  });

  test("are accompanied by what tasks log, in the format of Python's task loggers", () => {
    const logged = ({ output }: Played) =>
      output.split("\n").filter((line) => line.includes("signals.logs[logs]: ")).map((line) => line.slice(25));

    expect(logged(ours)).toEqual([
      " INFO/ForkPoolWorker-1] signals.logs[logs]: an ordinary line",
      " WARNING/ForkPoolWorker-1] signals.logs[logs]: it may rain",
      " ERROR/ForkPoolWorker-1] signals.logs[logs]: it rains",
    ]);
    expect(logged(ours)).toEqual(logged(pythons));
  });

  test("say of a receiver that raises what Python's say, and go on", () => {
    for (const { output } of [ours, pythons]) {
      const raised = "Signal handler <function faulty.*> raised: ValueError\\('a receiver that raises'\\)";
      expect(output).toMatch(new RegExp(`ERROR/MainProcess\\] ${raised}`));
      expect(output).toMatch(new RegExp(`ERROR/ForkPoolWorker-1\\] ${raised}`));
    }
  });
});
