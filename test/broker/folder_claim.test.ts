import { existsSync, mkdirSync, readdirSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  claimFolder,
  findBroker,
  findDurability,
  newSocketPath,
  publicSocketPath,
} from "../../lib/broker/folder_claim.ts";
import { FolderTakenError, startBroker } from "../../lib/broker/mod.ts";
import { listen } from "../../lib/net/mod.ts";
import { testDir } from "../support/temp_dir.ts";

async function listening(folder: string) {
  const path = await newSocketPath(folder);
  const listener = await listen({ path }, (connection) => connection.read(() => {}));
  onTestFinished(() => listener.close());
  return { path, close: () => listener.close() };
}

describe("claimFolder", () => {
  test("gives a folder to one of many who want it at once", async () => {
    const folder = testDir();
    const starters = await Promise.all(Array.from({ length: 10 }, () => listening(folder)));

    const results = await Promise.allSettled(starters.map(({ path }) => claimFolder(folder, path, "everysec")));

    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const winner = starters[results.findIndex(({ status }) => status === "fulfilled")]?.path;
    for (const result of results) {
      if (result.status === "fulfilled") continue;
      expect(result.reason).toBeInstanceOf(FolderTakenError);
      expect(result.reason).toHaveProperty("socketPath", winner);
    }
    expect(await findBroker(folder)).toBe(winner);
  });

  test("gives a dead broker's folder to one of many, and cleans up behind it", async () => {
    const folder = testDir();
    for (let round = 0; round < 5; round++) {
      const dead = await listening(folder);
      await claimFolder(folder, dead.path, "everysec");
      await dead.close();
      expect(await findBroker(folder)).toBeUndefined();

      const starters = await Promise.all(Array.from({ length: 6 }, () => listening(folder)));
      const results = await Promise.allSettled(starters.map(({ path }) => claimFolder(folder, path, "everysec")));
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      await Promise.all(starters.map(({ close }) => close()));
    }
    expect(readdirSync(folder).filter((name) => name.startsWith("claim."))).toEqual(["claim.10"]);
  });

  test("is not misled by what else may lie in the folder", async () => {
    const folder = testDir();
    writeFileSync(join(folder, "claim.7"), "no claim at all");
    writeFileSync(join(folder, "claim.x"), "");
    const { path } = await listening(folder);

    await claimFolder(folder, path, "everysec");

    expect(existsSync(join(folder, "claim.8"))).toBe(true);
  });

  test("leaves a broker alone that listens but does not answer", async () => {
    const folder = testDir();
    const path = await newSocketPath(folder);
    const stopped = createServer(() => {}).listen(path);
    onTestFinished(() => void stopped.close());
    await claimFolder(folder, path, "everysec");

    await expect(claimFolder(folder, (await listening(folder)).path, "everysec")).rejects.toThrow(FolderTakenError);
  });
});

describe("findDurability", () => {
  test("tells what the serving broker promises, and nothing of a dead one", async () => {
    const folder = testDir();
    const { path, close } = await listening(folder);
    await claimFolder(folder, path, "always");

    expect(await findDurability(folder)).toBe("always");
    await close();
    expect(await findDurability(folder)).toBeUndefined();
  });
});

describe("publicSocketPath", () => {
  test("leads to the broker, in long folders too, where only this user can reach it", async () => {
    for (const name of ["short", "long".repeat(40)]) {
      const folder = join(testDir(), name);
      const broker = await startBroker({ folder, durability: "memory" });
      onTestFinished(() => broker.close());

      const path = publicSocketPath(folder);

      expect(Buffer.byteLength(path)).toBeLessThanOrEqual(107);
      expect(realpathSync(path)).toBe(broker.socketPath);
      expect(statSync(path).mode & 0o777).toBe(0o600);
    }
  });
});

describe("newSocketPath", () => {
  test("refuses a runtime folder that others could use", async () => {
    const tmp = testDir();
    const before = process.env.TMPDIR;
    process.env.TMPDIR = tmp;
    onTestFinished(() => {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    });
    const runtime = join(tmp, `three-classics-${process.getuid?.() ?? -1}`);
    const long = join(tmp, "x".repeat(120));

    mkdirSync(runtime, { mode: 0o777 });
    await expect(newSocketPath(long)).rejects.toThrow(/it is not a folder that only this user may enter/);
  });
});
