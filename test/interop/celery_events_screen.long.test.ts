/**
 * `celery events` in a real terminal: beside Python's, which hears the same events, and at its end, whatever that is.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { run, script } from "../support/program.ts";
import { startPythonWorker } from "../support/python_worker.ts";
import { freePort, RedisServer } from "../support/redis_server.ts";
import { testDir } from "../support/temp_dir.ts";
import { Terminal, type TerminalOptions } from "../support/tmux.ts";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const PYTHON_FOLDER = join(PROJECT, "test/python/celery");
const APP = "test/support/screen_app.ts";

function terminal(words: readonly string[], options: TerminalOptions): Terminal {
  const opened = new Terminal(words, options);
  onTestFinished(() => opened.stop());
  return opened;
}

describeWithPeers(["tmux", "redis-server", "python-celery"], "celery events beside Python's", () => {
  let redis: RedisServer;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    redis = await RedisServer.start();
    env = { CELERY_BROKER_URL: redis.url, CELERY_RESULT_BACKEND: redis.url, PYTHONDONTWRITEBYTECODE: "1" };
  });
  afterAll(() => redis.stop());

  test("shows what Python's shows of the same events, at every size, and of the selected task", {
    timeout: 120_000,
  }, async () => {
    const size = { columns: 120, rows: 26, env };
    const ours = terminal(script("celery/addTask.ts", ["events"]).flat(), { ...size, cwd: PROJECT });
    const python = terminal(["sh", "-c", `${PYTHON} -m celery -A interop_tasks events 2>/dev/null`], {
      ...size,
      cwd: PYTHON_FOLDER,
    });
    await Promise.all([ours.shows(/No workers discovered/), python.shows(/No workers discovered/)]);
    const worker = await startPythonWorker({ broker: redis.url, backend: redis.url }, ["-E", "-n", "python@host"]);
    onTestFinished(async () => void await worker.stop());
    const call = (name: string, args: string) =>
      run(...script("celery/addTask.ts", ["call", name, "-a", args]), { env });
    await call("proj.add", "[1, 2]");
    await call("proj.fail", '["KeyError", "x"]');
    await call("proj.progress", "[]");
    await call("proj.nosuch", "[]");
    await call("a.task.whose.name.is.too.long.for.its.column.echo", "[]");
    await Promise.all([ours, python].map((each) => each.shows(/proj\.progress +\S+ SUCCESS/)));
    await Promise.all([ours, python].map((each) => each.shows(/(FAILURE[^]*){3}tasks:3 workers:1\/1/)));

    await alike(ours, python);
    for (const each of [ours, python]) each.press("k", "k", "k"); // Python's k goes from the first row to the last, then up
    ours.press("k"); // ours begins on the first
    await Promise.all([ours, python].map((each) => each.shows(/Selected: .*'done'/)));
    await alike(ours, python);
    for (const key of ["i", "r"]) {
      for (const each of [ours, python]) each.press(key);
      await Promise.all([ours, python].map((each) => each.shows(/Press any key/)));
      expect(ours.rows()).toEqual(python.rows());
      for (const each of [ours, python]) each.press("x");
      await Promise.all([ours, python].map((each) => each.shows(/Selected:/)));
    }
    for (const [columns, rows] of [[72, 30], [140, 40]] as const) {
      for (const each of [ours, python]) each.resize(columns, rows);
      await Promise.all([ours, python].map((each) => each.shows(new RegExp(`^┌─{${columns - 2}}┐$[^]*^└─+┘$`, "m"))));
      // Where it is narrow, Python's row of the selected task runs over into the next one.
      const isWhole = (row: string) => columns > 100 || !/Selected: |Workers online: /.test(row);
      await alike(ours, python, isWhole);
    }
  });

  test("revokes, limits rates and shows tracebacks of a real worker's tasks", { timeout: 120_000 }, async () => {
    const ours = terminal(script("celery/addTask.ts", ["events"]).flat(), { columns: 90, rows: 24, env, cwd: PROJECT });
    await ours.shows(/No task selected/);
    const worker = await startPythonWorker({ broker: redis.url, backend: redis.url }, ["-E", "-n", "python@host"]);
    onTestFinished(async () => void await worker.stop());
    await run(...script("celery/addTask.ts", ["call", "proj.fail", "-a", '["KeyError", "x"]']), { env });
    await ours.shows(/proj\.fail +\S+ FAILURE/);

    ours.press("j", "t");
    await ours.shows(/Task Exception Traceback for [-\w]+\n\n {3}Traceback \(most[^]*raise \{/);
    ours.press("x", "l");
    await ours.shows(/New rate limit: _/);
    ours.type("7/m");
    ours.press("Enter");
    await ours.shows(/Replies\n\n {3}python@host: new rate limit set successfully/);
    ours.press("x", "c");
    await ours.shows(/Replies\n\n {3}python@host: tasks .+ flagged as revoked/);
    ours.press("x");
    await redis.down();
    await ours.shows(/the broker is away: /);
    await redis.up();
    await ours.shows(/celery events [.\d]+ \(typescript\) +│/);
  });
});

describeWithPeers(["tmux"], "celery events and its terminal", () => {
  const size = { columns: 80, rows: 20 };

  test.each([
    ["q is pressed", ({ pane }: Shown) => pane.press("q"), 0, ""],
    ["Ctrl-C is pressed", ({ pane }: Shown) => pane.press("C-c"), 0, ""],
    ["SIGTERM comes", ({ pid }: Shown) => process.kill(pid, "SIGTERM"), 0, ""],
    ["SIGINT comes", ({ pid }: Shown) => process.kill(pid, "SIGINT"), 0, ""],
    ["SIGHUP comes", ({ pid }: Shown) => process.kill(pid, "SIGHUP"), 129, ""],
    ["SIGQUIT comes", ({ pid }: Shown) => process.kill(pid, "SIGQUIT"), 131, ""],
    ["it crashes", ({ pid }: Shown) => process.kill(pid, "SIGUSR2"), 1, "Error: a bug"],
  ])("leave it as it was when %s", async (_, end, code, said) => {
    const shown = await screenIn(size);

    end(shown);

    const text = await shown.pane.shows(/ended \d+ (un)?changed/);
    expect(text).toContain(`before\n`);
    expect(text).toContain(`ended ${code} unchanged`);
    expect(text).toContain(said);
    expect(shown.pane.modes()).toEqual({ alternate: false, cursor: true, wraps: true });
  });

  test("follow each other in size", async () => {
    const { pane } = await screenIn(size);

    pane.resize(100, 25);
    await eventually("it is drawn anew", () => edges(pane).join() === "100,100,25");
    pane.resize(70, 15);
    await eventually("it is drawn anew", () => edges(pane).join() === "70,70,15");
    pane.resize(50, 15);
    await pane.shows(/^50x15 is too small: 60x12 at least$/m);
    expect(pane.rows().filter((row) => row !== "")).toHaveLength(1);
  });

  test("are cleaned by Ctrl-L of what somebody else has written", async () => {
    const { pane } = await screenIn(size);
    writeFileSync(pane.device, "\x1b[3;10Hsomebody else");
    await pane.shows(/somebody else/);

    pane.press("C-l");

    await eventually("it is gone", () => !pane.rows().join("\n").includes("somebody else"));
  });

  test("are apart while a shell has it after Ctrl-Z, and together again after fg", async () => {
    const pane = terminal(["bash", "--norc", "-i"], { ...size, cwd: PROJECT, env: { PS1: "prompt> " } });
    await pane.shows(/prompt>/);
    pane.type(`${script(APP, ["events"]).flat().join(" ")}`);
    pane.press("Enter");
    await pane.shows(/No task selected/);

    pane.press("C-z");
    await pane.shows(/Stopped[^]*prompt>/);
    expect(pane.modes()).toEqual({ alternate: false, cursor: true, wraps: true });
    pane.type("fg");
    pane.press("Enter");
    await pane.shows(/No task selected/);
    pane.press("q");
    await pane.shows(/Stopped[^]*fg[^]*prompt>/);
  });

  test("says at once that the broker cannot be reached, and is left while that is waited for", async () => {
    const broker = `redis://127.0.0.1:${await freePort()}/0`;
    const command = script("celery/addTask.ts", ["events"]).flat();
    const pane = terminal(["sh", "-c", `${command.join(" ")}; echo ended $?; exec sleep 1000`], {
      columns: 120,
      rows: 20,
      cwd: PROJECT,
      env: { CELERY_BROKER_URL: broker },
    });

    await pane.shows(/the broker is away: Cannot connect to 127\.0\.0\.1:\d+: nothing listens there/);
    pane.press("q");
    await pane.shows(/^ended 0$/m);
  });

  test("need one: a pipe is told of --dump", async () => {
    const { code, stdout, stderr } = await run(...script(APP, ["events"]));

    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(
      "Cannot draw the screen of events: standard output is no terminal. Print them instead, with --dump or --json.",
    );
  });
});

interface Shown {
  readonly pane: Terminal;
  /** Process of the screen. */
  readonly pid: number;
}

