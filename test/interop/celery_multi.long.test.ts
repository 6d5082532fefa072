/**
 * `celery multi` of either language names, starts and stops nodes alike, and each stops what the other has started.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Celery } from "../../lib/celery/mod.ts";
import { multiCommand } from "../../lib/celery/cli/multi.ts";
import { brokerFolder } from "../support/broker_folder.ts";
import { eventually } from "../support/eventually.ts";
import { originalsFolder } from "../support/originals.ts";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { run, script } from "../support/program.ts";
import { testDir } from "../support/temp_dir.ts";

const PYTHON_FOLDER = join(originalsFolder(), "celery");
const TIMEOUT = { timeout: 120_000 };

/** Prints what `celery multi` prints for each of the command lines. */
const PYTHON_MULTI = `
import io, json, sys
from celery.bin.multi import MultiTool
for argv in json.loads(sys.argv[1]):
    out = io.StringIO()
    MultiTool(stdout=out, no_color=True).execute_from_commandline(["multi", *argv])
    print(json.dumps(out.getvalue()))
`;

/** Python makes the folders of its defaults even to show a command line. */
const FILES = ["--pidfile=%n.pid", "--logfile=%n%I.log"];
const LINES = [
  ["names", "3"],
  ["names", "foo", "bar@%h", "baz@x.y"],
  ["names", "2", "--range-prefix=w", "--hostname=h.example"],
  ["names", "a", "b", "--prefix=p", "--suffix=s"],
  ["names", "a", "b", "-n", "h"],
  ["names", "a", "--suffix=''"],
  ["expand", "%n-%h-%d-%N-%p-%i%I", "a@h.x", "b@h"],
  ["get", "celery2@h", "2", "-E", "-n", "h"],
  ["show", "3", "-c", "3", "-c:1", "10"],
  ["show", "5", "-c:1-3", "10", "-c:4,5", "1", "-c", "3", "--time-limit:5=9"],
  ["show", "a", "b", "-Q:a", "images,video", "-Q:2", "data", "-Q", "default", "--", "--x", "y"],
  ["show", "foo", "bar", "baz", "-c", "3", "-c:foo,baz", "10", "-E:bar"],
  ["show", "foo@h", "bar@h", "-c:foo@h", "2", "-c:bar", "3"],
  ["show", "2", "-b", "redis://x", "-l", "INFO", "--loglevel:2=DEBUG", "--append=-E --x=%h", "-Q", "%n,all"],
];

/** Runs our command in this process. @returns what it prints */
async function ours(...argv: string[]): Promise<string> {
  let printed = "";
  const write = (text: string) => void (printed += text);
  const line = (text: string) => write(`${text}\n`);
  const code = await multiCommand.run({
    app: new Celery("app"),
    moduleUrl: import.meta.url,
    program: "app.ts",
    terminal: { out: line, err: line, write, color: false, ask: () => Promise.resolve(undefined) },
    environment: process.env,
    globals: [],
    quiet: false,
    signal: new AbortController().signal,
  }, argv);
  expect(code).toBe(0);
  return printed;
}

/** Command lines from the program's own options on: before them is how each language is started. */
function comparable(text: string): string {
  const start = [...process.execArgv, ...process.argv.slice(1, 2)].join(" ");
  return text.replaceAll(`${process.execPath} `, "").replaceAll(`${start} `, "")
    .replaceAll(/^(\S*python\S* )?-m celery /gm, "").replaceAll(/ --executable=\S+/g, "").replaceAll(/ +/g, " ")
    .replaceAll(/ $/gm, "");
}

/**
 * The lines in some order, without process ids and without those about waiting: Python's nodes are a set, which it goes on to speak
 * of when they are gone.
 */
function said(text: string): string[] {
  return text.replaceAll(/\b\d{2,}\b/g, "PID").split("\n")
    .filter((line) => line !== "" && !/^(celery multi v|> Waiting for )/.test(line)).sort();
}

