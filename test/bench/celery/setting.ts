/**
 * What the Celery benches share: one real Redis, workers of both kinds on it, and readings of their processes.
 * @module
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { publicSocketPath } from "../../../lib/broker/mod.ts";
import { eventually } from "../../support/eventually.ts";
import { PYTHON } from "../../support/peers.ts";
import { Program, run, script } from "../../support/program.ts";
import { RedisServer } from "../../support/redis_server.ts";
import { tempDir } from "../../support/temp_dir.ts";

const PYTHON_FOLDER = fileURLToPath(new URL("../../python/celery", import.meta.url));

/** Redis with an append-only file: what is confirmed is as durable as Redis makes it by default. */
export async function withRedis<T>(body: (server: RedisServer) => Promise<T>): Promise<T> {
  const server = await RedisServer.start();
  try {
    return await body(server);
  } finally {
    await server.stop();
  }
}

export function environment(url: string): NodeJS.ProcessEnv {
  return { CELERY_BROKER_URL: url, CELERY_RESULT_BACKEND: url };
}

/** Our worker, its children started by the same flags as in the tests. */
export function ourWorker(url: string, args: readonly string[] = []): Program {
  return new Program(...script("celery/addTask.ts", ["worker", "-l", "WARNING", ...args]), { env: environment(url) });
}

export function pythonWorker(url: string, args: readonly string[] = []): Program {
  const celery = ["-m", "celery", "-A", "addTask", "worker", "-l", "WARNING"];
  return new Program(PYTHON, [...celery, ...args], { cwd: PYTHON_FOLDER, env: environment(url) });
}

/** Runs a piece of Python beside `addTask.py` and returns what it prints; meanwhile the output of workers is read. */
export async function python(code: string, url: string): Promise<string> {
  const { code: exit, stdout, stderr } = await run(PYTHON, ["-c", code], {
    cwd: PYTHON_FOLDER,
    env: { ...process.env, ...environment(url) },
  });
  if (exit !== 0) throw new Error(`Python ended with ${exit}: ${stderr}`);
  return stdout;
}

/** Ours and Python's clients see the same queues in it. */
export interface BenchBroker {
  readonly url: string;
  /** How redis-cli and its like reach it. */
  readonly observerUrl: string;
}

/** A folder with an embedded broker, which starts with the first client and has the durability that it has by default. */
export async function withEmbedded<T>(body: (broker: BenchBroker) => Promise<T>): Promise<T> {
  const dir = tempDir();
  try {
    return await body({
      url: `embedded://${dir.path}`,
      observerUrl: `redis+socket://${publicSocketPath(dir.path)}`,
    });
  } finally {
    for (const claim of readdirSync(dir.path).filter((name) => name.startsWith("claim."))) {
      const { pid } = JSON.parse(readFileSync(join(dir.path, claim), "utf8")) as { pid: number };
      process.kill(pid, "SIGTERM");
      await eventually("the broker has gone", () => !isAlive(pid));
    }
    dir.remove();
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Process ids of a program and all that it has started. */
export function processTree(pid: number): number[] {
  const children = execFileSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" })
    .split("\n").map(Number).filter((child) => child > 0);
  return [pid, ...children.flatMap(childTree)];
}

function childTree(pid: number): number[] {
  try {
    return processTree(pid);
  } catch {
    return [pid]; // ps ends with 1 where there are none
  }
}

/** Asks the server with redis-cli, which is quick enough for what is measured in seconds. */
export async function redisNumber(server: RedisServer, command: readonly string[]): Promise<number> {
  const { stdout } = await run("redis-cli", ["-p", String(server.port), ...command]);
  return Number(stdout.trim());
}
