import { describe, expect, test } from "vitest";
import { brokerFolder } from "../support/broker_folder.ts";
import { eventually } from "../support/eventually.ts";
import { Program, run, script } from "../support/program.ts";

const APP = "test/scripts/celery_hold_app.ts";

/** A worker that is ready, on a broker of its own, and how to send it tasks. */
async function startWorker(...args: string[]) {
  const { env } = brokerFolder();
  const worker = new Program(...script(APP, ["worker", "-l", "INFO", ...args]), { env });
  await worker.printed(/ ready\./);
  const call = async (task: string) => {
    const { code, stderr } = await run(...script(APP, ["call", task]), { env });
    expect(code, stderr).toBe(0);
  };
  return { worker, call };
}

describe("celery worker", { timeout: 90_000 }, () => {
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
});
