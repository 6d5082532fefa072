import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig } from "vitest/config";

/** Tests that start nothing and leave nothing behind: their files share a process, which saves half a second of CPU each. */
const PURE = [
  "test/{base,amqp,redis}/**/*.test.ts",
  "test/{net,pyro,socket,broker,celery}/wire/**/*.test.ts",
  "test/broker/{store,journal}/*.test.ts",
  "test/celery/{beat,canvas,cli,control,routing}/*.test.ts",
];

// Two forks: the suite is planned for two cores, and the interop tests start real servers beside them (TEST_WORKERS=1 leaves a core to those).
export default defineConfig({
  test: {
    root: fileURLToPath(new URL("..", import.meta.url)),
    pool: "forks",
    maxWorkers: Number(process.env.TEST_WORKERS ?? 2),
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: ["default", fileURLToPath(new URL("support/count_reporter.ts", import.meta.url))],
    projects: [
      { extends: true, test: { name: "pure", include: PURE, isolate: false } },
      {
        extends: true,
        test: { name: "whole", include: ["test/**/*.test.ts"], exclude: [...configDefaults.exclude, ...PURE] },
      },
    ],
  },
});
