/**
 * What all benches share: alternating runs, medians, ratios, and packages that only a bench needs.
 *
 * A bench is a file in this folder that exports `bench: Bench`; `npm run bench` runs them all, `npm run bench -- --only NAME` one.
 * Run by itself (`tsx test/bench/NAME.ts`) it does the same through `runAlone(import.meta.url, bench)`.
 * @module
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Peer } from "../support/peers.ts";

/** One line of the report: ours beside somebody's, measured in the same run. */
export interface Measurement {
  /** e.g. "publish add(5, 5)". */
  readonly what: string;
  /** Who `theirs` is, e.g. "Python Celery 5.2.6". */
  readonly against: string;
  /** e.g. "tasks/s", "ms", "kB". */
  readonly unit: string;
  /** Medians. */
  readonly ours: number;
  readonly theirs: number;
  /** True where more is better (rates), false where less is (times, memory). */
  readonly moreIsBetter: boolean;
  /** The ratio that was promised, e.g. 20; undefined for a line that only informs. */
  readonly target?: number;
}

export interface BenchOptions {
  /** Alternating runs per line: 5, or 2 with --quick. */
  readonly rounds: number;
  /** Fewer items a run: multiply counts with it. 1, or 0.1 with --quick. */
  readonly scale: number;
}

export interface Bench {
  /** As in `--only`; the file's name. */
  readonly name: string;
  /** One sentence: what is measured, against whom. */
  readonly about: string;
  /** Programs that it cannot do without. */
  readonly needs?: readonly Peer[];
  readonly run: (options: BenchOptions) => Promise<Measurement[]>;
}

/** How many times better ours is: always "more is better", also for times and memory. */
export function ratioOf({ ours, theirs, moreIsBetter }: Measurement): number {
  return moreIsBetter ? ours / theirs : theirs / ours;
}

/** The ratio as text; none where one side measured nothing at all. */
export function ratioText(measurement: Measurement, digits: number): string {
  const ratio = ratioOf(measurement);
  return Number.isFinite(ratio) ? ratio.toFixed(digits) : "–";
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** Runs the two in turns, so that what the machine does beside hits both, and returns the medians of what they return. */
export async function alternate(
  rounds: number,
  ours: () => Promise<number>,
  theirs: () => Promise<number>,
): Promise<{ ours: number; theirs: number }> {
  const results = { ours: [] as number[], theirs: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    results.ours.push(await ours());
    results.theirs.push(await theirs());
  }
  return { ours: median(results.ours), theirs: median(results.theirs) };
}

/** Items per second of `work`, which handles `count` of them. */
export async function rate(count: number, work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return count / ((performance.now() - start) / 1000);
}

/** Loads an npm package (`bullmq@5`) from a cache folder outside the repository, installing it at the first use. */
export async function loadPeerPackage(spec: string): Promise<unknown> {
  const name = spec.replace(/(?<=.)@[^/]*$/, "");
  const folder = join(tmpdir(), "three-python-classics-bench", spec.replaceAll("/", "+"));
  if (!existsSync(join(folder, "node_modules", name))) {
    mkdirSync(folder, { recursive: true });
    const { status, stderr } = spawnSync("npm", ["install", "--no-audit", "--no-fund", "--prefix", folder, spec], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`Cannot install ${spec}: npm ended with ${status}\n${stderr}`);
  }
  const path = createRequire(join(folder, "package.json")).resolve(name);
  return await import(pathToFileURL(path).href);
}

/** One line about the machine, for the head of a report. */
export function describeMachine(): string {
  const [cpu] = cpus();
  return `${cpus().length} × ${cpu?.model ?? "unknown processor"}, ${
    Math.round(totalmem() / 2 ** 30)
  } GiB, Node ${process.versions.node}`;
}

/** A report as a table of plain text. */
export function reportTable(measurements: readonly Measurement[]): string {
  const number = (value: number) => value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
  const rows = measurements.map((each) => {
    const ratio = ratioOf(each);
    const verdict = each.target === undefined ? "" : ratio >= each.target ? "✓" : "✗";
    return [
      each.what,
      `${number(each.ours)} ${each.unit}`,
      `${number(each.theirs)} ${each.unit}`,
      each.against,
      `${ratioText(each, 2)} ×`,
      each.target === undefined ? "" : `≥ ${each.target} × ${verdict}`,
    ];
  });
  const table = [["what", "ours", "theirs", "against", "ratio", "promised"], ...rows];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  return table.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ").trimEnd()).join("\n");
}

/** Runs `bench` and prints its table if its file is the program that was started. */
export async function runAlone(url: string, bench: Bench): Promise<void> {
  const program = process.argv[1];
  if (program === undefined || realpathSync(program) !== fileURLToPath(url)) return;
  const quick = process.argv.includes("--quick");
  console.log(`${bench.about}\n${describeMachine()}\n`);
  console.log(reportTable(await bench.run(quick ? { rounds: 2, scale: 0.1 } : { rounds: 5, scale: 1 })));
}
