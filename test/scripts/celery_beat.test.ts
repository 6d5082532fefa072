import { describe, expect, test } from "vitest";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brokerFolder } from "../support/broker_folder.ts";
import { Program, run, script } from "../support/program.ts";

const APP = "test/scripts/celery_beat_app.ts";

describe("celery beat", { timeout: 90_000, concurrent: true }, () => {
  test("sends what is due, and knows what ran last when it is told to stop", async ({ onTestFinished }) => {
    const { env, folder } = brokerFolder(onTestFinished);
    const [schedule, pidfile] = [join(folder, "schedule"), join(folder, "beat.pid")];
    const beat = new Program(...script(APP, ["beat", "-l", "DEBUG", "-s", schedule, "--pidfile", pidfile]), { env });

    await beat.printed(/INFO\/MainProcess\] Scheduler: Sending due task often \(proj\.echo\)\n/);
    await beat.printed(/Sending due task proj\.echo\('a chain'\) \| proj\.echo\(\) \(celery\.chain\)\n/);
    await beat.printed(/DEBUG\/MainProcess\] proj\.echo sent\. id->[-\w]{36}\n/);
    const second = await run(...script(APP, ["beat", "-s", schedule, "--pidfile", pidfile]), { env });

    expect(second).toMatchObject({ code: 73, stderr: expect.stringContaining(`(pid: ${beat.pid})`) });
    expect(await beat.stop()).toBe(0);
    expect(existsSync(pidfile)).toBe(false);
    const { entries } = JSON.parse(readFileSync(`${schedule}.json`, "utf8"));
    expect(entries).toMatchObject({ midnight: { total_run_count: 0 } });
    expect(entries.often.total_run_count).toBeGreaterThan(0);
  });

  test("-B sends from inside of a worker, which runs it", async ({ onTestFinished }) => {
    const { env, folder } = brokerFolder(onTestFinished);
    const worker = new Program(
      ...script(APP, ["worker", "-B", "-s", join(folder, "schedule"), "-c", "1", "-l", "INFO"]),
      { env },
    );

    await worker.printed(/INFO\/Beat\] Scheduler: Sending due task often \(proj\.echo\)\n/);
    await worker.printed(/Task proj\.echo\[[-\w]{36}\] succeeded in [\d.e-]+s: \[\['a chain'\]\]/);

    expect(await worker.stop()).toBe(0);
    expect(worker.stderr).toContain("INFO/Beat] beat: Shutting down...");
  });
});
