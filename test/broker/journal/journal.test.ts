import { describe, expect, onTestFinished, test } from "vitest";
import { silentLogger } from "../../../lib/base/log.ts";
import { Journal } from "../../../lib/broker/journal/journal.ts";
import { FakeClock, settled } from "../../support/fake_clock.ts";
import { FakeDisk } from "../../support/fake_disk.ts";

async function open(durability: "everysec" | "always", disk = new FakeDisk()) {
  const clock = new FakeClock();
  const events: string[] = [];
  const journal = new Journal({
    files: disk,
    durability,
    clock,
    log: silentLogger,
    onDurable: () => events.push(`durable ${journal.durable}`),
    onFailure: () => events.push("failure"),
  });
  const { file, size } = await disk.append("journal.1");
  await disk.syncFolder();
  journal.open({ generation: 1, file, size });
  onTestFinished(() => journal.close().catch(() => {}));
  const write = (word: string) => {
    journal.append([{ database: 0, words: ["SET", "k", word] }]);
    journal.flush();
  };
  return { clock, disk, events, journal, write };
}

const written = (disk: FakeDisk, name = "journal.1") => disk.content(name).toString("latin1").match(/v\d+/g) ?? [];

describe("Journal under everysec", () => {
  test("is durable when it is written, and on the disk a second later", async () => {
    const { clock, disk, events, write } = await open("everysec");

    write("v1");
    expect(events).toEqual(["durable 1"]);
    expect(written(disk.afterKill())).toEqual(["v1"]);
    expect(written(disk.afterPowerCut())).toEqual([]);
    await clock.advance(1000);

    expect(written(disk.afterPowerCut())).toEqual(["v1"]);
  });

  test("goes on while the disk syncs", async () => {
    const { clock, disk, journal, write } = await open("everysec");
    let release = () => {};
    disk.syncGate = new Promise<void>((resolve) => release = resolve);
    write("v1");
    await clock.advance(1000);

    write("v2");
    await settled();
    expect(journal.durable).toBe(2);
    release();
    await clock.advance(1000);

    expect(written(disk.afterPowerCut())).toEqual(["v1", "v2"]);
  });

  test("arms no timer while nothing is written", async () => {
    const { clock, write } = await open("everysec");
    write("v1");
    await clock.advance(3000);

    expect(clock.armed).toBe(0);
  });
});

describe("Journal under always", () => {
  test("is durable only when it is on the disk", async () => {
    const { disk, events, write } = await open("always");
    let release = () => {};
    disk.syncGate = new Promise<void>((resolve) => release = resolve);

    write("v1");
    await settled();
    expect(events).toEqual([]);
    release();
    await settled();

    expect(events).toEqual(["durable 1"]);
    expect(written(disk.afterPowerCut())).toEqual(["v1"]);
  });

  test("shares one sync among all who wait", async () => {
    const { disk, events, write } = await open("always");
    let release = () => {};
    disk.syncGate = new Promise<void>((resolve) => release = resolve);
    write("v1");
    await settled();
    for (const word of ["v2", "v3", "v4"]) write(word);

    release();
    await settled();
    await settled();

    expect(events).toEqual(["durable 1", "durable 4"]);
  });
});

describe.each(["everysec", "always"] as const)("Journal under %s, on a bad disk", (durability) => {
  test("refuses writes while the disk is full, and goes on where it was once there is room", async () => {
    const { clock, disk, events, journal, write } = await open(durability);
    write("v1");
    await settled();
    disk.capacity = disk.content("journal.1").length + 5;

    write("v2");
    await settled();

    expect(events).toEqual(["durable 1", "failure"]);
    expect(journal.refusal).toMatch(
      /^MISCONF the journal cannot be written \(ENOSPC: no space left on device, write\)/,
    );
    expect(written(disk)).toEqual(["v1"]);
    await clock.advance(1000);
    expect(journal.refusal).toBeDefined();
    disk.capacity = Infinity;
    await clock.advance(1000);

    expect(journal.refusal).toBeUndefined();
    write("v3");
    await settled();
    expect(written(disk)).toEqual(["v1", "v2", "v3"]);
    expect(journal.durable).toBe(3);
  });

  test("never writes again after a failed sync", async () => {
    const { clock, disk, journal, write } = await open(durability);
    disk.syncError = new Error("EIO: i/o error, fdatasync");
    write("v1");
    await clock.advance(1000);
    disk.syncError = undefined;

    expect(journal.refusal).toMatch(/EIO: i\/o error, fdatasync\): the broker has to be restarted/);
    write("v2");
    await clock.advance(5000);

    expect(written(disk)).toEqual(["v1"]);
  });

  test("keeps nobody waiting for what has failed", async () => {
    const { disk, journal, write } = await open(durability);
    disk.writeError = new Error("EIO");

    write("v1");
    await settled();

    expect(journal.isSettled(1)).toBe(true);
  });
});

describe("rotate", () => {
  test("puts what was appended before into the old file, and all that follows into the new", async () => {
    const { disk, journal, write } = await open("everysec");
    write("v1");
    journal.append([{ database: 0, words: ["SET", "k", "v2"] }]);

    await journal.rotate(() => journal.append([{ database: 3, words: ["SET", "k", "v3"] }]));
    journal.flush();
    await journal.close();

    expect(written(disk.afterPowerCut())).toEqual(["v1", "v2"]);
    expect(disk.afterPowerCut().content("journal.2").toString("latin1")).toContain(
      "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n*3",
    );
  });

  test("stays with the old file where the new one cannot be made", async () => {
    const { disk, journal, write } = await open("everysec");
    write("v1");
    disk.operationsLeft = disk.operations;

    await expect(journal.rotate(() => {})).rejects.toThrow("the process was killed");
    disk.operationsLeft = Infinity;
    write("v2");

    expect(written(disk)).toEqual(["v1", "v2"]);
  });
});
