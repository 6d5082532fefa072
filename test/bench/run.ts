/**
 * `npm run bench`: every bench of this folder, each in a process of its own, one report.
 *
 *     npm run bench -- [--only NAME] [--quick] [--json] [--svg FILE]
 *
 * Peers are real: Python Celery and Pyro4 from Debian's packages, bullmq and amqplib from npm in a cache folder.
 * @module
 */
import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { barsSvg } from "./bars.ts";
import { isInstalled, packagesOf } from "../support/peers.ts";
import { type Bench, describeMachine, type Measurement, reportTable } from "./harness.ts";

const FOLDER = new URL(".", import.meta.url);
const NOT_BENCHES = new Set(["bars.ts", "harness.ts", "run.ts"]);

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at === -1 ? undefined : process.argv[at + 1];
}

const only = option("only");
const isQuick = process.argv.includes("--quick");
const isJson = process.argv.includes("--json");

function benchNames(): string[] {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".ts") && !NOT_BENCHES.has(name));
  return files.map((name) => name.slice(0, -".ts".length)).sort();
}

async function runHere(name: string): Promise<readonly Measurement[]> {
  if (!benchNames().includes(name)) {
    throw new Error(`Cannot run ${name}: there is no such bench, only ${benchNames().join(", ")}`);
  }
  const { bench } = await import(new URL(`${name}.ts`, FOLDER).href) as { bench: Bench };
  console.error(`${bench.name}: ${bench.about}`);
  const missing = (bench.needs ?? []).filter((peer) => !isInstalled(peer));
  if (missing.length > 0) {
    console.error(`${bench.name} was not run: ${missing.map(packagesOf).join(" and ")} would have to be installed`);
    return [];
  }
  try {
    return await bench.run(isQuick ? { rounds: 2, scale: 0.1 } : { rounds: 5, scale: 1 });
  } catch (error) {
    console.error(`${bench.name} could not run:`, error);
    process.exitCode = 1;
    return [];
  }
}

/** In a process of its own: none pays for the heap of those before it, or for what they have taught the compiler. */
function runApart(name: string): readonly Measurement[] {
  const args = [...process.execArgv, fileURLToPath(import.meta.url), "--only", name, "--json"];
  const { stdout, status } = spawnSync(process.execPath, isQuick ? [...args, "--quick"] : args, {
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
  });
  if (status !== 0) process.exitCode = 1;
  return stdout === "" ? [] : (JSON.parse(stdout) as { readonly measurements: readonly Measurement[] }).measurements;
}

const measurements = only === undefined ? benchNames().flatMap(runApart) : await runHere(only);
const svg = option("svg");
if (svg !== undefined) writeFileSync(svg, barsSvg(measurements));
if (isJson) console.log(JSON.stringify({ machine: describeMachine(), measurements }, null, 2));
else console.log(`\n${describeMachine()}\n\n${reportTable(measurements)}`);
