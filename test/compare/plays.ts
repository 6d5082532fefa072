/**
 * The pairings: who serves, who asks, over what. Every server and port is the comparison's own.
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Program, script } from "../support/program.ts";
import { PYTHON } from "../support/peers.ts";
import { freePort } from "../support/redis_server.ts";
import { ROOT } from "../support/source_files.ts";
import type { Play, Side } from "./report.ts";

/** How to start one program. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** A serving program and a client for it, each in both languages. */
export interface Pairing {
  readonly stack: string;
  readonly over: string;
  readonly server: (side: Side) => Launch;
  readonly client: (side: Side) => Launch;
  /** The line after which the server serves. */
  readonly ready: RegExp;
  /** What the client, or the server, must have printed. */
  readonly proof: RegExp;
}

const SIDES: readonly Side[] = ["Python", "ours"];

/** Where the Python programs are: the user's own with PYTHON_ORIGINALS=DIR, else those in `test/python`. */
export function originalsFolder(): string {
  return process.env.PYTHON_ORIGINALS ?? join(ROOT, "test/python");
}

/** Path of an original, e.g. `celery/addTask`; undefined if the folder has none of that name. */
export function originalOf(name: string): string | undefined {
  const path = join(originalsFolder(), `${name}.py`);
  return existsSync(path) ? path : undefined;
}

/** Plays one pairing in all four ways, or only ours with ours where Python is missing. */
export async function playAll(pairing: Pairing, withPython: boolean): Promise<Play[]> {
  const plays: Play[] = [];
  for (const server of SIDES) {
    for (const client of SIDES) {
      if (withPython || (server === "ours" && client === "ours")) plays.push(await play(pairing, server, client));
    }
  }
  return plays;
}

async function play(pairing: Pairing, server: Side, client: Side): Promise<Play> {
  const { stack, over, ready, proof } = pairing;
  const serving = start(pairing.server(server));
  let asking: Program | undefined;
  let ms = 0;
  let why: string | undefined;
  try {
    await serving.printed(ready);
    const begin = performance.now();
    asking = start(pairing.client(client));
    const code = await Promise.race([asking.exit(), timeout(30_000)]);
    ms = performance.now() - begin;
    if (code !== 0) why = code === undefined ? "the client did not end within 30 s" : `the client ended with ${code}`;
    else if (!proof.test(asking.stdout + serving.output)) why = `nobody printed ${proof.source}`;
  } catch (error) {
    why = error instanceof Error ? error.message.split("\n")[0] ?? "" : String(error);
  } finally {
    await asking?.stop("SIGKILL");
    await serving.stop("SIGTERM");
  }
  return {
    ...{ stack, over, server, client, ms, ok: why === undefined },
    serverOutput: serving.output.trim(),
    clientOutput: (asking?.output ?? "").trim(),
    ...(why === undefined ? {} : { why }),
  };
}

function start({ command, args, cwd, env }: Launch): Program {
  return new Program(command, args, { cwd, env: { PYTHONUNBUFFERED: "1", ...env } });
}

function timeout(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms).unref());
}

function ours(path: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Launch {
  const [command, commandArgs] = script(join(ROOT, path), args);
  return { command, args: commandArgs, cwd: ROOT, env };
}

function python(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Launch {
  const path = join(originalsFolder(), `${name}.py`);
  return { command: PYTHON, args: [path, ...args], cwd: join(path, ".."), env };
}

/** The worker and `addTask_main` over one broker. */
export function celeryOver(over: string, broker: string, backend: string, oursBroker = broker): Pairing {
  const pythonEnv = { CELERY_BROKER_URL: broker, CELERY_RESULT_BACKEND: backend };
  const oursEnv = {
    CELERY_BROKER_URL: oursBroker,
    CELERY_RESULT_BACKEND: oursBroker === broker ? backend : oursBroker,
  };
  return {
    stack: "celery",
    over,
    server: (side) =>
      side === "ours" ? ours("celery/addTask.ts", ["worker", "-l", "INFO", "-c", "2"], oursEnv) : {
        command: PYTHON,
        args: ["-m", "celery", "-A", "addTask", "worker", "-l", "INFO", "-c", "2"],
        cwd: join(originalsFolder(), "celery"),
        env: pythonEnv,
      },
    client: (side) =>
      side === "ours" ? ours("celery/addTask_main.ts", [], oursEnv) : python("celery/addTask_main", [], pythonEnv),
    ready: / ready\./,
    proof: /succeeded in .*: 10/,
  };
}

/** Server and client under the name `server`, found through the name server at `port`. */
export function pyroOver(over: string, port: number): Pairing {
  const env = { PYRO_NS_HOST: "127.0.0.1", PYRO_NS_PORT: String(port) };
  return {
    stack: "pyro",
    over,
    server: (side) => side === "ours" ? ours("pyro/pyro_server.ts", [], env) : python("pyro/pyro_server", [], env),
    client: (side) =>
      side === "ours" ? ours("pyro/pyro_client.ts", ["Ada"], env) : python("pyro/pyro_client", ["Ada"], env),
    ready: /Ready\./,
    proof: /Ada/,
  };
}

/** The string server and the addition service, each at a port of its own. */
export async function socketPairings(): Promise<Pairing[]> {
  const [strings, sums] = [String(await freePort()), String(await freePort())];
  return [
    {
      stack: "socket",
      over: "a string",
      server: (side) =>
        side === "ours" ? ours("socket/server.ts", ["--port", strings]) : python("socket/server", ["--port", strings]),
      client: (side) =>
        side === "ours"
          ? ours("socket/client.ts", ["--port", strings, "hello"])
          : python("socket/client", ["--port", strings, "hello"]),
      ready: /listening|adding|ready/i,
      proof: /hello/,
    },
    {
      stack: "socket",
      over: "an addition",
      server: (side) =>
        side === "ours"
          ? ours("socket/addTask.ts", ["serve", "--port", sums])
          : python("socket/addTask", ["serve", "--port", sums]),
      client: (side) =>
        side === "ours"
          ? ours("socket/addTask.ts", ["--port", sums, "5", "7"])
          : python("socket/addTask", ["--port", sums, "5", "7"]),
      ready: /listening|adding|ready/i,
      proof: /12/,
    },
  ];
}
