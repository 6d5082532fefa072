/**
 * Parts of a Markdown text that a command writes: what stands between `<!-- name -->` and `<!-- /name -->`.
 * @module
 */
import { type Measurement, ratioText } from "../bench/harness.ts";
import { groupBy } from "../compare/group_by.ts";
import type { Play } from "../compare/report.ts";
import type { Claim } from "./claims.ts";

/** How the tests of one file ended. */
export interface TestCount {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** @throws if the text has no section of that name */
export function fillSection(text: string, name: string, content: string): string {
  const [head, tail] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [start, end] = [text.indexOf(head), text.indexOf(tail)];
  if (start === -1 || end < start) throw new Error(`Cannot fill the section ${name}: there is no ${head} … ${tail}`);
  return `${text.slice(0, start + head.length)}\n${content.trim()}\n${text.slice(end)}`;
}

/** The table "What works". @param counts by the file's path from the root */
export function claimsTable(claims: readonly Claim[], counts: ReadonlyMap<string, TestCount>): string {
  const rows = claims.map(({ area, what, tests }) => {
    const own = [...counts].filter(([file]) => tests.some((path) => file === path || file.startsWith(`${path}/`)));
    const sum = (key: keyof TestCount) => own.reduce((total, [, count]) => total + count[key], 0);
    return row([area, what, verdict({ passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") })]);
  });
  return [row(["", "what works", "tests"]), row(["---", "---", "---"]), ...rows].join("\n");
}

function verdict({ passed, failed, skipped }: TestCount): string {
  if (failed > 0) return `✗ ${failed} of ${passed + failed} fail`;
  if (passed === 0) return "not run";
  return `✓ ${passed}${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** Who talked to whom over what, and how long the client took. */
export function playsTable(plays: readonly Play[]): string {
  const heads = ["", "over", "Python → Python", "ours → Python", "Python → ours", "ours → ours"];
  const sides = [["Python", "Python"], ["ours", "Python"], ["Python", "ours"], ["ours", "ours"]] as const;
  const rows = [...groupBy(plays, (play) => `${play.stack} ${play.over}`).values()].map((own) => {
    const cells = sides.map(([client, server]) => own.find((play) => play.client === client && play.server === server));
    return row([own[0]?.stack ?? "", own[0]?.over ?? "", ...cells.map(cellOf)]);
  });
  return [row(heads), row(heads.map(() => "---")), ...rows].join("\n");
}

function cellOf(play: Play | undefined): string {
  if (play === undefined) return "not played";
  return play.ok ? `✓ ${Math.round(play.ms)} ms` : `✗ ${play.why ?? "failed"}`;
}

export function measurementsTable(measurements: readonly Measurement[]): string {
  const amount = (value: number) =>
    value >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
  const heads = ["what", "ours", "theirs", "unit", "against", "times better"];
  const rows = measurements.map((each) =>
    row([each.what, amount(each.ours), amount(each.theirs), each.unit, each.against, ratioText(each, 1)])
  );
  return [row(heads), row(["---", "---:", "---:", "---", "---", "---:"]), ...rows].join("\n");
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
