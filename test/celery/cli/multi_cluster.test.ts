import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { MultiCluster } from "../../../lib/celery/cli/multi_cluster.ts";
import { multiNodes } from "../../../lib/celery/cli/multi_node.ts";
import { parseMultiOptions } from "../../../lib/celery/cli/multi_options.ts";
import { testDir } from "../../support/temp_dir.ts";

/** Nodes whose files are in a folder, run by a program that need not be a worker; and what was said of them. */
function clusterIn(folder: string, names: readonly string[], args: readonly string[] = []) {
  const said: string[] = [];
  const write = (text: string) => void said.push(text);
  const options = [...names, `--pidfile=${folder}/%n.pid`, `--logfile=${folder}/%n.log`];
  const nodes = multiNodes(parseMultiOptions(options), { executable: process.execPath, args, globals: [] }, "h");
  const cluster = new MultiCluster(nodes, {
    terminal: { out: write, write, err: write, color: false, ask: () => Promise.resolve(undefined) },
    environment: process.env,
    quiet: false,
    verbose: false,
    signal: new AbortController().signal,
  });
  return { cluster, text: () => said.join("") };
}

describe("MultiCluster", () => {
  test("starts the others where one cannot be started", async () => {
    const { cluster, text } = clusterIn(testDir(), ["a", "b"], [
      "-e",
      "process.exit(process.argv.includes('a@h') ? 3 : 0)",
      "--",
    ]);

    expect(await cluster.start()).toBe(false);

    expect(text()).toBe(
      "> Starting nodes...\n\t> a@h: * Child terminated with exit code 3\nFAILED\n\t> b@h: OK\n",
    );
  });

  test("says which folder it cannot make, and what to do", async () => {
    const folder = testDir();
    writeFileSync(join(folder, "file"), "");

    await expect(clusterIn(join(folder, "file", "in"), ["a"]).cluster.start()).rejects.toThrow(
      /^Cannot make the folder .*\/file\/in: .*\. Name others: --pidfile=%n\.pid --logfile=%n\.log$/,
    );
  });

  test("takes a node for down that has no pidfile, an empty one, or one of a process that is gone", async () => {
    const folder = testDir();
    const gone = spawn(process.execPath, ["-e", ""]);
    await once(gone, "close");
    writeFileSync(join(folder, "empty.pid"), "");
    writeFileSync(join(folder, "gone.pid"), `${gone.pid}\n`);
    const { cluster, text } = clusterIn(folder, ["none", "empty", "gone"]);

    cluster.stop("SIGTERM");

    expect(text()).toBe([
      "> none@h: DOWN",
      "> empty@h: DOWN",
      "> Stopping nodes...",
      `\t> gone@h: TERM -> ${gone.pid}`,
      `Could not signal gone@h (${gone.pid}): No such process`,
      "> gone@h: DOWN\n",
    ].join("\n"));
  });

  test("sends the signal it is told to, and waits for the end", async () => {
    const folder = testDir();
    const program = "process.on('SIGUSR2', () => process.exit()); setInterval(() => {}, 1e6); console.log('ready')";
    const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "ignore"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child.stdout, "data");
    writeFileSync(join(folder, "a.pid"), `${child.pid}\n`);
    const { cluster, text } = clusterIn(folder, ["a"]);

    await cluster.stopWait("SIGUSR2");

    expect(text()).toMatch(
      /^> Stopping nodes\.\.\.\n\t> a@h: USR2 -> \d+\n> Waiting for 1 node -> \d+\.{4,}\n\t> a@h: OK\n> a@h: DOWN\n$/,
    );
  });
});
