/**
 * `npm run bench`: every bench of this folder, one report.
 *
 *     npm run bench -- [--only NAME] [--quick] [--json] [--svg FILE]
 *
 * Peers are real: Python Celery and Pyro4 from Debian's packages, bullmq and amqplib from npm in a cache folder.
 * @module
 */
import { readdirSync, writeFileSync } from "node:fs";
import { barsSvg } from "./bars.ts";
import { isInstalled, packagesOf } from "../support/peers.ts";
import { type Bench, describeMachine, type Measurement, reportTable } from "./harness.ts";

const NOT_BENCHES = new Set(["bars.ts", "harness.ts", "run.ts"]);

async function loadBenches(only: string | undefined): Promise<Bench[]> {
  const benches: Bench[] = [];
  const folder = new URL(".", import.meta.url);
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".ts") && !NOT_BENCHES.has(name)).sort()) {
    const loaded = await import(new URL(file, folder).href) as { bench?: Bench };
    if (loaded.bench !== undefined) benches.push(loaded.bench);
  }
  if (only === undefined) return benches;
  const chosen = benches.filter((bench) => bench.name === only);
  if (chosen.length === 0) {
    throw new Error(`Cannot run ${only}: there is no such bench, only ${benches.map((each) => each.name).join(", ")}`);
  }
  return chosen;
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at === -1 ? undefined : process.argv[at + 1];
}

const isQuick = process.argv.includes("--quick");
const isJson = process.argv.includes("--json");
const measurements: Measurement[] = [];
for (const bench of await loadBenches(option("only"))) {
  if (!isJson) console.error(`${bench.name}: ${bench.about}`);
  const missing = (bench.needs ?? []).filter((peer) => !isInstalled(peer));
  if (missing.length > 0) {
    console.error(`${bench.name} was not run: ${missing.map(packagesOf).join(" and ")} would have to be installed`);
    continue;
  }
  try {
    measurements.push(...await bench.run(isQuick ? { rounds: 2, scale: 0.1 } : { rounds: 5, scale: 1 }));
  } catch (error) {
    console.error(`${bench.name} could not run:`, error);
    process.exitCode = 1;
  }
}
const svg = option("svg");
if (svg !== undefined) writeFileSync(svg, barsSvg(measurements));
if (isJson) console.log(JSON.stringify({ machine: describeMachine(), measurements }, null, 2));
else console.log(`\n${describeMachine()}\n\n${reportTable(measurements)}`);
