import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { portabilityViolations } from "./support/portability.ts";
import { ROOT, sourceFiles } from "./support/source_files.ts";

describe("portability", () => {
  test("shipped code holds nothing that one of the runtimes refuses", () => {
    expect(portabilityViolations(sourceFiles())).toEqual([]);
  });

  test("there are no runtime dependencies, and four development ones", () => {
    const manifest: unknown = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

    expect(manifest).not.toHaveProperty("dependencies");
    expect(Object.keys((manifest as { devDependencies: object }).devDependencies).sort()).toEqual([
      "@types/node",
      "tsx",
      "typescript",
      "vitest",
    ]);
  });

  test.each([
    ["class A {\n  @expose\n  get x() {}\n}", "decorators"],
    ["@app.task()\nexport class A {}", "decorators"],
    ["await using x = open();", "syntax error on Node 22"],
    ['import { readFileSync } from "fs";', "with node:"],
    ['import { x } from "./x";', "end in .ts"],
    ["const { promise } = Promise.withResolvers();", "missing on Node 20"],
    ["if (import.meta.main) run();", "missing on Node 20"],
    ["export default 1;", "by name"],
    ['console.log("hello");', "silent"],
    ["const url = process.env.CELERY_BROKER_URL;", "environment"],
  ])("refuses %s", (source, why) => {
    expect(portabilityViolations(new Map([["lib/base/a.ts", source]])).join()).toContain(why);
  });
});
