import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A fresh folder with a short path (unix sockets have to fit in), removed by `remove`. */
export function tempDir(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "t-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/**
 * A folder that lives as long as the running test.
 *
 * @param atEnd `onTestFinished` of the test's own context, which tests that run beside each other need
 */
export function testDir(atEnd: (cleanUp: () => void) => void = onTestFinished): string {
  const dir = tempDir();
  atEnd(() => dir.remove());
  return dir.path;
}
