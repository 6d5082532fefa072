import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Authority, type Certificate } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { isInstalled } from "../support/peers.ts";
import { Program, run, script } from "../support/program.ts";
import { freePort } from "../support/redis_server.ts";
import { tempDir, testDir } from "../support/temp_dir.ts";

const home = tempDir();
let server: Program;
let port = "";
let certificate: Certificate;
let authority: Authority;

const path = (...parts: string[]) => join(home.path, ...parts);
const client = (...args: string[]) => run(...script("socket/client.ts", ["--port", port, ...args]));

async function start(...args: string[]): Promise<{ program: Program; port: string }> {
  const program = new Program(...script("socket/server.ts", ["--port", "0", ...args]));
  const [, bound = ""] = await program.printed(/Listening at 127\.0\.0\.1:(\d+)/);
  return { program, port: bound };
}

beforeAll(async () => {
  mkdirSync(path("server"));
  writeFileSync(path("a.txt"), "content of a");
  writeFileSync(path("server", "there.txt"), "it was there");
  symlinkSync("/etc", path("server", "link"));
  ({ program: server, port } = await start("--dir", path("server")));
});
afterAll(async () => {
  await server.stop();
  home.remove();
});

describe("socket/client.ts", () => {
  /** One clear sentence and the exit code that --help lists. */
  const wrong: readonly (readonly [what: string, args: () => readonly string[], code: number, sentence: RegExp])[] = [
    ["no command", () => [], 2, /^Cannot tell what to do: give a text, or try --help\n$/],
    ["an unknown option", () => ["--nonsense"], 2, /^Cannot read the command line: .*--nonsense.*\n$/],
    [
      "two answers to one question",
      () => ["--rename", "--skip", "send", "x"],
      2,
      /^Cannot use --rename and --skip together/,
    ],
    ["a rate that is none", () => ["--limit", "fast", "x"], 2, /^Cannot use --limit fast: expected bytes a second/],
    ["a time that is none", () => ["--timeout", "soon", "x"], 2, /^Cannot use --timeout soon: expected seconds/],
    ["nobody at the port", () => ["--port", "1", "x"], 3, /^Cannot connect to 127\.0\.0\.1:1: nothing listens there/],
    [
      "a host that is unknown",
      () => ["--host", "no-such-host.invalid", "x"],
      3,
      /^Cannot connect to no-such-host\.invalid/,
    ],
    [
      "a file that is there already",
      () => ["send", path("server", "there.txt")],
      4,
      /^Cannot store "there\.txt": a file of that name is there/,
    ],
    [
      "an output file that is there already",
      () => ["get", "there.txt", "-o", path("a.txt")],
      4,
      /^Cannot store "a\.txt": a file of that name is there/,
    ],
    [
      "an output file in a folder that is not there",
      () => ["get", "there.txt", "-o", path("none", "x")],
      7,
      /^Cannot use the folder ".*none": there is no such file or folder/,
    ],
    [
      "a name outside the folder",
      () => ["get", "../a.txt"],
      5,
      /^Cannot use the name "\.\.\/a\.txt": "\.\." leads out/,
    ],
    ["a symbolic link", () => ["get", "link"], 5, /^Cannot send "link": it is neither a file nor a folder\n$/],
    ["a file that is not here", () => ["send", path("none")], 7, /^Cannot send ".*none": there is no such file/],
    ["a file that is not there", () => ["get", "none"], 7, /^Cannot send "none": there is no such file\n$/],
    ["a secret where none is asked for", () => ["--secret-file", path("a.txt"), "x"], 11, /secret/],
  ];
  test.each(wrong)("ends on %s with one sentence and its own exit code", async (_, args, code, sentence) => {
    const result = await client(...args());

    expect(result.stderr).toMatch(sentence);
    expect([result.code, result.stdout]).toEqual([code, ""]);
  });

  test("lists its exit codes", async () => {
    const { code, stdout } = await client("--help");

    expect(code).toBe(0);
    for (const line of [/^ {4}4 {2}a file of that name/m, /^ {4}9 {2}.*SHA-256/m, /^ {2}130 {2}interrupted/m]) {
      expect(stdout).toMatch(line);
    }
  });

  test("sends standard input, gets to standard output, and shows no bar in a pipe", async () => {
    const sent = await run(...script("socket/client.ts", ["--port", port, "send", "-", "--name", "in.txt"]), {
      input: "from a pipe",
    });
    const got = await client("get", "in.txt", "-o", "-");

    expect([sent.code, got.stdout]).toEqual([0, "from a pipe"]);
    expect(sent.stderr + got.stderr).not.toMatch(/#|\p{Cc}(?<!\n)/u);
  });

  test("gets one file to where it is told, over what was there if that is wanted", async () => {
    const target = path("copy.txt");
    const first = await client("get", "there.txt", "-o", target);
    const second = await client("--overwrite", "get", "there.txt", "-o", target);

    expect([first.code, second.code]).toEqual([0, 0]);
    expect(readFileSync(target, "utf8")).toBe("it was there");
  });

  test("stops on SIGINT with 130, and keeps what came", async () => {
    writeFileSync(path("slow.bin"), Buffer.alloc(3_000_000, "s"));
    const slow = new Program(
      ...script("socket/client.ts", ["--port", port, "--limit", "500k", "send", path("slow.bin")]),
    );
    await eventually("some of it is there", () => readFileSync(path("server", ".slow.bin.part")).length >= 0);

    expect(await slow.stop("SIGINT")).toBe(130);
    expect(slow.stderr).toContain("interrupted");
  });

  test("speaks TLS with a certificate of its own authority, and refuses another's", async () => {
    if (!isInstalled("openssl")) return console.warn("Skipped: openssl is not installed");
    const dir = testDir();
    authority = new Authority(dir);
    certificate = authority.issue("IP:127.0.0.1");
    for (
      const [name, text] of [["c.pem", certificate.cert], ["k.pem", certificate.key], [
        "ca.pem",
        authority.cert,
      ]] as const
    ) {
      writeFileSync(join(dir, name), text);
    }
    const tls = await start("--dir", dir, "--tls-cert", join(dir, "c.pem"), "--tls-key", join(dir, "k.pem"));

    const good = await run(...script("socket/client.ts", ["--port", tls.port, "--tls-ca", join(dir, "ca.pem"), "hi"]));
    const bad = await run(...script("socket/client.ts", ["--port", tls.port, "--tls", "hi"]));
    await tls.program.stop();

    expect([good.code, good.stdout]).toEqual([0, "Received: hi\n"]);
    expect(bad.code).toBe(3);
    expect(bad.stderr).toContain("authority that is not trusted here");
  });
});

describe("socket/server.ts", () => {
  test("says that its port is in use", async () => {
    const second = await run(...script("socket/server.ts", ["--port", port, "--dir", path("server")]));

    expect([second.code, second.stderr]).toEqual([
      3,
      `Cannot listen on 127.0.0.1:${port}: the address is in use (EADDRINUSE)\n`,
    ]);
  });

  test("survives a full disk: the sender is told, nothing bears the name, strings are still answered", async () => {
    const small = path("small");
    mkdirSync(small);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", small]);
    if (mounted.status !== 0) return console.warn("Skipped: mounting a small disk is not allowed here");
    const full = await start("--dir", small);
    try {
      // nobody knows the size of standard input beforehand: only the disk itself says no
      const [command, args] = script("socket/client.ts", ["--port", full.port, "send", "-", "--name", "x"]);
      const { code, stderr } = await run("sh", ["-c", `head -c 8000000 /dev/zero | ${[command, ...args].join(" ")}`]);
      const still = await run(...script("socket/client.ts", ["--port", full.port, "there?"]));

      expect(stderr).toContain('Cannot store "x": the disk is full (ENOSPC)');
      expect([code, still.stdout]).toEqual([6, "Received: there?\n"]);
      expect(existsSync(join(small, "x"))).toBe(false);
    } finally {
      await full.program.stop();
      spawnSync("umount", [small]);
    }
  });

  test("tells a sender that it may not write, where it may not", async () => {
    if (process.getuid?.() === 0) return console.warn("Skipped: root may write everywhere");
    const locked = path("locked");
    mkdirSync(locked);
    chmodSync(locked, 0o500);
    const readOnly = await start("--dir", locked);

    const { code, stderr } = await run(...script("socket/client.ts", ["--port", readOnly.port, "send", path("a.txt")]));
    await readOnly.program.stop();

    expect([code, stderr]).toEqual([6, 'Cannot store "a.txt": permission denied (EACCES)\n']);
  });
});

describe("socket/addTask.ts", () => {
  test("ends with the service's error on standard error", async () => {
    const nobody = String(await freePort());

    expect(await run(...script("socket/addTask.ts", ["--port", nobody, "5", "7"]))).toMatchObject({
      code: 3,
      stdout: "",
    });
    expect(await run(...script("socket/addTask.ts", ["5", "seven"]))).toMatchObject({
      code: 2,
      stderr: 'Cannot add: "seven" is no number\n',
    });
  });
});

describe("the progress bar", () => {
  test("is drawn in a real terminal", async () => {
    if (spawnSync("tmux", ["-V"]).status !== 0) return console.warn("Skipped: tmux is not installed");
    const socket = path("tmux.sock");
    const tmux = (...args: string[]) => spawnSync("tmux", ["-S", socket, ...args], { encoding: "utf8" });
    writeFileSync(path("seen.bin"), Buffer.alloc(4_000_000, "b"));
    const [command, args] = script("socket/client.ts", ["--port", port, "--limit", "1M", "send", path("seen.bin")]);
    tmux("-f", "/dev/null", "new-session", "-d", "-x", "110", "-y", "20", [command, ...args, "; sleep 60"].join(" "));
    try {
      await eventually(
        "the bar moves",
        () => /seen\.bin\s+\d+% \[#+-+\] .* of 4\.0 MB, .*\/s, \d\d:\d\d left/.test(tmux("capture-pane", "-p").stdout),
      );
      const screen = await eventually("it is done", () => {
        const { stdout } = tmux("capture-pane", "-p");
        return /100% \[#{24}\] 4\.0 MB of 4\.0 MB, [\d.]+ \w+\/s/.test(stdout) && !/verifying/.test(stdout) && stdout;
      }, { timeoutMs: 30_000 });
      expect(screen.match(/seen\.bin/g)?.length).toBe(1); // one line, drawn over itself
    } finally {
      tmux("kill-server");
    }
  }, 60_000);
});
