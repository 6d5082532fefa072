import { afterEach, describe, expect, test } from "vitest";
import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { type ChildExit, ChildPool, type ChildPoolOptions, describeExit, findSignal } from "../../lib/proc/mod.ts";
import { eventually } from "../support/eventually.ts";
import { Program, script, TYPESCRIPT } from "../support/program.ts";

const EXEC_ARGV = TYPESCRIPT;
const pools: ChildPool[] = [];

/** A pool of echo children that writes down what happens. */
async function startPool(options: Partial<ChildPoolOptions> = {}) {
  const seen = { frames: [] as string[], exits: [] as ChildExit[], lines: [] as string[], connected: 0 };
  const pool = await ChildPool.start({
    module: new URL("./echo_child.ts", import.meta.url),
    size: 1,
    execArgv: EXEC_ARGV,
    onFrame: (child, payload) => seen.frames.push(`${child.index}: ${payload}`),
    onConnected: () => seen.connected++,
    onExit: (_child, exit) => seen.exits.push(exit),
    onOutput: (_child, line) => seen.lines.push(line),
    ...options,
  });
  pools.push(pool);
  return { pool, seen };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // ESRCH: no such process
  }
}

afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close(0))));

describe("ChildPool", () => {
  test("exchanges frames with its children, and the token is gone from their environment", async () => {
    const { pool, seen } = await startPool({ size: 2 });
    await eventually("both children say hello", () => seen.frames.length === 2);

    for (const child of pool.children) child.send(Buffer.from("ping "), Buffer.from("pong"));

    await eventually("both children answer", () => seen.frames.length === 4);
    expect(seen.frames.toSorted()).toEqual([
      "1: here no token left",
      "1: ping pong",
      "2: here no token left",
      "2: ping pong",
    ]);
  });

  test("says how a child ended and replaces it under the same number", async () => {
    const { pool, seen } = await startPool();
    await eventually("the child says hello", () => seen.frames.length === 1);
    const [first] = pool.children;

    first?.kill("SIGKILL");

    await eventually("the replacement says hello", () => seen.frames.length === 2);
    const [second] = pool.children;
    expect(seen.exits.map(describeExit)).toEqual(["signal 9 (SIGKILL)"]);
    expect(second?.pid).not.toBe(first?.pid);
    expect(second?.index).toBe(1);
  });

  test("tells an exit code from a signal", async () => {
    const { pool, seen } = await startPool();
    await eventually("the child says hello", () => seen.frames.length === 1);

    for (const child of pool.children) child.send(Buffer.from("exit 7"));

    await eventually("the child ends", () => seen.exits.length === 1);
    expect(seen.exits.map(describeExit)).toEqual(["exitcode 7"]);
  });

  test("hands on what children print, line by line", async () => {
    const { pool, seen } = await startPool();
    await eventually("the child says hello", () => seen.frames.length === 1);

    for (const child of pool.children) child.send(Buffer.from("print"));

    await eventually("the lines arrive", () => seen.lines.length === 2);
    expect(seen.lines).toEqual(["first line", "second line"]);
  });

  test("reads what a child has noted, even after its death", async () => {
    const notes: number[] = [];
    const { pool, seen } = await startPool({ onExit: (child) => notes.push(child.note) });
    await eventually("the child says hello", () => seen.frames.length === 1);
    const [child] = pool.children;

    child?.send(Buffer.from("note 4294967295"));
    await eventually("the child has answered", () => seen.frames.length === 2);
    child?.kill("SIGKILL");

    await eventually("the child is gone", () => notes.length === 1);
    expect(notes).toEqual([4294967295]);
  });

  test("gives up on children that end before they connect", { timeout: 90_000 }, async () => {
    const hopeless: ChildExit[] = [];
    const { seen } = await startPool({
      module: new URL("./silent_child.ts", import.meta.url),
      execArgv: EXEC_ARGV,
      onHopeless: (exit) => hopeless.push(exit),
    });

    await eventually("the pool gives up", () => hopeless.length === 1, { timeoutMs: 60_000 });

    expect(seen.connected).toBe(0);
    expect(hopeless.map(describeExit)).toEqual(["exitcode 3"]);
    expect(seen.lines).toContain("no app here");
  });

  test("grows at once, and replaces nobody who was dismissed", async () => {
    const { pool, seen } = await startPool();
    await eventually("one child connects", () => seen.connected === 1);

    pool.resize(2);
    await eventually("a second child connects", () => seen.connected === 2);
    pool.resize(1);
    const [first] = pool.children;
    if (first !== undefined) pool.dismiss(first);
    first?.kill("SIGTERM");

    await eventually("one child is left", () => pool.children.size === 1);
    expect(seen.connected).toBe(2);
  });

  test("leaves neither processes nor its socket behind", async () => {
    const before = new Set(readdirSync(tmpdir()).filter((name) => name.startsWith("pool-")));
    const { pool, seen } = await startPool({ size: 2 });
    await eventually("both children connect", () => seen.connected === 2);
    const pids = [...pool.children].map((child) => child.pid);
    const [folder] = readdirSync(tmpdir()).filter((name) => name.startsWith("pool-") && !before.has(name));

    await pool.close(0);

    expect(pids.map(isAlive)).toEqual([false, false]);
    expect(folder).toBeDefined();
    expect(existsSync(`${tmpdir()}/${folder}`)).toBe(false);
  });

  test("takes children with it when the parent is killed, even one that is stuck in a loop", async () => {
    const parent = new Program(...script("test/proc/pool_parent.ts"));
    const match = await parent.printed(/children (\d+) (\d+)\n/);
    const pids = [Number(match[1]), Number(match[2])];

    await parent.stop("SIGKILL");

    await eventually("both children are gone", () => pids.every((pid) => !isAlive(pid)), { timeoutMs: 5000 });
  });
});

describe("findSignal", () => {
  test.each([["SIGTERM", "SIGTERM"], ["kill", "SIGKILL"], ["9", "SIGKILL"], [15, "SIGTERM"]])(
    "finds %s",
    (text, expected) => expect(findSignal(text)).toBe(expected),
  );

  test("knows no signal of another name", () => expect(findSignal("constructor")).toBeUndefined());
});
