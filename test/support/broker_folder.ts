import { onTestFinished } from "vitest";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { testDir } from "./temp_dir.ts";

/**
 * A broker folder of the test's own, and how scripts are told of it. Its broker ends with the test.
 *
 * @param atEnd `onTestFinished` of the test's own context, which tests that run beside each other need
 */
export function brokerFolder(atEnd: (cleanUp: () => void) => void = onTestFinished) {
  const folder = testDir(atEnd);
  atEnd(() => {
    for (const claim of readdirSync(folder).filter((name) => name.startsWith("claim."))) {
      const { pid } = JSON.parse(readFileSync(join(folder, claim), "utf8")) as { pid: number };
      process.kill(pid, "SIGTERM");
    }
  });
  return { folder, env: { CELERY_BROKER_URL: `embedded://${folder}`, CELERY_RESULT_BACKEND: "" } };
}
