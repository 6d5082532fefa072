import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { locateNS } from "../../lib/pyro/mod.ts";
import { Program, script } from "../support/program.ts";
import { testDir } from "../support/temp_dir.ts";

async function startNameServer(file: string): Promise<{ program: Program; port: number }> {
  const program = new Program(...script("lib/pyro/cli.ts", ["ns", "-n", "127.0.0.1", "-p", "0", "-s", `file:${file}`]));
  onTestFinished(() => void program.stop());
  const [, port] = await program.printed(/URI = PYRO:Pyro\.NameServer@127\.0\.0\.1:(\d+)/);
  return { program, port: Number(port) };
}

describe("A name server that keeps its names in a file", () => {
  test("has every name that it acknowledged after kill -9 in the middle of registrations, and starts again at once", {
    timeout: 90_000,
  }, async () => {
    const file = join(testDir(), "names");
    const first = await startNameServer(file);
    const ns = await locateNS("127.0.0.1", first.port);
    const acknowledged: string[] = [];
    const registering = (async () => {
      for (let i = 0;; i++) {
        await ns.register(`name.${i}`, `PYRO:object@127.0.0.1:${i % 60_000}`, false, ["tag"]);
        acknowledged.push(`name.${i}`);
      }
    })();
    const failure = registering.catch((error: unknown) => error);
    await expect.poll(() => acknowledged.length, { timeout: 60_000 }).toBeGreaterThan(100);

    await first.program.stop("SIGKILL");
    expect(String(await failure)).toContain("ConnectionClosedError");
    await ns._pyroRelease();

    const second = await startNameServer(file);
    const again = await locateNS("127.0.0.1", second.port);
    const names = new Set(Object.keys(await again.list("name.")));
    expect(acknowledged.filter((name) => !names.has(name))).toEqual([]);
    expect(second.program.stdout).toMatch(/Persistent store contains \d+ existing registrations\./);
    await again._pyroRelease();
  });
});
