import { expect, test } from "vitest";
import type { Measurement } from "../bench/harness.ts";
import { describeWithChromium, lookAt } from "../support/chromium.ts";
import { comparisonHtml } from "./html.ts";
import type { Play } from "./report.ts";

const play: Play = {
  stack: "celery",
  over: "the embedded broker",
  server: "Python",
  client: "Python",
  ok: true,
  ms: 364,
  serverOutput: `-- ******* ---- Linux\n[2026-11-24 20:50:26,527: INFO/MainProcess] ${
    "a-word-without-an-end".repeat(20)
  }`,
  clientOutput: "5 + 5 = 10",
};

const measurement: Measurement = {
  what: "a task there and back again, with an acknowledgement that is as late as possible, at concurrency 8",
  against: "the reference implementation of all this in Python, on the same machine, 5.2.6",
  unit: "thousands of tasks/s",
  ours: 123_456,
  theirs: 1234,
  moreIsBetter: true,
};

const PAGE = comparisonHtml({
  machine: "2 × AMD EPYC, 24 GiB, Node 20.20.2",
  date: "2026-11-24",
  pairs: [
    { name: "celery/addTask", python: `x = "${"long".repeat(60)}"`, ours: "const x = 1;" },
    { name: "celery/other", python: undefined, ours: "" },
  ],
  plays: [
    play,
    { ...play, client: "ours" },
    { ...play, server: "ours" },
    { ...play, server: "ours", client: "ours", ok: false, why: "it did not print what it should have, ".repeat(4) },
  ],
  missing: ["Celery over Redis: not played, because there is no redis-server."],
  measurements: [measurement, { ...measurement, ours: 3, theirs: 800, moreIsBetter: false }],
});

describeWithChromium("the page of a comparison, in a real browser,", () => {
  for (const scheme of ["light", "dark"] as const) {
    for (const width of [1280, 500]) {
      test(`fits into ${width} pixels and can be read where the reader likes it ${scheme}`, () => {
        const look = lookAt(PAGE, width, scheme);

        expect(look.windowWidth).toBe(width);
        expect(look.contentWidth).toBeLessThanOrEqual(width);
        expect(look.background).toBe(scheme === "light" ? "rgb(255, 255, 255)" : "rgb(13, 17, 23)");
        expect(look.faintest.contrast, `contrast of "${look.faintest.text}"`).toBeGreaterThanOrEqual(4.5);
        expect(look.collisions).toEqual([]);
      });
    }
  }
});
