/** Broker and results behind a real Redis Sentinel: found by it, lost with the master, and found again. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { fileURLToPath } from "node:url";
import { Celery } from "../../lib/celery/mod.ts";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { Program, run, script } from "../support/program.ts";
import { RedisSentinel } from "../support/redis_sentinel.ts";

const PYTHON_FOLDER = fileURLToPath(new URL("../python/celery", import.meta.url));

describeWithPeers(["redis-server", "python-celery"], "sentinel://", () => {
  let sentinel: RedisSentinel;
  let env: NodeJS.ProcessEnv;
  let ours: Program;
  let pythons: Program;
  let app: Celery;

  beforeAll(async () => {
    sentinel = await RedisSentinel.start();
    const url = `sentinel://127.0.0.1:1;sentinel://127.0.0.1:${sentinel.port}`; // nobody is at the first
    const at = { master_name: "mymaster", sentinel_kwargs: { password: "watchword" } };
    env = { CELERY_BROKER_URL: url, CELERY_RESULT_BACKEND: url };
    ours = new Program(
      ...script("test/interop/celery_worker/sentinel_app.ts", ["worker", "-Q", "ours", "-c", "1", "-l", "INFO"]),
      { env },
    );
    const options = ["-A", "sentinel_app", "worker", "-Q", "pythons", "-P", "solo", "-l", "INFO", "-n", "py@%h"];
    pythons = new Program(PYTHON, ["-B", "-m", "celery", ...options], { cwd: PYTHON_FOLDER, env });
    app = new Celery("sentinel", {
      broker: url,
      backend: url,
      environment: {},
      brokerTransportOptions: at,
      resultBackendTransportOptions: at,
    });
    await Promise.all([ours.printed(/ ready\./), pythons.printed(/ ready\./)]);
  });

  afterAll(async () => {
    await app?.close();
    await Promise.all([ours?.stop(), pythons?.stop()]);
    await sentinel?.stop();
  });

  const ask = (queue: string) => app.sendTask<number>("sentinel.add", [2, 3], { queue }).get({ timeout: 30 });
  const pythonAsks = (queue: string) => run(PYTHON, ["-B", "sentinel_app.py", queue], { cwd: PYTHON_FOLDER, env });

  test("leads either client to either worker, though the first sentinel is away", async () => {
    expect(await Promise.all([ask("ours"), ask("pythons")])).toEqual([5, 5]);
    expect(await pythonAsks("ours")).toMatchObject({ code: 0, stdout: "5\n" });
  });

  test("leads to the new master after the old one was killed, the client that sent before and the worker as well", async () => {
    await sentinel.failOver();

    expect(await ask("ours")).toBe(5);
    expect(await pythonAsks("ours")).toMatchObject({ code: 0, stdout: "5\n" });
    expect(await ask("pythons")).toBe(5);
  });
});
