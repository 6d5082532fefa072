import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { run, script } from "../support/program.ts";
import { testDir } from "../support/temp_dir.ts";

const MOD = new URL("../../lib/pyro/mod.ts", import.meta.url);

describe("mod.ts", () => {
  test("has an example that runs as it stands", async () => {
    const source = readFileSync(MOD, "utf8");
    const example = /```ts\n(.*?) \* ```/s.exec(source)?.[1] ?? "";
    const program = join(testDir(), "example.mts");
    writeFileSync(program, example.replace(/^ \* ?/gm, "").replace('"./mod.ts"', JSON.stringify(MOD.href)));

    const ended = await run(...script(program));

    expect(ended).toEqual({ code: 0, stdout: "Hello, you\n", stderr: "" });
  });
});
