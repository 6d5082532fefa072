/**
 * `npm run compare`: the scripts beside their Python originals, and every pairing of the two at work.
 *
 *     npm run compare -- [--json] [--html FILE] [--bench FILE]
 *
 * `--bench` takes the file that `npm run bench -- --json` wrote. `PYTHON_ORIGINALS=DIR` compares with the programs in that folder,
 * `PYTHON=PATH` with that Python.
 * Starts and stops its own servers; exit code 1 if a pairing failed. Without Python it shows ours alone and says what is missing.
 * @module
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeMachine, type Measurement } from "../bench/harness.ts";
import { embeddedAddress } from "../../lib/celery/transport/embedded.ts";
import { hasOriginal, originalPath, originalsFolder, type ScriptName, SCRIPTS } from "../support/originals.ts";
import { isInstalled, type Peer, PYTHON } from "../support/peers.ts";
import { Program } from "../support/program.ts";
import { freePort, RedisServer } from "../support/redis_server.ts";
import { ROOT } from "../support/source_files.ts";
import { comparisonHtml } from "./html.ts";
import { celeryOver, playAll, pyroOver, socketPairings } from "./plays.ts";
import type { Comparison, Play, ScriptPair } from "./report.ts";
import { comparisonText } from "./text.ts";

function pairOf(name: ScriptName): ScriptPair {
  return {
    name,
    python: hasOriginal(name) ? readFileSync(originalPath(name), "utf8") : undefined,
    ours: readFileSync(join(ROOT, `${name}.ts`), "utf8"),
  };
}

/** True if the peer can be started and there are originals to start with it; else it is noted what is missing. */
function canCompare(
  what: string,
  peer: Peer,
  packages: string,
  names: readonly ScriptName[],
  missing: string[],
): boolean {
  const lacking = names.filter((name) => !hasOriginal(name)).map((name) => `${name}.py`);
  if (isInstalled(peer) && lacking.length === 0) return true;
  const why = !isInstalled("python")
    ? `there is no Python at ${PYTHON} (Debian: ${packages}; PYTHON=PATH names another)`
    : !isInstalled(peer)
    ? `${PYTHON} lacks a module (Debian: ${packages})`
    : `${originalsFolder()} has no ${lacking.join(", ")}`;
  missing.push(`${what} beside Python: not played, because ${why}.`);
  return false;
}

async function playCelery(missing: string[]): Promise<Play[]> {
  const needed = ["celery/addTask", "celery/addTask_main"] as const;
  const withPython = canCompare(
    "Celery",
    "python-celery",
    "python3-celery python3-redis",
    needed,
    missing,
  );
  const plays: Play[] = [];
  const folder = mkdtempSync(join(tmpdir(), "c-"));
  try {
    const url = `embedded://${folder}`;
    const { path } = await embeddedAddress(url, { idleMs: 20_000 });
    const forPython = `redis+socket://${path}`;
    plays.push(...await playAll(celeryOver("the embedded broker", forPython, forPython, url), withPython));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (!isInstalled("redis-server")) {
    missing.push("Celery over Redis: not played, because there is no redis-server (Debian: redis-server).");
    return plays;
  }
  const redis = await RedisServer.start();
  try {
    plays.push(...await playAll(celeryOver("Redis", redis.url, redis.url), withPython));
  } finally {
    await redis.stop();
  }
  return plays;
}

async function playPyro(missing: string[]): Promise<Play[]> {
  const needed = ["pyro/pyro_server", "pyro/pyro_client"] as const;
  const withPython = canCompare("Pyro", "python-pyro4", "python3-pyro4", needed, missing);
  const [oursPort, pythonPort] = [await freePort(), await freePort()];
  const cli = join(ROOT, "lib/pyro/cli.ts");
  const nameServer = new Program(process.execPath, [
    ...["--import", "tsx", cli, "ns", "-n", "127.0.0.1", "-p", String(oursPort), "-x"],
  ]);
  const plays: Play[] = [];
  try {
    await nameServer.printed(/NS running/);
    plays.push(...await playAll(pyroOver("our name server", oursPort), withPython));
  } finally {
    await nameServer.stop();
  }
  if (!withPython) return plays;
  const pythons = new Program(PYTHON, ["-m", "Pyro4.naming", "-n", "127.0.0.1", "-p", String(pythonPort), "-x"], {
    env: { PYTHONUNBUFFERED: "1" },
  });
  try {
    await pythons.printed(/NS running/);
    plays.push(...await playAll(pyroOver("Python's name server", pythonPort), withPython));
  } finally {
    await pythons.stop();
  }
  return plays;
}

async function playSockets(missing: string[]): Promise<Play[]> {
  const needed = ["socket/server", "socket/client", "socket/addTask"] as const;
  const withPython = canCompare("Sockets", "python", "python3", needed, missing);
  const plays: Play[] = [];
  for (const pairing of await socketPairings()) plays.push(...await playAll(pairing, withPython));
  return plays;
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at === -1 ? undefined : process.argv[at + 1];
}

const missing: string[] = [];
const plays = [...await playCelery(missing), ...await playPyro(missing), ...await playSockets(missing)];
const benchFile = option("bench");
const comparison: Comparison = {
  machine: describeMachine(),
  date: new Date().toISOString().slice(0, 10),
  pairs: SCRIPTS.map(pairOf),
  plays,
  missing,
  measurements: benchFile === undefined
    ? []
    : (JSON.parse(readFileSync(benchFile, "utf8")) as { measurements: Measurement[] }).measurements,
};
const html = option("html");
if (html !== undefined) writeFileSync(html, comparisonHtml(comparison));
if (process.argv.includes("--json")) console.log(JSON.stringify(comparison, null, 2));
else console.log(comparisonText(comparison, process.stdout.columns ?? Number(process.env.COLUMNS ?? 120)));
process.exitCode = plays.every((play) => play.ok) ? 0 : 1;
