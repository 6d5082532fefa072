import { describe, expect, test } from "vitest";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LogicalClock } from "../../../lib/celery/logical_clock.ts";
import { Revoked } from "../../../lib/celery/worker/revoked.ts";
import { StateFile } from "../../../lib/celery/worker/state_file.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { testDir } from "../../support/temp_dir.ts";

const HOUR_MS = 3_600_000;

/** A worker's state over a file, as at its start. */
function stateOver(path: string, clock: FakeClock) {
  const revoked = new Revoked({ clock });
  const logicalClock = new LogicalClock();
  return { revoked, logicalClock, file: new StateFile(path, revoked, logicalClock, clock) };
}

describe("StateFile", () => {
  test("hands revoked ids and the clock from one run to the next, and forgets an id when its time has come", async () => {
    const path = join(testDir(), "worker.state");
    const clock = new FakeClock();
    const first = stateOver(path, clock);
    first.file.load();
    first.revoked.add("old");
    await clock.advance(2 * HOUR_MS);
    first.revoked.add("new");
    first.logicalClock.adjust(17);
    first.file.save();
    await clock.advance(1.5 * HOUR_MS);

    const second = stateOver(path, clock);
    second.file.load();

    expect(second.revoked.ids()).toEqual(["new"]);
    expect(second.logicalClock.value).toBeGreaterThan(17);
  });

  test("refuses a file of another kind, and leaves it as it is", () => {
    const path = join(testDir(), "worker.state");
    writeFileSync(path, "a shelve of Python's");

    expect(() => stateOver(path, new FakeClock()).file.load()).toThrow(`Cannot read the state file ${path}`);
    expect(readFileSync(path, "utf8")).toBe("a shelve of Python's");
  });
});
