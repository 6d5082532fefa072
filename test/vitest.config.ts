import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// Two forks: the suite is planned for two cores, and the interop tests start real servers beside them.
export default defineConfig({
  test: {
    root: fileURLToPath(new URL("..", import.meta.url)),
    include: ["test/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ["default", fileURLToPath(new URL("support/count_reporter.ts", import.meta.url))],
  },
});
