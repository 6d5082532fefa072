/**
 * `npm run compare`: the scripts beside their Python originals, and every pairing of the two at work.
 *
 *     npm run compare -- [--json] [--html FILE] [--bench FILE]
 *
 * `--bench` takes the file that `npm run bench -- --json` wrote. `PYTHON_ORIGINALS=DIR` compares with the programs in that folder.
 * Starts and stops its own servers; exit code 1 if a pairing failed. Without Python it shows ours alone and says what is missing.
 * @module
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeMachine, type Measurement } from "../bench/harness.ts";
import { embeddedAddress } from "../../lib/celery/transport/embedded.ts";
import { isInstalled } from "../support/peers.ts";
import { Program } from "../support/program.ts";
import { PYTHON } from "../support/peers.ts";
import { freePort, RedisServer } from "../support/redis_server.ts";
import { ROOT } from "../support/source_files.ts";
import { comparisonHtml } from "./html.ts";
import { celeryOver, originalOf, playAll, pyroOver, socketPairings } from "./plays.ts";
import type { Comparison, Play, ScriptPair } from "./report.ts";
import { comparisonText } from "./text.ts";

const SCRIPTS = [
  "celery/addTask",
  "celery/addTask_main",
  "pyro/pyro_server",
  "pyro/pyro_client",
  "pyro/chainTopology",
  "socket/server",
  "socket/client",
  "socket/addTask",
];

function pairOf(name: string): ScriptPair {
  const original = originalOf(name);
  return {
    name,
    python: original === undefined ? undefined : readFileSync(original, "utf8"),
    ours: readFileSync(join(ROOT, `${name}.ts`), "utf8"),
  };
}

async function playCelery(missing: string[]): Promise<Play[]> {
  const withPython = isInstalled("python-celery");
  if (!withPython) missing.push("Celery beside Python: install python3-celery and python3-redis.");
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
    missing.push("Celery over Redis: install redis-server.");
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
  const withPython = isInstalled("python-pyro4");
  if (!withPython) missing.push("Pyro beside Python: install python3-pyro4.");
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
  const hasOriginals = originalOf("socket/server") !== undefined && isInstalled("python");
  if (!hasOriginals) missing.push("Sockets beside Python: there are no Python originals of the socket scripts here.");
  const plays: Play[] = [];
  for (const pairing of await socketPairings()) plays.push(...await playAll(pairing, hasOriginals));
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