/** A folder with a broker, and how nodes are found there. */
function site() {
  const folder = testDir();
  const { env } = brokerFolder();
  const names = ["celery1", "celery2"];
  const options = ["2", `--pidfile=${folder}/%n.pid`, `--logfile=${folder}/%n.log`];
  const pids = () => names.map((name) => Number(readFileSync(join(folder, `${name}.pid`), "utf8")));
  onTestFinished(() => {
    for (const file of readdirSync(folder).filter((name) => name.endsWith(".pid"))) {
      try {
        process.kill(Number(readFileSync(join(folder, file), "utf8")), "SIGKILL");
      } catch {
        // it is gone
      }
    }
  });
  return {
    pids,
    areDown: () => names.every((name) => !existsSync(join(folder, `${name}.pid`))),
    python: (action: string, ...more: string[]) =>
      run(PYTHON, ["-m", "celery", "multi", action, ...options, "--no-color", ...more], { cwd: PYTHON_FOLDER, env }),
    ours: (action: string, ...more: string[]) =>
      run(...script("celery/addTask.ts", ["multi", action, ...options, ...more]), { env }),
    /** Resolves when the nodes have said `count` times each that they are ready. */
    async areReady(count = 1) {
      await eventually("both nodes are ready", () =>
        names.every((name) => {
          const log = join(folder, `${name}.log`);
          return existsSync(log) && readFileSync(log, "utf8").match(/ ready\./g)?.length === count;
        }), { timeoutMs: 60_000 });
    },
  };
}

const WORKER = ["-l", "INFO", "-c", "1", "--without-gossip", "--without-mingle"];

describeWithPeers(["python-celery"], "celery multi", () => {
  test("reads names, ranges and options of single nodes as Python does", TIMEOUT, async () => {
    const lines = LINES.map((line) => {
      const at = line.indexOf("--");
      return at === -1 ? [...line, ...FILES] : [...line.slice(0, at), ...FILES, ...line.slice(at)];
    });
    const python = await run(PYTHON, ["-c", PYTHON_MULTI, JSON.stringify(lines)], { cwd: testDir() });
    const expected = python.stdout.trim().split("\n").map((text) => JSON.parse(text) as string);

    expect(python).toMatchObject({ code: 0 });
    for (const [at, line] of lines.entries()) {
      expect({ line, shown: comparable(await ours(...line)) }).toEqual({ line, shown: comparable(expected[at] ?? "") });
    }
  });

  test("starts nodes that Python's stops, and the other way round, in the same words", TIMEOUT, async () => {
    const { areReady, areDown, ...multi } = site();

    const started = await multi.ours("start", ...WORKER);
    await areReady();
    const theirs = await multi.python("stopwait");
    expect(areDown()).toBe(true);
    await multi.ours("start", ...WORKER);
    await areReady(2);
    const own = await multi.ours("stopwait");

    expect(started.stdout).toMatch(
      /^celery multi v.*\n> Starting nodes\.\.\.\n\t> celery1@.*: OK\n\t> celery2@.*: OK\n$/,
    );
    expect([own.code, areDown()]).toEqual([0, true]);
    expect(said(own.stdout)).toEqual(said(theirs.stdout));
    expect(own.stdout).toMatch(/\n> Waiting for 2 nodes -> \d+, \d+\.{4,}\n\t> celery\d@/);
    expect(said((await multi.ours("stop")).stdout)).toEqual(said((await multi.python("stop")).stdout));
  });

  test("restarts nodes one by one, and kills them", TIMEOUT, async () => {
    const { areReady, pids, ...multi } = site();
    await multi.ours("start", ...WORKER);
    await areReady();
    const before = pids();

    const restarted = await multi.ours("restart", ...WORKER);
    await areReady(2);
    const after = pids();
    const killed = await multi.ours("kill");

    expect(restarted).toMatchObject({ code: 0, stdout: expect.stringContaining("> Restarting node celery2@") });
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
    expect(killed.stdout.split("\n").slice(1, -1)).toEqual([
      expect.stringMatching(`Sending KILL to node celery1@.* \\(${after[0]}\\)`),
      expect.stringMatching(`Sending KILL to node celery2@.* \\(${after[1]}\\)`),
    ]);
    await eventually(
      "they are gone",
      async () => (await multi.ours("kill")).stdout.match(/No such process/g)?.length === 2,
    );
  });
});
