import { afterAll, describe, expect, test } from "vitest";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { broadcastQueue, Celery } from "../../lib/celery/mod.ts";
import { brokerFolder } from "../support/broker_folder.ts";
import { eventually } from "../support/eventually.ts";
import { Program, run, script } from "../support/program.ts";
import { testDir } from "../support/temp_dir.ts";

const APP = "test/scripts/celery_hold_app.ts";

/** All workers share a broker; each has a queue of its own. */
const { env } = brokerFolder(afterAll);
const client = new Celery("client", { environment: env });
afterAll(() => client.close());

let workers = 0;

/** A worker that is ready, and how to send it tasks. */
async function startWorker(...args: string[]) {
  const queue = `queue-${++workers}`;
  const worker = new Program(...script(APP, ["worker", "-l", "INFO", "-n", `${queue}@host`, "-Q", queue, ...args]), {
    env,
  });
  await worker.printed(/ ready\./);
  return { worker, node: `${queue}@host`, call: (task: string) => client.sendTask(task, [], { queue }).published };
}

describe("celery worker", { timeout: 90_000, concurrent: true }, () => {
  test("ends warm at the first Ctrl-C and cold at the second, whatever runs", async () => {
    const { worker, call } = await startWorker("-c", "1");
    await call("holdApp.hold");
    await worker.printed(/holding in \d+/);

    worker.child.kill("SIGINT");
    await worker.printed(/Warm shutdown/);
    worker.child.kill("SIGINT");

    expect(await worker.exit()).toBe(1);
    expect(worker.stdout).toMatch(/Warm shutdown \(MainProcess\)\n[^]*Cold shutdown \(MainProcess\)\n/);
  });

  test("ends at once where its broker is away and brokerConnectionRetryOnStartup is false", async () => {
    const away = { CELERY_BROKER_URL: "redis://127.0.0.1:1", CELERY_RESULT_BACKEND: "disabled://" };

    const { code, stderr } = await run(...script("test/scripts/celery_startup_app.ts", ["worker", "-c", "1"]), {
      env: away,
    });

    expect(code).toBe(1);
    expect(stderr).toMatch(/CRITICAL\/MainProcess\] Unrecoverable error: ConnectionError\(.*nothing listens there/);
    expect(stderr).not.toContain("Trying again");
  });

  test("--log-format json writes an object a line, with the names of events", async () => {
    const { worker, call } = await startWorker("-c", "1", "--log-format", "json");
    await call("holdApp.whoami");
    await worker.printed(/succeeded/);
    expect(await worker.stop()).toBe(0);

    const records = worker.stderr.trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(records.find(({ event }) => event === "task-succeeded")).toMatchObject({
      level: "INFO",
      task: "holdApp.whoami",
      message: expect.stringMatching(/^Task holdApp\.whoami\[[-\w]{36}\] succeeded in /),
    });
  });

  test("--autoscale starts processes while tasks wait", async () => {
    const { worker, call } = await startWorker("--autoscale", "2,1");
    await Promise.all([call("holdApp.hold"), call("holdApp.hold")]);

    await worker.printed(/Scaling up 1 processes\./);
    await eventually("both tasks run", () => new Set(worker.output.match(/holding in \d+/g)).size === 2);
    expect(await worker.stop("SIGQUIT")).toBe(0);
  });

  test("--max-memory-per-child replaces a process that has grown beyond it", async () => {
    const { worker, call } = await startWorker("-c", "1", "--max-memory-per-child", "1024");
    await call("holdApp.whoami");
    await call("holdApp.whoami");

    const pids = await eventually("both tasks are done", () => {
      const found = [...worker.output.matchAll(/succeeded in [\d.e-]+s: (\d+)/g)].map(([, pid]) => pid);
      return found.length === 2 ? found : undefined;
    });
    expect(new Set(pids).size).toBe(2);
    expect(await worker.stop()).toBe(0);
  });

  test("--detach goes on in the background until it is told to stop", async ({ onTestFinished }) => {
    const folder = testDir(onTestFinished);
    const [pidfile, logfile] = [join(folder, "worker.pid"), join(folder, "worker.log")];
    const files = ["--pidfile", pidfile, "--logfile", logfile];

    const started = await run(...script(APP, ["worker", "-D", "-l", "INFO", "-c", "1", "-Q", "detached", ...files]), {
      env,
    });

    expect(started).toMatchObject({ code: 0, stderr: "" });
    await eventually("it is ready", () => existsSync(logfile) && readFileSync(logfile, "utf8").includes(" ready."));
    process.kill(Number(readFileSync(pidfile, "utf8")), "SIGTERM");
    await eventually("it has removed its pidfile", () => !existsSync(pidfile));
  });

  test("--statedb remembers revoked tasks from one run to the next", async ({ onTestFinished }) => {
    const state = join(testDir(onTestFinished), "worker.state");
    writeFileSync(state, JSON.stringify({ clock: 1, revoked: { "an-id": Date.now() / 1000 } }));
    const { worker, node } = await startWorker("-c", "1", "--statedb", state);

    expect((await client.control.inspect({ destination: [node] }).revoked()).get(node)).toEqual(["an-id"]);
    expect(await worker.stop()).toBe(0);
    expect(JSON.parse(readFileSync(state, "utf8"))).toMatchObject({ revoked: { "an-id": expect.any(Number) } });
  });

  test("runs what is broadcast in every worker", async () => {
    const workers = [await startWorker("-c", "1", "-Q", "everybody"), await startWorker("-c", "1", "-Q", "everybody")];

    await client.sendTask("holdApp.whoami", [], { queue: broadcastQueue("everybody") }).published;

    for (const { worker } of workers) await worker.printed(/Task holdApp\.whoami\[[-\w]{36}\] succeeded/);
    expect(await Promise.all(workers.map(({ worker }) => worker.stop()))).toEqual([0, 0]);
  });

  test("says on SIGUSR1 what runs, and starts anew on SIGHUP", async ({ onTestFinished }) => {
    const pidfile = join(testDir(onTestFinished), "worker.pid");
    const { worker, call } = await startWorker("-c", "1", "--pidfile", pidfile);
    const otherPid = () => {
      const pid = existsSync(pidfile) ? Number(readFileSync(pidfile, "utf8")) : worker.pid;
      return pid > 0 && pid !== worker.pid ? pid : undefined;
    };
    await call("holdApp.whoami");
    await worker.printed(/succeeded/);

    worker.child.kill("SIGUSR1");
    await worker.printed(/@host: running, 0 requests held, running:/);
    worker.child.kill("SIGHUP");

    await worker.printed(/Restarting celery worker/);
    const successor = await eventually("another one is at work", otherPid);
    onTestFinished(() => {
      if (otherPid() === successor) process.kill(successor, "SIGKILL"); // it was not told to stop
    });
    await eventually("it is ready", () => worker.output.match(/ ready\./g)?.length === 2);
    process.kill(successor, "SIGTERM");
    expect(await worker.exit()).toBe(0);
  });
});
