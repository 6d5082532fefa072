import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig } from "vitest/config";

/**
 * Tests that start no programs and leave nothing behind them: their files share a process, which saves half a second of CPU each.
 * What is listed here has been run so; a test of processes, of the environment or of what a module does when it is loaded is not.
 */
const SHARED = [
  "test/base/!(spare_buffer).test.ts", // which looks at memory that all files of a process would have in common
  "test/{amqp,redis,net}/**/*.test.ts",
  "test/{pyro,socket,broker,celery}/wire/**/*.test.ts",
  "test/broker/{commands,journal,store}/*.test.ts",
  "test/celery/*.test.ts",
  "test/celery/{backend,beat,canvas,control,events,routing,signals,transport}/*.test.ts",
  "test/celery/cli/{,screen/}!(multi_cluster).test.ts",
  "test/celery/worker/{banner,job_runner,log,pool_message,rate_limit,revoked,scheduled,state_file}.test.ts",
];

/** What takes minutes has a command of its own, `npm run test:long`. */
const LONG = "test/**/*.long.test.ts";

// The suite is planned for two cores: one fork more than those, as a test mostly waits for programs that it has started. TEST_WORKERS=1
// takes longer, and leaves the cores to them.
const WORKERS = Number(process.env.TEST_WORKERS ?? 3);

export default defineConfig({
  test: {
    root: fileURLToPath(new URL("..", import.meta.url)),
    pool: "forks",
    maxWorkers: WORKERS,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: ["default", fileURLToPath(new URL("support/count_reporter.ts", import.meta.url))],
    projects: [
      { extends: true, test: { name: "shared", include: SHARED, isolate: false } },
      {
        extends: true,
        test: { name: "alone", include: ["test/**/*.test.ts"], exclude: [...configDefaults.exclude, ...SHARED, LONG] },
      },
      // Outages are counted in milliseconds: no third server beside them, and nothing else at the same time.
      {
        extends: true,
        test: { name: "long", include: [LONG], maxWorkers: Math.min(WORKERS, 2), sequence: { groupOrder: 1 } },
      },
    ],
  },
});
