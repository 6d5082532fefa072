/**
 * A real browser, without a window, that looks at a page for a test.
 * @module
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe } from "vitest";
import { testDir } from "./temp_dir.ts";

const BROWSER = ["chromium", "chromium-browser", "google-chrome"].find((name) =>
  spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0
);

export type ColorScheme = "light" | "dark";

/** What the browser found; lengths in CSS pixels. */
export interface Look {
  readonly windowWidth: number;
  /** Wider than the window means that the page has to be scrolled sideways. */
  readonly contentWidth: number;
  /** The page's background, e.g. `rgb(255, 255, 255)`. */
  readonly background: string;
  /** The text that is hardest to read, and its contrast to what is behind it (WCAG asks for 4.5; black on white has 21). */
  readonly faintest: { readonly text: string; readonly contrast: number };
  /** Texts in pictures that overlap another text or a shape, or that are cut off. */
  readonly collisions: readonly string[];
}

/** `describe` for tests that look at a page; without a browser they are skipped and say so. */
export function describeWithChromium(name: string, body: () => void): void {
  if (BROWSER !== undefined) return void describe(name, body);
  console.warn(`Skipped "${name}": chromium is not installed`);
  describe.skip(name, body);
}

/** Opens a page in a window of that width and reads from it what a test asks. */
export function lookAt(html: string, width: number, scheme: ColorScheme): Look {
  const dir = testDir();
  const page = join(dir, "page.html");
  writeFileSync(page, html.replace("</body>", () => `<script>${INSPECTION}</script></body>`));
  const { status, stdout, stderr } = spawnSync(BROWSER ?? "chromium", [
    ...["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${join(dir, "profile")}`],
    ...[`--window-size=${width},1000`, `--blink-settings=preferredColorScheme=${scheme === "dark" ? 0 : 1}`],
    ...["--dump-dom", `file://${page}`],
  ], { encoding: "utf8", maxBuffer: 64 * 2 ** 20, timeout: 60_000 });
  const found = /data-look="([^"]*)"/.exec(stdout)?.[1];
  if (found === undefined) throw new Error(`Cannot look at the page: the browser ended with ${status}\n${stderr}`);
  return JSON.parse(decodeURIComponent(found)) as Look;
}

/** Runs in the browser, and leaves a `Look` in an attribute of the page. */
const INSPECTION = `
  const rgb = (color) => color.match(/[\\d.]+/g).map(Number);
  const isClear = (color) => { const [, , , alpha = 1] = rgb(color); return alpha === 0; };
  const behind = (element) => {
    while (element && isClear(getComputedStyle(element).backgroundColor)) element = element.parentElement;
    return element ? getComputedStyle(element).backgroundColor : "rgb(255, 255, 255)";
  };
  const luminance = (color) => {
    const [r, g, b] = rgb(color).map((value) => value / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };
  const texts = [...document.body.querySelectorAll("*:not(script):not(style)")].filter((element) =>
    [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ""));
  let faintest = { text: "", contrast: Infinity };
  for (const element of texts) {
    const style = getComputedStyle(element);
    const found = contrast(element.closest("svg") ? style.fill : style.color, behind(element));
    if (found < faintest.contrast) faintest = { text: element.textContent.trim().slice(0, 80), contrast: found };
  }
  const collisions = [];
  for (const picture of document.querySelectorAll("svg")) {
    const frame = picture.getBoundingClientRect();
    const parts = [...picture.querySelectorAll("text, rect")].map((part) => [part, part.getBoundingClientRect()]);
    for (const [part, box] of parts.filter(([part]) => part.tagName === "text")) {
      const isCut = box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1;
      const isHit = parts.some(([other, its]) => other !== part && box.left < its.right && its.left < box.right &&
        box.top + 3 < its.bottom && its.top + 3 < box.bottom);
      if (isCut || isHit) collisions.push(part.textContent);
    }
  }
  const { scrollWidth: contentWidth } = document.documentElement;
  const background = getComputedStyle(document.body).backgroundColor;
  document.body.dataset.look = encodeURIComponent(
    JSON.stringify({ windowWidth: innerWidth, contentWidth, background, faintest, collisions }));
`;
