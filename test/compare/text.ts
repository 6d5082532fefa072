/**
 * A comparison for a terminal, as wide as that is.
 * @module
 */
import { reportTable } from "../bench/harness.ts";
import { layOut, pairLines, sameWords } from "./columns.ts";
import { groupBy } from "./group_by.ts";
import { sameButVarying } from "./varying.ts";
import { type Comparison, linesOf, type Play, type Side } from "./report.ts";

export function comparisonText(comparison: Comparison, width: number): string {
  const { machine, date, pairs, plays, missing, measurements } = comparison;
  const parts = [
    `Side by side with the Python originals\n${machine}, ${date}`,
    "Marks: ~ differs, < only left, > only right. In what was printed, ids, ports and times do not count as differences.",
  ];
  for (const { name, python, ours } of pairs) {
    const title = python === undefined ? `${name}.ts (there is no Python original)` : `${name}.py | ${name}.ts`;
    const rows = pairLines((python ?? "").trimEnd().split("\n"), ours.trimEnd().split("\n"), sameWords);
    parts.push([title, "=".repeat(Math.min(width, title.length)), ...layOut(rows, width)].join("\n"));
  }
  for (const [title, own] of groupBy(plays, (play) => `${play.stack} over ${play.over}`)) {
    const rows = pairLines(printed(own, "Python"), printed(own, "ours"), sameButVarying);
    const head = `${title}: what Python with Python, and ours with ours, printed`;
    parts.push([head, "-".repeat(Math.min(width, head.length)), ...layOut(rows, width)].join("\n"));
  }
  parts.push(matrixText(plays));
  if (measurements.length > 0) parts.push(reportTable(measurements));
  parts.push(...missing);
  return parts.join("\n\n") + "\n";
}

function printed(plays: readonly Play[], side: Side): string[] {
  const play = plays.find((each) => each.server === side && each.client === side);
  return play === undefined ? [] : linesOf(play);
}

/** One line a pairing: who talked to whom over what, whether it worked, and how long the client took. */
export function matrixText(plays: readonly Play[]): string {
  const rows = plays.map(({ stack, over, client, server, ok, ms, why }) => [
    stack,
    `${client} client`,
    `${server} server`,
    `over ${over}`,
    ok ? `✓ ${Math.round(ms)} ms` : `✗ ${why ?? "failed"}`,
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ").trimEnd()).join("\n");
}
