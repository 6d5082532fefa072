import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { absoluteEmbeddedUrl, embeddedConnection, embeddedFolder } from "../../../lib/celery/transport/embedded.ts";
import { testDir } from "../../support/temp_dir.ts";

describe("embeddedFolder", () => {
  test("is .celery beside the nearest package.json above the script", () => {
    const project = testDir();
    const script = join(project, "src", "deep", "task.ts");
    mkdirSync(join(project, "src", "deep"), { recursive: true });
    writeFileSync(script, "");
    writeFileSync(join(project, "package.json"), "{}");

    expect(embeddedFolder("embedded://", script)).toBe(join(project, ".celery"));
    expect(embeddedFolder("embedded:", script)).toBe(join(project, ".celery"));
  });

  test("is the folder that the URL names, blanks and all", () => {
    expect(embeddedFolder("embedded:///var/lib/my%20queue/")).toBe("/var/lib/my queue");
  });

  test("refuses hosts and other schemes with a sentence", () => {
    expect(() => embeddedFolder("embedded://host/dir")).toThrow(
      "Cannot use embedded://host/dir: expected embedded:// or embedded:///some/dir, with three slashes and no host",
    );
    expect(() => embeddedFolder("redis://host")).toThrow(/Cannot use redis:\/\/host as an embedded broker/);
  });
});

describe("absoluteEmbeddedUrl", () => {
  test("means the same wherever it is read, and leaves other URLs alone", () => {
    const url = absoluteEmbeddedUrl("embedded:///var/lib/my%20queue");

    expect(embeddedFolder(url, "/elsewhere/x.ts")).toBe("/var/lib/my queue");
    expect(absoluteEmbeddedUrl("redis://host")).toBe("redis://host");
  });
});

describe("embeddedConnection", () => {
  test("leads to a socket whose path every system accepts", () => {
    const { url } = embeddedConnection(`embedded:///tmp/${"long".repeat(40)}`);

    expect(new URL(url).pathname.length).toBeLessThanOrEqual(107);
  });
});