/** The screen in a shell that says afterwards how it has ended, and whether the terminal's modes are what they were. */
async function screenIn(size: TerminalOptions): Promise<Shown> {
  const folder = testDir();
  const program = script(APP, ["events"]).flat().join(" ");
  writeFileSync(
    join(folder, "run.sh"),
    [
      "ulimit -c 0; echo before; modes=$(stty -g)",
      `sh -c 'echo $$ > ${folder}/pid; exec ${program}'`,
      'code=$?; [ "$modes" = "$(stty -g)" ] && how=unchanged || how=changed',
      "echo ended $code $how; exec sleep 1000",
    ].join("\n"),
  );
  const pane = terminal(["sh", join(folder, "run.sh")], { ...size, cwd: PROJECT });
  await pane.shows(/No task selected/);
  return { pane, pid: Number(readFileSync(join(folder, "pid"), "utf8")) };
}

/** Columns of the first row and the last, and how many rows there are. */
function edges(pane: Terminal): number[] {
  const rows = pane.rows();
  return [(rows[0] ?? "").length, (rows.at(-1) ?? "").length, rows.length];
}

/** Waits until they show the same: each is drawn when it gets to it. */
async function alike(ours: Terminal, python: Terminal, isCompared: (row: string) => boolean = () => true) {
  await eventually("both show the same", () => {
    expect(comparable(ours).filter(isCompared)).toEqual(comparable(python).filter(isCompared));
    return true;
  });
}

/** Without the frame, which Python's texts overwrite here and there, the title and the keys, which differ, and the count of events. */
function comparable(pane: Terminal): string[] {
  const inside = pane.rows().map((row) => row.replace(/^│|│$/g, "").trimEnd());
  return inside.slice(3, -2).map((row) => row.replace(/events: \d+/, "events: N"));
}
