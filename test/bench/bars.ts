/**
 * Measurements as SVG bars: under each title one pair, scaled to its own larger value, because units differ from pair to pair.
 * @module
 */
import { type Measurement, ratioText } from "./harness.ts";

const PAIR = 86;
const BAR = 560;
const WIDTH = 860;
const HEAD = 34;

const LIGHT = { ours: "#1f6feb", theirs: "#8c959f", text: "#1f2328", muted: "#59636e" } as const;
const DARK = { ours: "#58a6ff", theirs: "#6e7681", text: "#e6edf3", muted: "#9198a1" } as const;

export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function amount(value: number, unit: string): string {
  return `${value >= 100 ? Math.round(value).toLocaleString("en") : Number(value.toPrecision(3))} ${unit}`;
}

/** A whole SVG picture that follows the reader's light or dark setting. */
export function barsSvg(measurements: readonly Measurement[]): string {
  const height = HEAD + measurements.length * PAIR;
  const style = `
    text { font: 13px system-ui, sans-serif; fill: ${LIGHT.text} }
    .muted { fill: ${LIGHT.muted}; font-size: 12px }
    .ours { fill: ${LIGHT.ours} } .theirs { fill: ${LIGHT.theirs} } .strong { font-weight: 600 }
    @media (prefers-color-scheme: dark) {
      text { fill: ${DARK.text} } .muted { fill: ${DARK.muted} } .ours { fill: ${DARK.ours} } .theirs { fill: ${DARK.theirs} }
    }`;
  const rows = measurements.map((each, index) => bar(each, HEAD + index * PAIR)).join("\n");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Benchmarks, ours beside theirs">
<style>${style}</style>
<rect class="ours" x="0" y="8" width="12" height="12" rx="2"/><text x="18" y="19">ours</text>
<rect class="theirs" x="64" y="8" width="12" height="12" rx="2"/><text x="82" y="19">theirs</text>
<text class="muted" x="144" y="19">longer bar = larger value; the ratio says how many times better ours is</text>
${rows}
</svg>
`;
}

function bar(each: Measurement, y: number): string {
  const most = Math.max(each.ours, each.theirs) || 1;
  const width = (value: number) => Math.max(2, Math.round((value / most) * BAR));
  const better = each.moreIsBetter ? "more is better" : "less is better";
  return `<g transform="translate(0 ${y})">
<text class="strong" x="0" y="18">${escapeXml(each.what)}</text>
<text class="muted" x="0" y="35">against ${escapeXml(each.against)}, in ${escapeXml(each.unit)}, ${better}</text>
<rect class="ours" x="0" y="43" width="${width(each.ours)}" height="13" rx="2"/>
<text x="${width(each.ours) + 8}" y="54">${escapeXml(amount(each.ours, each.unit))}</text>
<rect class="theirs" x="0" y="59" width="${width(each.theirs)}" height="13" rx="2"/>
<text class="muted" x="${width(each.theirs) + 8}" y="70">${escapeXml(amount(each.theirs, each.unit))}</text>
<text class="strong" x="${WIDTH - 4}" y="62" text-anchor="end">${ratioText(each, 1)} ×</text>
</g>`;
}
