/**
 * The programs in the README between `<!-- example NAME -->` and the end of the code block are run as they stand.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { brokerFolder } from "../support/broker_folder.ts";
import { originalPath, originalsFolder } from "../support/originals.ts";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { Program, run, script } from "../support/program.ts";
import { freePort, RedisServer } from "../support/redis_server.ts";
import { ROOT } from "../support/source_files.ts";
import { testDir } from "../support/temp_dir.ts";

const README = readFileSync(join(ROOT, "README.md"), "utf8");
const PATIENCE = { timeout: 90_000 };

/** Writes the example into a file of its own and returns how to run that. */
function example(name: string, replace: (text: string) => string = (text) => text): [command: string, args: string[]] {
  const found = new RegExp(`<!-- example ${name} -->\\s+\`\`\`(ts|python)\\n(.*?)\`\`\``, "s").exec(README);
  if (found === null) throw new Error(`Cannot run the example ${name}: the README has none`);
  const [, language, text = ""] = found;
  const file = join(testDir(), language === "ts" ? "example.mts" : "example.py");
  writeFileSync(file, replace(text).replaceAll('"./lib/', `"${pathToFileURL(ROOT).href}lib/`));
  return language === "ts" ? script(file) : [PYTHON, [file]];
}

test("the beat example of the README sends what is due", PATIENCE, async () => {
  const folder = testDir();
  const [command, args] = example("beat", (text) => text.replace("schedule: 10,", "schedule: 0.1,"));
  const beat = new Program(command, [...args, "beat", "-l", "INFO", "-s", join(folder, "schedule")], {
    env: brokerFolder().env,
  });
  onTestFinished(async () => void await beat.stop());

  await beat.printed(/Scheduler: Sending due task often \(addTask\.add\)/);
});

async function serving(ready: RegExp, command: [string, string[]], options: { cwd?: string; env?: NodeJS.ProcessEnv }) {
  const server = new Program(...command, options);
  onTestFinished(async () => void await server.stop());
  await server.printed(ready);
}

describeWithPeers(["redis-server", "python-celery"], "the Celery examples of the README", () => {
  async function redisEnvironment(): Promise<NodeJS.ProcessEnv> {
    const redis = await RedisServer.start();
    onTestFinished(() => redis.stop());
    return { CELERY_BROKER_URL: redis.url, CELERY_RESULT_BACKEND: redis.url };
  }

  test("TypeScript calls a Python task", PATIENCE, async () => {
    const env = await redisEnvironment();
    const worker = ["-m", "celery", "-A", "addTask", "worker", "-l", "INFO", "-c", "1"];
    await serving(/ ready\./, [PYTHON, worker], { cwd: join(originalsFolder(), "celery"), env });

    const result = await run(...example("celery from TypeScript"), { cwd: ROOT, env });

    expect(result).toEqual({ code: 0, stdout: "10\n", stderr: "" });
  });

  test("Python calls a TypeScript task", PATIENCE, async () => {
    const env = await redisEnvironment();
    await serving(/ ready\./, script("celery/addTask.ts", ["worker", "-l", "INFO", "-c", "1"]), { cwd: ROOT, env });

    const result = await run(...example("celery from Python"), { env });

    expect(result).toMatchObject({ code: 0, stdout: "10\n" });
  });
});

describeWithPeers(["python-pyro4"], "the Pyro examples of the README", () => {
  async function withNames(): Promise<NodeJS.ProcessEnv> {
    const port = String(await freePort());
    await serving(/NS running/, script("lib/pyro/cli.ts", ["ns", "-n", "127.0.0.1", "-p", port, "-x"]), { cwd: ROOT });
    return { PYRO_NS_HOST: "127.0.0.1", PYRO_NS_PORT: port };
  }

  test("TypeScript calls a Python object", PATIENCE, async () => {
    const env = await withNames();
    await serving(/Ready\./, [PYTHON, [originalPath("pyro/pyro_server")]], { env });

    const result = await run(...example("pyro from TypeScript"), { cwd: ROOT, env });

    expect(result).toEqual({ code: 0, stdout: "Hi welcome Ada\n", stderr: "" });
  });

  test("Python calls a TypeScript object", PATIENCE, async () => {
    const env = await withNames();
    await serving(/Ready\./, script("pyro/pyro_server.ts"), { cwd: ROOT, env });

    const result = await run(...example("pyro from Python"), { env });

    expect(result).toMatchObject({ code: 0, stdout: "Hi welcome Ada\n" });
  });
});

describeWithPeers(["python"], "the socket examples of the README", () => {
  /** The examples use the classic port, which a test may not. */
  async function withPort() {
    const port = String(await freePort());
    return { port, use: (text: string) => text.replaceAll("9999", port) };
  }

  test("TypeScript asks a Python server", PATIENCE, async () => {
    const { port, use } = await withPort();
    await serving(/Listening/, [PYTHON, [originalPath("socket/server"), "--port", port]], {});

    const result = await run(...example("socket from TypeScript", use), { cwd: ROOT });

    expect(result).toEqual({ code: 0, stdout: "Received: hello\n", stderr: "" });
  });

  test("Python asks a TypeScript server", PATIENCE, async () => {
    const { port, use } = await withPort();
    await serving(/Listening/, script("socket/server.ts", ["--port", port, "--dir", testDir()]), { cwd: ROOT });

    const result = await run(...example("socket from Python", use));

    expect(result).toEqual({ code: 0, stdout: "Received: hello\n", stderr: "" });
  });
});
