/**
 * `npm run readme`: writes the tables of the README from what the other commands found.
 *
 *     npx vitest run --config test/vitest.config.ts --reporter=default --reporter=json --outputFile.json=tests.log
 *     npm run compare -- --json > compare.log
 *     npm run bench -- --json > bench.log
 *     npm run readme -- [--tests FILE] [--compare FILE] [--bench FILE]
 *
 * A section whose file is not named stays as it is. The picture of the measurements is written beside this file.
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { barsSvg } from "../bench/bars.ts";
import type { Measurement } from "../bench/harness.ts";
import type { Comparison } from "../compare/report.ts";
import { ROOT } from "../support/source_files.ts";
import { CLAIMS } from "./claims.ts";
import { claimsTable, fillSection, measurementsTable, playsTable, type TestCount } from "./sections.ts";

const PICTURE = "test/readme/bench.svg";

/** The part of vitest's JSON report that is needed. */
interface TestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/** Reads what a command printed; `npm run` without `-s` puts lines of its own before the JSON. */
function readReport(name: string): unknown {
  const at = process.argv.indexOf(`--${name}`);
  const file = at === -1 ? undefined : process.argv[at + 1];
  if (file === undefined) return undefined;
  const text = readFileSync(file, "utf8");
  return JSON.parse(text.slice(text.indexOf("{")));
}

function countTests({ testResults }: TestReport): Map<string, TestCount> {
  return new Map(testResults.map(({ name, status, assertionResults }) => {
    const of = (wanted: string) => assertionResults.filter((each) => each.status === wanted).length;
    const [passed, failed] = [of("passed"), of("failed")];
    const couldNotLoad = status === "failed" && assertionResults.length === 0 ? 1 : 0;
    return [relative(ROOT, name), {
      passed,
      failed: failed + couldNotLoad,
      skipped: assertionResults.length - passed - failed,
    }];
  }));
}

const path = join(ROOT, "README.md");
let text = readFileSync(path, "utf8");

const tests = readReport("tests") as TestReport | undefined;
if (tests !== undefined) text = fillSection(text, "tests", claimsTable(CLAIMS, countTests(tests)));

const comparison = readReport("compare") as Comparison | undefined;
if (comparison !== undefined) {
  const { machine, date, plays, missing } = comparison;
  text = fillSection(text, "compare", [playsTable(plays), ...missing, `${machine}; ${date}.`].join("\n\n"));
}

const bench = readReport("bench") as { machine: string; measurements: Measurement[] } | undefined;
if (bench !== undefined) {
  writeFileSync(join(ROOT, PICTURE), barsSvg(bench.measurements));
  const picture = `![The measurements as bars, ours beside theirs](${PICTURE})`;
  text = fillSection(text, "bench", [measurementsTable(bench.measurements), picture, `${bench.machine}.`].join("\n\n"));
}

writeFileSync(path, text);
