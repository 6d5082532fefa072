import { describe, expect, test } from "vitest";
import { ProgressDisplay } from "../../../lib/socket/cli/progress_display.ts";
import {
  formatBytes,
  formatDuration,
  formatProgress,
  formatProgressLine,
} from "../../../lib/socket/cli/progress_text.ts";
import { FakeClock } from "../../support/fake_clock.ts";

describe("formatBytes", () => {
  test.each([
    [0, "0 B"],
    [999, "999 B"],
    [1536, "1.5 kB"],
    [999_499, "999 kB"],
    [999_500, "1.0 MB"],
    [1_073_741_824, "1.1 GB"],
    [2 ** 53, "9.0 PB"],
  ])("shows %s as %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe("formatDuration", () => {
  test.each([[0, "00:00"], [65, "01:05"], [3661, "1:01:01"]])("shows %s seconds as %s", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe("formatProgress", () => {
  const state = { name: "a.bin", doneBytes: 250e6, totalBytes: 1e9, bytesPerSecond: 50e6, isVerifying: false };

  test("shows share, bar, amounts, rate and what is left", () => {
    expect(formatProgress(state, 120)).toBe(
      "a.bin  25% [######------------------] 250 MB of 1.0 GB, 50.0 MB/s, 00:15 left",
    );
  });

  test("says that it verifies", () => {
    expect(formatProgress({ ...state, doneBytes: 1e9, isVerifying: true }, 120)).toBe(
      "a.bin 100% [########################] 1.0 GB of 1.0 GB, verifying…",
    );
  });

  test("knows no share where only the end will tell", () => {
    expect(formatProgress({ ...state, totalBytes: undefined }, 80)).toBe("a.bin 250 MB, 50.0 MB/s");
  });

  test("stays within the terminal's width, the name giving way first", () => {
    const text = formatProgress({ ...state, name: "x".repeat(100) }, 100);

    expect(text.length).toBeLessThan(100);
    expect(text).toContain("…  25% [");
    expect(formatProgress(state, 20).length).toBeLessThan(20);
  });
});

describe("formatProgressLine", () => {
  test("says the same without a bar", () => {
    const state = { name: "a.bin", doneBytes: 250e6, totalBytes: 1e9, bytesPerSecond: 50e6, isVerifying: false };

    expect(formatProgressLine(state)).toBe("a.bin: 25%, 250 MB of 1.0 GB, 50.0 MB/s, 00:15 left");
    expect(formatProgressLine({ ...state, totalBytes: undefined })).toBe("a.bin: 250 MB, 50.0 MB/s");
  });
});

describe("ProgressDisplay", () => {
  function displayOn(isTTY: boolean) {
    const clock = new FakeClock();
    const screen = { isTTY, columns: 100, text: "", write: (text: string) => screen.text += text };
    return { clock, screen, display: new ProgressDisplay(screen, clock) };
  }

  test("draws a bar over itself on a terminal, and leaves its end there", async () => {
    const { clock, screen, display } = displayOn(true);
    display.onStart(1, 1000);
    display.onFile("a", 1000, 0);

    for (let i = 0; i < 10; i++) {
      display.onBytes(100);
      await clock.advance(100);
    }
    display.onVerify();
    display.close();

    expect(screen.text.split("\r\x1b[K").length).toBeGreaterThan(10);
    expect(screen.text).toContain("a  50% [############------------] 500 B of 1.0 kB");
    expect(screen.text).toContain("verifying…");
    expect(screen.text.endsWith("1.0 kB of 1.0 kB, 1.0 kB/s\n")).toBe(true);
    expect(clock.armed).toBe(0);
  });

  test("writes a line every five seconds where nobody looks, without a bar or control characters", async () => {
    const { clock, screen, display } = displayOn(false);
    display.onStart(1, 1000);
    display.onFile("a", 1000, 0);
    display.onBytes(500);

    await clock.advance(14_000);
    display.close();

    expect(screen.text.split("\n").length - 1).toBe(3);
    expect(screen.text).toContain("a: 50%, 500 B of 1.0 kB");
    expect(screen.text).not.toMatch(/[#[]|\p{Cc}(?<!\n)/u);
  });

  test("says that it verifies where nobody looks only if that takes long", async () => {
    const { clock, screen, display } = displayOn(false);
    display.onStart(1, 1000);
    display.onFile("a", 1000, 0);
    display.onBytes(1000);
    display.onVerify();
    expect(screen.text).toBe("");

    await clock.advance(5000);

    expect(screen.text).toBe("a: 100%, 1.0 kB of 1.0 kB, verifying…\n");
    display.close();
  });

  test("is not steered by what a file is called", () => {
    const { screen, display } = displayOn(true);
    display.onStart(1, 1);

    display.onFile("\u001b[2Ja", 1, 0);
    display.close();

    expect(screen.text).toContain("\\u{1b}[2Ja   0%");
    expect(screen.text.replaceAll("\r\u001b[K", "")).not.toContain("\u001b");
  });

  test("counts the rate without what was there already, and says how much that was", async () => {
    const { clock, screen, display } = displayOn(false);
    display.onStart(1, 1000);
    display.onFile("a", 1000, 900);
    display.onBytes(100);
    await clock.advance(1000);

    display.close();

    expect(screen.text).toContain('"a": going on after 900 B that are there already');
    expect(screen.text).toContain("1.0 kB of 1.0 kB, 100 B/s");
  });

  test("says what became of a file that did not simply go through", () => {
    const { screen, display } = displayOn(false);

    display.onOutcome({ name: "a", outcome: "stored", storedAs: "a (1)", sentBytes: 1 });
    display.onOutcome({ name: "b", outcome: "skipped", sentBytes: 0 });
    display.onOutcome({ name: "c", outcome: "failed", code: "exists", reason: 'Cannot store "c": why', sentBytes: 0 });
    display.onNotice("left out");

    expect(screen.text).toBe(
      '"a": stored as "a (1)"\n"b": skipped, it is there already\nCannot store "c": why\nleft out\n',
    );
  });

  test("shows nothing where nothing was sent", () => {
    const { screen, display } = displayOn(true);
    display.onStart(3, 10);

    display.close();

    expect(screen.text).toBe("");
  });
});
