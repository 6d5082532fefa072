/**
 * A comparison as one self-contained page: no scripts, no fonts, nothing fetched.
 * @module
 */
import { barsSvg, escapeXml } from "../bench/bars.ts";
import { pairLines, type Row, sameWords } from "./columns.ts";
import { groupBy } from "./group_by.ts";
import { type Comparison, linesOf, type Play, type ScriptPair, type Side } from "./report.ts";
import { sameButVarying } from "./varying.ts";

const STYLE = `
:root { color-scheme: light dark; --line: #d0d7de; --soft: #f6f8fa; --text: #1f2328; --muted: #59636e; --good: #1a7f37;
  --bad: #cf222e; --changed: #fff8c5; --own: #ddf4ff; --page: #ffffff }
@media (prefers-color-scheme: dark) { :root { --line: #3d444d; --soft: #151b23; --text: #e6edf3; --muted: #9198a1;
  --good: #3fb950; --bad: #f85149; --changed: #3b2e0a; --own: #0c2d4f; --page: #0d1117 } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 1180px; padding: 32px 24px 64px; font: 15px/1.55 system-ui, sans-serif;
  color: var(--text); background: var(--page) }
h1 { font-size: 28px; margin: 0 0 4px } h2 { font-size: 20px; margin: 40px 0 12px } h3 { font-size: 15px; margin: 24px 0 8px }
p { margin: 0 0 12px } .muted { color: var(--muted) }
table { border-collapse: collapse; width: 100% } .scroll { overflow-x: auto }
th, td { border: 1px solid var(--line); padding: 6px 10px; text-align: left; vertical-align: top } th { background: var(--soft) }
.good { color: var(--good); font-weight: 600 } .bad { color: var(--bad); font-weight: 600 }
.matrix { table-layout: fixed; min-width: 640px } .code td:empty::before { content: "\\200b" }
.code { table-layout: fixed } .code td { font: 12.5px/1.5 ui-monospace, monospace; white-space: pre-wrap;
  overflow-wrap: anywhere; border-width: 0 1px; padding: 1px 10px } .code { border: 1px solid var(--line) }
.changed td, .key.changed { background: var(--changed) } .one td, .key.one { background: var(--own) }
.key { padding: 1px 8px; border: 1px solid var(--line); color: var(--text) }
svg { display: block; width: 860px }
@media (max-width: 640px) { body { padding: 16px 12px 32px }
  .matrix { min-width: 0; font-size: 11.5px } .matrix th, .matrix td { padding: 4px; overflow-wrap: anywhere }
  .code td { font-size: 11px; padding: 1px 6px } }
`;

export function comparisonHtml(comparison: Comparison): string {
  const { machine, date, pairs, plays, missing, measurements } = comparison;
  const failed = plays.filter((play) => !play.ok).length;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Side by side with the Python originals</title><style>${STYLE}</style></head><body>
<h1>Side by side with the Python originals</h1>
<p class="muted">${escapeXml(machine)} · ${escapeXml(date)}</p>
<p>${plays.length} pairings were played, <span class="${failed ? "bad" : "good"}">${
    failed ? `${failed} failed` : "all of them worked"
  }</span>.</p>
${missing.map((line) => `<p class="bad">${escapeXml(line)}</p>`).join("\n")}
<h2>Who talked to whom</h2>
<p class="muted">Milliseconds (ms) from the start of the client program to its end, loading included.</p>
${matrixTables(plays)}
${measurements.length === 0 ? "" : `<h2>Measured side by side</h2><div class="scroll">${barsSvg(measurements)}</div>`}
<h2>The scripts</h2>
${pairs.map(pairSection).join("\n")}
<h2>What they printed</h2>
<p class="muted"><span class="key changed">differs</span> <span class="key one">on one side only</span>
Ids, ports and times do not count as differences.</p>
${outputs(plays)}
</body></html>
`;
}

function matrixTables(plays: readonly Play[]): string {
  return [...groupBy(plays, (play) => play.stack)].map(([stack, own]) => {
    const rows = [...groupBy(own, (play) => play.over)].map(([over, cells]) =>
      `<tr><th>${escapeXml(over)}</th>${cells.map(cellOf).join("")}</tr>`
    );
    const heads = (groupBy(own, (play) => play.over).values().next().value ?? []).map((play) =>
      `<th>${adjective(play.client)} client → ${adjective(play.server)} server</th>`
    );
    return `<h3>${escapeXml(stack)}</h3><div class="scroll"><table class="matrix"><tr><th>over</th>${
      heads.join("")
    }</tr>${rows.join("")}</table></div>`;
  }).join("\n");
}

function adjective(side: Side): string {
  return side === "ours" ? "our" : side;
}

function cellOf(play: Play): string {
  const words = play.ok
    ? `<span class="good">✓</span> ${Math.round(play.ms)}&nbsp;ms`
    : `<span class="bad">✗</span> ${escapeXml(play.why ?? "failed")}`;
  return `<td>${words}</td>`;
}

function pairSection({ name, python, ours }: ScriptPair): string {
  const title = `<h3>${escapeXml(name)}</h3>`;
  if (python === undefined) return `${title}<p class="muted">There is no Python original of this one.</p>`;
  const rows = pairLines(python.trimEnd().split("\n"), ours.trimEnd().split("\n"), sameWords);
  return title + twoColumns(`${name}.py`, `${name}.ts`, rows, false);
}

/** @param marked whether differences are: between two languages everything is one */
function twoColumns(leftName: string, rightName: string, rows: readonly Row[], marked: boolean): string {
  const lines = rows.map(({ left, right, mark }) => {
    const kind = !marked || mark === "same" ? "" : mark === "changed" ? ' class="changed"' : ' class="one"';
    return `<tr${kind}><td>${escapeXml(left)}</td><td>${escapeXml(right)}</td></tr>`;
  });
  return `<div class="scroll"><table class="code"><tr><th>${escapeXml(leftName)}</th><th>${
    escapeXml(rightName)
  }</th></tr>${lines.join("")}</table></div>`;
}

/** Python serving Python beside ours serving ours, for each way they were played. */
function outputs(plays: readonly Play[]): string {
  return [...groupBy(plays, (play) => `${play.stack}: ${play.over}`)].map(([title, own]) => {
    const of = (side: Side) => {
      const play = own.find((each) => each.server === side && each.client === side);
      return play === undefined ? [] : linesOf(play);
    };
    const rows = pairLines(of("Python"), of("ours"), sameButVarying);
    return `<h3>${escapeXml(title)}</h3>${twoColumns("Python with Python", "ours with ours", rows, true)}`;
  }).join("\n");
}
