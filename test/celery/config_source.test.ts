import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Celery, type CeleryOptions } from "../../lib/celery/mod.ts";
import { tempDir } from "../support/temp_dir.ts";

function app(options: CeleryOptions = {}): Celery {
  return new Celery("configured", { environment: {}, ...options });
}

/** A module with this text. @returns its path */
function moduleOf(text: string): string {
  const dir = tempDir();
  onTestFinished(() => dir.remove());
  const path = join(dir.path, "config.mjs");
  writeFileSync(path, text);
  return path;
}

describe("Celery.configFromObject", () => {
  test("takes what the program and the environment have not set", async () => {
    const configured = app({
      broker: "redis://program",
      environment: { CELERY_RESULT_BACKEND: "redis://environment" },
    });
    configured.conf.taskAcksLate = false;

    await configured.configFromObject({
      broker_url: "redis://object",
      result_backend: "redis://object",
      task_acks_late: true,
      result_expires: 77,
    });

    expect(configured.conf).toMatchObject({
      brokerUrl: "redis://program",
      resultBackend: "redis://environment",
      taskAcksLate: false,
      resultExpires: 77,
    });
  });

  test("reads a module: what it exports by name, and what its default export holds", async () => {
    const configured = app();
    const path = moduleOf(`
      import process from "node:process";
      export const taskAcksLate = true;
      export const result_expires = 60 + 17;
      export const helper = () => process.pid;
      export default { CELERY_TASK_TIME_LIMIT: 5, somethingElse: 1 };`);

    expect(await configured.configFromObject(path)).toBe(true);

    expect(configured.conf).toMatchObject({ taskAcksLate: true, resultExpires: 77, taskTimeLimit: 5 });
  });

  test("with a namespace means only the names that begin with it", async () => {
    const configured = app();

    await configured.configFromObject(
      { PROJ_BROKER_URL: "redis://namespace", broker_url: "redis://other", task_acks_late: true },
      { namespace: "PROJ" },
    );

    expect(configured.conf).toMatchObject({ brokerUrl: "redis://namespace", taskAcksLate: false });
  });

  test("names the module that is not there, or that fails, and is silent where that is asked for", async () => {
    const configured = app();

    await expect(configured.configFromObject("no.such.module")).rejects.toThrow(
      /^Cannot read the configuration no\.such\.module: .*; no no\/such\/module\.ts is in .* either$/s,
    );
    expect(await configured.configFromObject("no.such.module", { silent: true })).toBe(false);
    const broken = moduleOf("throw new Error('broken')");
    await expect(configured.configFromObject(broken, { silent: true })).rejects.toThrow(/config\.mjs: broken$/);
    await expect(configured.configFromObject({ result_expires: "soon" })).rejects.toThrow(/resultExpires/);
  });
});

describe("Celery.configFromEnvvar", () => {
  test("reads the module that the variable names", async () => {
    const configured = app({ environment: { MY_CONFIG: moduleOf("export const resultExpires = 77;") } });

    expect(await configured.configFromEnvvar("MY_CONFIG")).toBe(true);

    expect(configured.conf.resultExpires).toBe(77);
  });

  test("refuses a variable that is not set, unless it is to be silent", async () => {
    await expect(app().configFromEnvvar("MY_CONFIG")).rejects.toThrow(
      "Cannot read the configuration: MY_CONFIG is not set in the environment; it has to name a module, as ./celeryconfig.ts",
    );
    expect(await app().configFromEnvvar("MY_CONFIG", { silent: true })).toBe(false);
  });
});

describe("Celery.configFromEnvironment", () => {
  test("reads CELERY_CONFIG_MODULE, unless the program has a configuration of its own", async () => {
    const environment = { CELERY_CONFIG_MODULE: moduleOf("export const resultExpires = 77;") };
    const [plain, own] = [app({ environment }), app({ environment })];
    await own.configFromObject({ result_expires: 5 });

    await Promise.all([plain, own].map((each) => each.configFromEnvironment()));

    expect([plain.conf.resultExpires, own.conf.resultExpires]).toEqual([77, 5]);
  });
});
