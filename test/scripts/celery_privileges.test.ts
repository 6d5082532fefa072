import { expect, test } from "vitest";
import { readFileSync } from "node:fs";
import process from "node:process";
import { dropPrivileges } from "../../lib/celery/cli/privileges.ts";
import { run, script } from "../support/program.ts";

const isRoot = process.getuid?.() === 0;
const nobody = readFileSync("/etc/passwd", "utf8").split("\n").find((line) => line.startsWith("nobody:"))?.split(":");

test("refuses users that do not exist and masks that are none", () => {
  expect(() => dropPrivileges({ uid: "no-such-user" })).toThrow("User does not exist: no-such-user");
  expect(() => dropPrivileges({ umask: "9" })).toThrow("Invalid value for '--umask': '9' is not an octal number.");
});

test.runIf(isRoot && nobody !== undefined)("becomes a user with that user's group, and cannot go back", async () => {
  const { code, stdout, stderr } = await run(...script("test/scripts/celery_privileges_main.ts", ["nobody"]));

  expect(code, stderr).toBe(0);
  const [, , uid, gid] = nobody ?? [];
  expect(JSON.parse(stdout)).toEqual({
    uid: Number(uid),
    gid: Number(gid),
    groups: [Number(gid)],
    umask: 0o027,
    mayGoBack: false,
  });
});
