import { describe, expect, test } from "vitest";
import { createLogger, type LogRecord } from "../../../lib/base/log.ts";
import { recover, type Recovered } from "../../../lib/broker/journal/recovery.ts";
import { SNAPSHOT_END } from "../../../lib/broker/journal/snapshot.ts";
import { encodeWords, RecordWriter } from "../../../lib/broker/wire/record.ts";
import { FakeDisk } from "../../support/fake_disk.ts";

async function diskWith(files: { readonly [name: string]: readonly (readonly string[])[] }): Promise<FakeDisk> {
  const disk = new FakeDisk();
  for (const [name, commands] of Object.entries(files)) {
    const file = await disk.create(name);
    const writer = new RecordWriter();
    for (const words of commands) writer.add(encodeWords(words));
    file.writeSync(writer.take());
    await file.sync();
  }
  await disk.syncFolder();
  return disk;
}

async function read(
  disk: FakeDisk,
  repair = false,
  log: LogRecord[] = [],
): Promise<Recovered & { replayed: string[] }> {
  const replayed: string[] = [];
  const recovered = await recover({
    files: disk,
    repair,
    log: createLogger((record) => log.push(record)),
    replay: (words) => {
      if (words[0] === "FAIL") throw new Error("it cannot be repeated");
      if (words[0] !== "PING") replayed.push(words.join(" "));
    },
  });
  return { ...recovered, replayed };
}

const set = (n: number) => ["SET", "k", String(n)];

describe("recover", () => {
  test("begins with nothing in an empty folder", async () => {
    const disk = new FakeDisk();

    const { end, records } = await read(disk);

    expect([end.generation, end.size, records]).toEqual([1, 0, 0]);
  });

  test("reads the newest snapshot and the journals after it, and removes what they replace", async () => {
    const disk = await diskWith({
      "snapshot.1": [set(1), SNAPSHOT_END],
      "journal.1": [set(2)],
      "snapshot.2": [set(3), SNAPSHOT_END],
      "journal.2": [set(4)],
      "journal.3": [set(5)],
      "snapshot.3.unfinished": [set(6)],
      "broker.log": [],
    });

    const { end, replayed } = await read(disk);

    expect(replayed).toEqual(["SET k 3", "SET k 4", "SET k 5"]);
    expect(end.generation).toBe(3);
    expect(await disk.list()).toEqual(["snapshot.2", "journal.2", "journal.3", "broker.log"]);
  });

  test("cuts off a torn tail wherever it was torn, says so, and goes on behind the last whole record", async () => {
    const whole = (await diskWith({ "journal.1": [set(1)] })).content("journal.1").length;
    for (let cut = whole + 1; cut < whole * 2; cut++) {
      const disk = await diskWith({ "journal.1": [set(1), set(2)] });
      disk.damage("journal.1", (bytes) => bytes.subarray(0, cut));
      const log: LogRecord[] = [];

      const { end, replayed } = await read(disk, false, log);
      end.file.writeSync(Buffer.from("next"));

      expect(replayed).toEqual(["SET k 1"]);
      expect(log).toEqual([{
        level: "warn",
        message: "Torn tail cut off",
        fields: { file: "journal.1", offset: whole },
      }]);
      expect(disk.content("journal.1").length).toBe(whole + 4);
    }
  });

  test("refuses to start on every flipped bit in the middle, names the offset, and repairs on request", async () => {
    const clean = await diskWith({ "journal.1": [set(1), set(2), set(3)] });
    const size = clean.content("journal.1").length / 3;
    for (let bit = size * 8; bit < size * 16; bit += 5) {
      const disk = clean.afterKill();
      disk.damage("journal.1", (bytes) => {
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        return bytes;
      });

      await expect(read(disk)).rejects.toThrow(
        `Cannot read journal.1: at offset ${size} the record there is damaged; start the broker with --repair to keep every whole record`,
      );
      const { replayed, wasRepaired } = await read(disk, true);
      expect([replayed, wasRepaired]).toEqual([["SET k 1", "SET k 3"], true]);
    }
  });

  test("takes a torn end for damage where the file was finished long ago", async () => {
    const disk = await diskWith({ "journal.1": [set(1), set(2)], "journal.2": [set(3)] });
    disk.damage("journal.1", (bytes) => bytes.subarray(0, -1));

    await expect(read(disk)).rejects.toThrow(/Cannot read journal.1: at offset 39/);
  });

  test("refuses a snapshot that ends too early", async () => {
    const disk = await diskWith({ "snapshot.1": [set(1)], "journal.1": [set(2)] });

    await expect(read(disk)).rejects.toThrow(/Cannot read snapshot.1: at offset 39 it ends too early/);
    expect((await read(disk, true)).replayed).toEqual(["SET k 1", "SET k 2"]);
  });

  test("refuses a record that cannot be repeated, and leaves it out on request", async () => {
    const disk = await diskWith({ "journal.1": [set(1), ["FAIL"], set(2)] });

    await expect(read(disk)).rejects.toThrow(/Cannot repeat the record before offset \d+ of journal.1: it cannot/);
    expect((await read(disk, true)).replayed).toEqual(["SET k 1", "SET k 2"]);
  });
});
