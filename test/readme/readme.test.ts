import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { SETTINGS } from "../../lib/celery/settings_table.ts";
import { ROOT } from "../support/source_files.ts";
import { CLAIMS } from "./claims.ts";

const READMES = ["README.md", ...["celery", "pyro", "socket", "lib", "test"].map((folder) => `${folder}/README.md`)];

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

describe("CLAIMS", () => {
  test("name tests that are there", () => {
    for (const path of CLAIMS.flatMap((claim) => claim.tests)) {
      const full = join(ROOT, path);
      expect(existsSync(full), path).toBe(true);
      const files = statSync(full).isFile() ? [path] : readdirSync(full, { recursive: true }).map(String);
      expect(files.some((file) => file.endsWith(".test.ts")), path).toBe(true);
    }
  });

  test("are what the README says, line for line", () => {
    const [, section = ""] = /<!-- tests -->\n(.*?)\n<!-- \/tests -->/s.exec(read("README.md")) ?? [];
    const lines = section.split("\n").slice(2).map((line) => line.split(" | ").slice(0, 2).join(" | "));

    expect(lines).toEqual(CLAIMS.map(({ area, what }) => `| ${area} | ${what}`));
  });
});

describe("the README's limits", () => {
  test("name every setting that nothing reads", () => {
    const sources = readdirSync(join(ROOT, "lib/celery"), { recursive: true }).map(String)
      .filter((file) => file.endsWith(".ts") && !/^settings(_table)?\.ts$/.test(file))
      .map((file) => read(`lib/celery/${file}`)).join("\n");
    const unread = Object.keys(SETTINGS).filter((name) => !new RegExp(`\\b${name}\\b`).test(sources));

    const [, sentence = ""] = /and have no effect: ([^.]*)\./.exec(read("README.md").replaceAll(/\s+/g, " ")) ?? [];
    expect(sentence.match(/\w+/g)?.sort()).toEqual(unread.sort());
  });
});

describe("every README", () => {
  test("has links that lead to files", () => {
    for (const readme of READMES) {
      for (const [, target = ""] of read(readme).matchAll(/\]\(([^)#]+)\)/g)) {
        if (/^https?:/.test(target)) continue;
        expect(existsSync(join(ROOT, dirname(readme), target)), `${target} in ${readme}`).toBe(true);
      }
    }
  });

  test("names scripts that are there", () => {
    for (const readme of READMES) {
      for (const [, script = ""] of read(readme).matchAll(/(?:tsx|node|deno run -A|bun) ([a-z]+\/[\w/]+\.ts)/g)) {
        expect(existsSync(join(ROOT, script)), `${script} in ${readme}`).toBe(true);
      }
    }
  });
});
