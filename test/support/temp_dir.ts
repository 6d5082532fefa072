import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A fresh folder with a short path (unix sockets have to fit in), removed by `remove`. */
export function tempDir(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "t-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A folder that lives as long as the running test. */
export function testDir(): string {
  const dir = tempDir();
  onTestFinished(() => dir.remove());
  return dir.path;
}
