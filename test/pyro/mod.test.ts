import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { run } from "../support/program.ts";

describe("mod.ts", () => {
  test("has an example that runs as it stands", async () => {
    const source = readFileSync(new URL("../../lib/pyro/mod.ts", import.meta.url), "utf8");
    const example = /```ts\n(.*?) \* ```/s.exec(source)?.[1] ?? "";
    const program = example.replace(/^ \* ?/gm, "").replace('"./mod.ts"', '"./lib/pyro/mod.ts"');

    const ended = await run(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program]);

    expect(ended).toEqual({ code: 0, stdout: "Hello, you\n", stderr: "" });
  });
});
