import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { findBroker, spawnBroker } from "../../lib/broker/mod.ts";
import { eventually } from "../support/eventually.ts";
import { run, TYPESCRIPT } from "../support/program.ts";
import { RespClient } from "../support/resp_client.ts";
import { testDir } from "../support/temp_dir.ts";

/** How a child understands TypeScript here; programs pass their own flags on. */
const execArgv = TYPESCRIPT;

async function connectTo(path: string): Promise<RespClient> {
  const client = await RespClient.open({ path });
  onTestFinished(() => client.connection.abort());
  return client;
}

async function pidOf(client: RespClient): Promise<number> {
  return Number(/process_id:(\d+)/.exec(String(await client.call("INFO", "server")))?.[1]);
}

/** Ends the broker with the test, if it has not ended by itself. */
function stopLater(folder: string): void {
  onTestFinished(async () => {
    const path = await findBroker(folder);
    if (path === undefined) return;
    const client = await RespClient.open({ path });
    client.send("SHUTDOWN");
    await eventually("the broker ends", () => client.hasEnded);
  });
}

describe("spawnBroker", { timeout: 90_000 }, () => {
  test("starts one broker for all who ask at once, and finds it again", async () => {
    const folder = join(testDir(), "data");
    stopLater(folder);

    const paths = await Promise.all([1, 2, 3].map(() => spawnBroker({ folder, execArgv })));

    expect(new Set(paths).size).toBe(1);
    expect(await spawnBroker({ folder, execArgv: ["--no-such-flag"] })).toBe(paths[0]);
    const client = await connectTo(paths[0] ?? "");
    expect(await pidOf(client)).not.toBe(process.pid);
  });

  test("starts another after the first was killed, with all that was confirmed", async () => {
    const folder = testDir();
    stopLater(folder);
    const first = await connectTo(await spawnBroker({ folder, execArgv }));
    for (let i = 0; i < 100; i++) expect(await first.call("RPUSH", "q", i)).toBe(i + 1);
    process.kill(await pidOf(first), "SIGKILL");
    await eventually("it is dead", () => first.hasEnded);

    const second = await connectTo(await spawnBroker({ folder, execArgv }));

    expect(await second.call("LLEN", "q")).toBe(100);
  });

  test("leaves when nobody has come for the idle time, with its data on disk", async () => {
    const folder = testDir();
    const first = await connectTo(await spawnBroker({ folder, execArgv, idleMs: 500 }));
    const pid = await pidOf(first);
    await first.call("SET", "a", "kept");
    await first.close();

    await eventually("the process ends", () => !isRunning(pid));
    expect(await findBroker(folder)).toBeUndefined();
    expect(readFileSync(join(folder, "broker.log"), "utf8")).toMatch(/Broker closed reason=no client came for 500 ms/);
    stopLater(folder);

    const second = await connectTo(await spawnBroker({ folder, execArgv }));
    expect(await second.call("GET", "a")).toBe("kept");
  });

  test("says why the broker could not start", async () => {
    const folder = testDir();
    writeFileSync(join(folder, "journal.1"), "x".repeat(100));
    writeFileSync(join(folder, "journal.2"), "");

    await expect(spawnBroker({ folder, execArgv })).rejects.toThrow(
      /^Cannot start a broker in .*: Cannot read journal.1: at offset 0 the record there is damaged; start the broker with --repair/,
    );
    await expect(spawnBroker({ folder, execArgv: ["--no-such-flag"] })).rejects.toThrow(/it ended with exit code 9/);
  });

  test("lets the script that started it end, and outlives it", async () => {
    const folder = testDir();
    stopLater(folder);
    const script = join(folder, "script.mts");
    const spawner = join(process.cwd(), "lib/broker/spawn_broker.ts");
    writeFileSync(
      script,
      `import { spawnBroker } from ${JSON.stringify(spawner)};
      console.log(await spawnBroker({ folder: ${JSON.stringify(folder)} }));`,
    );

    const { code, stdout } = await run(process.execPath, [...execArgv, script]);

    expect([code, existsSync(stdout.trim())]).toEqual([0, true]);
    expect(await (await connectTo(stdout.trim())).call("PING")).toBe("PONG");
  });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // no such process
  }
}
