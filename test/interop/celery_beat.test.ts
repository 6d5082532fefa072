import { afterAll, beforeAll, test } from "vitest";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { Program, script } from "../support/program.ts";
import { startPythonWorker } from "../support/python_worker.ts";
import { RedisServer } from "../support/redis_server.ts";
import { tempDir } from "../support/temp_dir.ts";

const FOLDER = fileURLToPath(new URL("../python/celery/", import.meta.url));

describeWithPeers(["redis-server", "python-celery"], "beat in both languages", () => {
  let redis: RedisServer;
  const folder = tempDir();

  beforeAll(async () => {
    redis = await RedisServer.start();
  });

  afterAll(async () => {
    await redis?.stop();
    folder.remove();
  });

  const ourBeat = (queue: string) =>
    new Program(
      ...script("test/scripts/celery_beat_app.ts", ["beat", "-l", "INFO", "-s", join(folder.path, queue)]),
      { env: { CELERY_BROKER_URL: redis.url, CELERY_RESULT_BACKEND: redis.url, TEST_QUEUE: queue } },
    );
  const pythonBeat = (file: string) =>
    new Program(
      PYTHON,
      [
        ...["-m", "celery", "-b", redis.url, "-A", "beat_schedule", "beat", "-l", "INFO"],
        ...["-s", join(folder.path, file)],
      ],
      { cwd: FOLDER, env: { PYTHONDONTWRITEBYTECODE: "1" } },
    );

  test.concurrent("ours feeds a Python worker", async ({ expect }) => {
    const beat = ourBeat("from-ours");
    const worker = await startPythonWorker({ broker: redis.url, backend: redis.url }, ["-Q", "from-ours"]);

    await worker.printed(
      /Task proj\.echo\[[-\w]{36}\] succeeded in [\d.e-]+s: \{'args': \('often',\), 'kwargs': \{\}\}/,
    );

    expect(await beat.stop()).toBe(0);
    await worker.stop();
  });

  test.concurrent("Python's feeds our worker", async () => {
    const beat = pythonBeat("fed");
    const worker = new Program(
      ...script("test/scripts/celery_beat_app.ts", ["worker", "-c", "1", "-l", "INFO", "-Q", "from-python"]),
      { env: { CELERY_BROKER_URL: redis.url, CELERY_RESULT_BACKEND: redis.url } },
    );

    await worker.printed(/Task proj\.echo\[[-\w]{36}\] succeeded in [\d.e-]+s: \['often'\]/);

    await Promise.all([beat.stop(), worker.stop()]);
  });

  test.concurrent("both say the same, but for names", async ({ expect }) => {
    const programs = [ourBeat("said"), pythonBeat("spoken")] as const;
    await Promise.all(programs.map((program) => program.printed(/Sending due task often/)));
    await Promise.all(programs.map((program) => program.stop()));

    const [ours, theirs] = programs.map(({ stdout, stderr }) => ({
      banner: stdout.split("\n").map((line) => line.replace(/ (v|-> ).*/, "")),
      lines: [...new Set(stderr.match(/: INFO\/MainProcess\] (beat: Starting|Scheduler: Sending due task often).*/g))],
    }));
    expect(ours).toEqual(theirs);
  });
});
