import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// Two forks: the suite is planned for two cores, and the interop tests start real servers beside them (TEST_WORKERS=1 leaves a core to those).
export default defineConfig({
  test: {
    root: fileURLToPath(new URL("..", import.meta.url)),
    include: ["test/**/*.test.ts"],
    pool: "forks",
    maxWorkers: Number(process.env.TEST_WORKERS ?? 2),
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: ["default", fileURLToPath(new URL("support/count_reporter.ts", import.meta.url))],
  },
});
