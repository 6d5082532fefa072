import { afterAll, describe, expect, test } from "vitest";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brokerFolder } from "../support/broker_folder.ts";
import { Program, run, script, userScript } from "../support/program.ts";
import { testDir } from "../support/temp_dir.ts";

/** All but the tests of whole queues share a broker. */
const shared = brokerFolder(afterAll);

const worker = (env: NodeJS.ProcessEnv, ...args: string[]) =>
  new Program(...script("celery/addTask.ts", ["worker", "-c", "1", ...args]), { env });

describe("celery/addTask_main.ts", { timeout: 90_000, concurrent: true }, () => {
  test("prints the sum and ends by itself, also when the worker is started later", async ({ onTestFinished }) => {
    const { env } = brokerFolder(onTestFinished);
    const client = new Program(...userScript("celery/addTask_main.ts"), { env });
    await client.printed(/^Task sent: [-\w]{36}$/m);

    const later = new Program(...userScript("celery/addTask.ts", ["worker", "-c", "1", "-l", "INFO"]), { env });

    expect(await client.exit()).toBe(0);
    expect(client.stdout).toMatch(/^5 \+ 5 = 10$/m);
    expect(client.stderr).toBe("");
    expect(later.stdout).toContain(".> durability:  everysec\n");
    expect(await later.stop()).toBe(0);
  });
});

describe("celery/addTask.ts", { timeout: 90_000, concurrent: true }, () => {
  test(
    "says how it is used, what is near to a mistyped command, and which release it is",
    async () => {
      const [help, version, mistyped, wrong] = await Promise.all([
        run(...script("celery/addTask.ts", ["worker", "--help"])),
        run(...script("celery/addTask.ts", ["--version"])),
        run(...script("celery/addTask.ts", ["wroker"])),
        run(...script("celery/addTask.ts", ["worker", "-c", "many"])),
      ]);

      expect(help).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^Usage: addTask\.ts worker .*\n\n.*\n\nExamples:\n/),
      });
      expect(version).toMatchObject({ code: 0, stdout: expect.stringMatching(/^5\.6\.\d/) });
      expect(mistyped).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("No such command 'wroker'.\n\nDid you mean"),
      });
      expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("'many' is not a valid integer.") });
    },
  );

  test("calls a task, shows what waits, and purges it", async ({ onTestFinished }) => {
    const { env } = brokerFolder(onTestFinished);
    const cli = (...args: string[]) => run(...script("celery/addTask.ts", args), { env });

    const called = await cli("call", "addTask.add", "-a", "[1, 2]");
    const purged = await cli("purge", "-f");
    const again = await cli("purge", "-f");
    const nobody = await cli("status", "-t", "0.2");

    expect(called).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[-\w]{36}\n$/) });
    expect(purged.stdout).toBe("Purged 1 message from 1 known task queue.\n");
    expect(again.stdout).toBe("No messages purged from 1 queue.\n");
    expect(nobody).toMatchObject({ code: 69, stderr: "Error: No nodes replied within time constraint\n" });
  });

  test("refuses a second worker on the same pidfile, and takes over a stale one", async ({ onTestFinished }) => {
    const folder = testDir(onTestFinished);
    const pidfile = join(folder, "%n.pid");
    const { env } = shared;
    const first = worker(env, "-l", "INFO", "-n", "w1", "--pidfile", pidfile);
    await first.printed(/w1@.* ready\./);

    const second = worker(env, "-n", "w1", "--pidfile", pidfile);

    expect(await second.exit()).toBe(73);
    expect(second.stderr).toContain(`Seems we're already running? (pid: ${first.pid})`);
    expect(readFileSync(join(folder, "w1.pid"), "utf8")).toBe(`${first.pid}\n`);
    expect(await first.stop()).toBe(0);
    expect(existsSync(join(folder, "w1.pid"))).toBe(false);
  });
});

describe("a worker that is told to stop", { timeout: 90_000, concurrent: true }, () => {
  const table: [signals: NodeJS.Signals[], code: number, says: RegExp][] = [
    [["SIGTERM"], 0, /\nworker: Warm shutdown \(MainProcess\)\n/],
    [
      ["SIGINT"],
      1,
      /\nworker: Hitting Ctrl\+C again will initiate cold shutdown, terminating all running tasks!\n\nworker: Warm/,
    ],
    [["SIGQUIT"], 0, /\nworker: Cold shutdown \(MainProcess\)\n/],
  ];

  test.each(table)("by %j ends with %i and Celery's words", async (signals, code, says) => {
    const program = worker(shared.env, "-l", "INFO", "-n", signals.join("-"));
    await program.printed(/ ready\./);

    for (const signal of signals) program.child.kill(signal);

    expect(await program.exit()).toBe(code);
    expect(program.stdout).toMatch(says);
  });
});
