import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithPeers } from "../support/peers.ts";
import { type Program, run, script } from "../support/program.ts";
import { startPythonWorker } from "../support/python_worker.ts";
import { RedisServer } from "../support/redis_server.ts";
import { ROOT } from "../support/source_files.ts";
import { testDir } from "../support/temp_dir.ts";

/** Runs a program that is written as a user's would be: nothing in it closes anything. */
async function runScript(url: string, body: string) {
  const folder = join(testDir(), "script");
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const source = `import { Celery } from ${JSON.stringify(pathToFileURL(join(ROOT, "lib/celery/mod.ts")).href)};
    const app = new Celery("script", { broker: "${url}", backend: "${url}" });
    const add = app.task("proj.add", (x: number, y: number) => x + y);
    ${body}`;
  writeFileSync(join(folder, "main.ts"), source);
  return await run(...script(join(folder, "main.ts")), { cwd: ROOT });
}

describeWithPeers(["redis-server", "python-celery"], "a script that sends tasks", () => {
  let redis: RedisServer;
  let worker: Program;

  beforeAll(async () => {
    redis = await RedisServer.start();
    worker = await startPythonWorker({ broker: redis.url, backend: redis.url });
  });

  afterAll(async () => {
    await worker?.stop();
    await redis?.stop();
  });

  test("ends by itself once it has its result", async () => {
    const ended = await runScript(redis.url, "console.log(await add.delay(5, 5).get({ timeout: 20 }));");

    expect(ended).toEqual({ code: 0, stdout: "10\n", stderr: "" });
  });

  test("does not end before what it sent has arrived, even if it waits for nothing", async () => {
    const sent = await runScript(redis.url, "console.log(add.delay(20, 1).id);");
    const id = JSON.stringify(sent.stdout.trim());

    const read = await runScript(redis.url, `console.log(await app.AsyncResult(${id}).get({ timeout: 20 }));`);

    expect([sent.code, sent.stderr, read.stdout]).toEqual([0, "", "21\n"]);
  });
});
