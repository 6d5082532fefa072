/** `celery events --camera` over a real Python worker: pictures of it, and what is no camera. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithPeers } from "../support/peers.ts";
import { Program, run, script } from "../support/program.ts";
import { startPythonWorker } from "../support/python_worker.ts";
import { RedisServer } from "../support/redis_server.ts";
import { tempDir } from "../support/temp_dir.ts";

const CAMERA = `
const show = (state) => JSON.stringify({
  tasks: Array.from(state.tasks.values(), (task) => [task.name, task.state, task.result]),
  alive: state.aliveWorkers().map((worker) => worker.hostname),
});
export function store(state) { console.log("picture", show(state)); }
export const album = {
  clearAfter: true,
  pages: 0,
  onShutter(state) { console.log("page", ++this.pages, show(state)); },
};
export const broken = { onShutter() { throw new Error("disk full"); } };
export const empty = {};
`;

describeWithPeers(["redis-server", "python-celery"], "celery events --camera", () => {
  const folder = tempDir();
  const camera = join(folder.path, "camera.mjs");
  let redis: RedisServer;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    writeFileSync(camera, CAMERA);
    redis = await RedisServer.start();
    env = { CELERY_BROKER_URL: redis.url, CELERY_RESULT_BACKEND: redis.url };
  });
  afterAll(async () => {
    await redis.stop();
    folder.remove();
  });

  const events = (...args: string[]) => new Program(...script("celery/addTask.ts", ["events", ...args]), { env });

  test("has a function store the tasks of a Python worker, until it is stopped", { timeout: 120_000 }, async () => {
    const pidfile = join(folder.path, "camera.pid");
    const monitor = events("-c", `${camera}:store`, "-F", "0.1", "--pidfile", pidfile);
    const album = events("--camera", `${camera}:album`, "--freq=0.1", "-l", "DEBUG");
    await Promise.all([monitor.printed(/picture/), album.printed(/page/)]);
    const worker = await startPythonWorker({ broker: redis.url, backend: redis.url }, ["-E", "-n", "python@host"]);
    try {
      await run(...script("celery/addTask.ts", ["call", "proj.add", "-a", "[1, 2]"]), { env });

      expect(monitor.stdout).toContain(`-> evcam: Taking snapshots with ${camera}:store (every 0.1 secs.)\n`);
      await monitor.printed(/picture \{"tasks":\[\["proj.add","SUCCESS","3"\]\],"alive":\["python@host"\]\}/);
      await album.printed(/page \d+ \{"tasks":\[\["proj.add","SUCCESS","3"\]\],.*\n[^]*page \d+ \{"tasks":\[\],/);
      await album.printed(/DEBUG\/MainProcess\] Shutter \(events: \d+, tasks: 1\)/);
      expect(existsSync(pidfile)).toBe(true);
    } finally {
      const codes = await Promise.all([monitor.stop(), album.stop("SIGINT"), worker.stop()]);
      expect(codes.slice(0, 2)).toEqual([0, 0]);
    }
    expect(existsSync(pidfile)).toBe(false);
  });

  test("logs what a camera throws, and goes on", { timeout: 60_000 }, async () => {
    const monitor = events("-c", `${camera}:broken`, "-F", "0.05");

    await monitor.printed(
      /(ERROR\/MainProcess\] The camera has failed \(what: onShutter, error: disk full\)\n[^]*){2}/,
    );

    expect(await monitor.stop()).toBe(0);
  });

  test.each([
    ["camera", /Invalid value for '-c' \/ '--camera': 'camera' is not of the form MODULE:NAME\./],
    [
      "FILE:empty",
      /Cannot use empty of .* as a camera: expected a function or an object with onShutter\(state\), got object/,
    ],
    ["FILE:missing", /got undefined\. The module exports: album, broken, empty, store/],
    ["./nowhere.ts:camera", /Cannot load the camera \.\/nowhere\.ts:camera: /],
  ])("refuses %s with a sentence", async (name, sentence) => {
    const { code, stderr } = await run(...script("celery/addTask.ts", ["events", "-c", name.replace("FILE", camera)]), {
      env,
    });

    expect(stderr).toMatch(sentence);
    expect(code).toBe(2);
  });

  test.each([
    [["-F", "0"], "0 is not at least 0.001."],
    [["-r", "10/x"], "'10/x' is no rate: expected a number, or one a second, minute or hour, as 10/m."],
  ])("refuses %j", async (args, sentence) => {
    const { code, stderr } = await run(...script("celery/addTask.ts", ["events", "-c", "x:y", ...args]), { env });

    expect([code, stderr]).toEqual([2, expect.stringContaining(sentence)]);
  });
});
