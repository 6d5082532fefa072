import type { Reporter, TestModule } from "vitest/node";

/** Ends the run with one plain line that counts tests, for whoever reads the log of a build. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state !== "pending") count[state]++;
      }
      if (!module.ok() && module.children.size === 0) count.failed++; // a file that could not be loaded
    }
    console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  }
}
