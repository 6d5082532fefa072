/**
 * The pairings: who serves, who asks, over what. Every server and port is the comparison's own.
 * @module
 */
import { dirname, join } from "node:path";
import { originalPath, originalsFolder, ownOriginals, type ScriptName } from "../support/originals.ts";
import { PYTHON } from "../support/peers.ts";
import { Program, script } from "../support/program.ts";
import { freePort } from "../support/redis_server.ts";
import { ROOT } from "../support/source_files.ts";
import { connect } from "../../lib/net/mod.ts";
import { eventually } from "../support/eventually.ts";
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
  /** @param server whom it is going to ask */
  readonly client: (side: Side, server: Side) => Launch;
  /** The line after which the server serves, or the port that it answers at from then on. */
  readonly ready: RegExp | number;
  /** What the client, or the server, must have printed. */
  readonly proof: RegExp;
}

const SIDES: readonly Side[] = ["Python", "ours"];
const DEADLINE_MS = 30_000;

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
    await (typeof ready === "number" ? answers(serving, ready) : serving.printed(ready));
    const begin = performance.now();
    asking = start(pairing.client(client, server));
    const code = await Promise.race([asking.exit(), late()]);
    ms = performance.now() - begin;
    if (code === "late") why = `the client did not end within ${DEADLINE_MS / 1000} s`;
    else if (code !== 0) why = `the client ended with ${code}`;
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
  return new Program(command, args, { cwd, env: { PYTHONUNBUFFERED: "1", PYTHONWARNINGS: "ignore", ...env } });
}

/** A client that is not done by then is stopped and counts as failed. */
function late(): Promise<"late"> {
  return new Promise((resolve) => setTimeout(() => resolve("late"), DEADLINE_MS).unref());
}

/** For servers that tell nothing until they are asked, as a user's own originals may. */
async function answers(serving: Program, port: number): Promise<void> {
  await eventually(`somebody listens at port ${port}`, async () => {
    if (!serving.isRunning) return true; // whoever asks it will say why that fails
    await (await connect({ host: "127.0.0.1", port })).close();
    return true;
  });
}

function ours(path: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Launch {
  const [command, commandArgs] = script(join(ROOT, path), args);
  return { command, args: commandArgs, cwd: ROOT, env };
}

function python(name: ScriptName, args: readonly string[], env: NodeJS.ProcessEnv = {}): Launch {
  const path = originalPath(name);
  return { command: PYTHON, args: [path, ...args], cwd: dirname(path), env };
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

/**
 * The time, a string and an addition. Each server has a port of its own; a user's own originals may know no `--port`, so with
 * them everybody uses the classic ports.
 */
export async function socketPairings(): Promise<Pairing[]> {
  const isOwn = ownOriginals() !== undefined;
  const [words, sums] = isOwn ? [9999, 9998] : [await freePort(), await freePort()];
  const at = (port: number) => isOwn ? [] : ["--port", String(port)];
  const strings = {
    stack: "socket",
    server: (side: Side) => side === "ours" ? ours("socket/server.ts", at(words)) : python("socket/server", at(words)),
    ready: isOwn ? words : /listening/i,
  };
  /** A plain Python server frames nothing: it takes text up to EOF. */
  const rawFor = (server: Side) => server === "Python" ? ["--raw"] : [];
  return [
    {
      ...strings,
      over: "the time",
      client: (side) =>
        side === "ours" ? ours("socket/client.ts", [...at(words), "--raw"]) : python("socket/client", at(words)),
      proof: /\d\d:\d\d:\d\d \d{4}/,
    },
    {
      ...strings,
      over: "a string",
      client: (side, server) =>
        side === "ours"
          ? ours("socket/client.ts", [...at(words), ...rawFor(server), "hello"])
          : python("socket/client", [...at(words), "hello"]),
      proof: /hello/,
    },
    {
      stack: "socket",
      over: "an addition",
      server: (side) =>
        side === "ours"
          ? ours("socket/addTask.ts", [...at(sums), "serve"])
          : python("socket/addTask", [...at(sums), "serve"]),
      client: (side) =>
        side === "ours"
          ? ours("socket/addTask.ts", [...at(sums), "5", "7"])
          : python("socket/addTask", [...at(sums), "5", "7"]),
      ready: isOwn ? sums : /adding/i,
      proof: /^12$/m,
    },
  ];
}
