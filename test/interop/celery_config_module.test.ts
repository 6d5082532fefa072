/** CELERY_CONFIG_MODULE: one name for Python's module and for ours, and the same settings in both workers. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { run, script } from "../support/program.ts";
import { tempDir } from "../support/temp_dir.ts";

const APP = fileURLToPath(new URL("celery_amqp/matrix.ts", import.meta.url));
const PYTHON_APP = fileURLToPath(new URL("../python/celery", import.meta.url));
const SETTING = /^(broker_url|result_expires|task_acks_late): .*$/gm;

describeWithPeers(["python-celery"], "CELERY_CONFIG_MODULE", () => {
  const dir = tempDir();
  beforeAll(() => {
    writeFileSync(
      join(dir.path, "celeryconfig.py"),
      "broker_url = 'redis://module:6379//'\ntask_acks_late = True\nresult_expires = 77\n",
    );
    writeFileSync(
      join(dir.path, "celeryconfig.ts"),
      "export const brokerUrl: string = 'redis://module:6379//';\nexport default { task_acks_late: true, result_expires: 77 };\n",
    );
  });
  afterAll(() => dir.remove());

  const reports = (more: NodeJS.ProcessEnv = {}) => {
    const env = { CELERY_CONFIG_MODULE: "celeryconfig", PYTHONDONTWRITEBYTECODE: "1", ...more };
    return Promise.all([
      run(PYTHON, ["-m", "celery", "-A", "matrix", "report"], {
        cwd: dir.path,
        env: { ...env, PYTHONPATH: PYTHON_APP },
      }),
      run(...script(APP, ["report"]), { cwd: dir.path, env }),
    ]);
  };

  test("names the settings of a program without any of its own", async () => {
    const [theirs, ours] = await reports();

    const settings = theirs.stdout.match(SETTING)?.sort();
    expect(settings, theirs.stderr).toHaveLength(3);
    expect(ours.stdout.match(SETTING)?.sort(), ours.stderr).toEqual(settings);
  });

  test("yields to CELERY_BROKER_URL", async () => {
    const [, ours] = await reports({ CELERY_BROKER_URL: "redis://variable" });

    expect(ours.stdout).toContain("redis://variable");
    expect(ours.stdout).not.toContain("redis://module");
  });

  test("yields to --config", async () => {
    writeFileSync(join(dir.path, "other.ts"), "export const brokerUrl = 'redis://other';\n");

    const { stdout } = await run(...script(APP, ["--config", "./other.ts", "report"]), {
      cwd: dir.path,
      env: { CELERY_CONFIG_MODULE: "celeryconfig" },
    });

    expect(stdout).toContain("redis://other");
    expect(stdout).not.toContain("redis://module");
  });

  test("that names nothing ends the program with one sentence", async () => {
    const [theirs, ours] = await reports({ CELERY_CONFIG_MODULE: "no.such.module" });

    expect(theirs.code).not.toBe(0);
    expect(ours.code).toBe(1);
    expect(ours.stderr).toMatch(/^Error: Cannot read the configuration no\.such\.module: [^\n]*\n$/);
  });
});
