/** `celery logtool`, Python's and ours, over the same log. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { run, script } from "../support/program.ts";
import { tempDir } from "../support/temp_dir.ts";

const APP = fileURLToPath(new URL("celery_amqp/matrix.ts", import.meta.url));

/** The words of a worker before Celery 5.1, the last that Celery's own tool understands. */
const LOG = `
 -------------- celery@host v5.0.5 (singularity)
[2026-11-30 15:00:00,000: INFO/MainProcess] Connected to redis://localhost:6379//
[2026-11-30 15:00:01,000: INFO/MainProcess] Received task: addTask.add[10000000-aaaa-4bbb-8ccc-000000000001]  
[2026-11-30 15:00:01,100: INFO/ForkPoolWorker-1] Task addTask.add[10000000-aaaa-4bbb-8ccc-000000000001] succeeded in 0.001s: 10
[2026-11-30 15:00:01,200: INFO/MainProcess] Received task: addTask.fail[10000000-aaaa-4bbb-8ccc-000000000002]  
[2026-11-30 15:00:01,300: ERROR/ForkPoolWorker-1] Task addTask.fail[10000000-aaaa-4bbb-8ccc-000000000002] raised unexpected: ValueError('no')
Traceback (most recent call last):
  File "addTask.py", line 9, in fail
    raise ValueError('no')
ValueError: no
[2026-11-30 15:00:01,400: INFO/MainProcess] Received task: addTask.add[10000000-aaaa-4bbb-8ccc-000000000003]  
[2026-11-30 15:00:01,500: WARNING/MainProcess] Something else`;

describeWithPeers(["python-celery"], "logtool", () => {
  for (const action of ["stats", "traces", "errors", "incomplete", "debug"]) {
    test(`${action} says what Python's does, of a file and of standard input`, async () => {
      const dir = tempDir();
      const file = join(dir.path, "worker.log");
      writeFileSync(file, LOG);
      const python = await run(PYTHON, ["-m", "celery", "logtool", action, file]);

      const ours = await run(...script(APP, ["logtool", action, file]));
      const ofInput = await run(...script(APP, ["logtool", action]), { input: LOG });
      dir.remove();

      expect(python.code, python.stderr).toBe(0);
      expect(ours).toEqual(python);
      expect(ofInput).toEqual(python);
    });
  }

  test("names the file that it cannot read", async () => {
    const { code, stderr } = await run(...script(APP, ["logtool", "stats", "/no/such.log"]));

    expect([code, stderr]).toEqual([
      1,
      "Error: Cannot read /no/such.log: ENOENT: no such file or directory, open '/no/such.log'\n",
    ]);
  });
});
