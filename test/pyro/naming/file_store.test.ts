import { appendFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createLogger, type LogRecord } from "../../../lib/base/log.ts";
import { FileStore } from "../../../lib/pyro/naming/file_store.ts";
import { decodeRecords, encodeRecord } from "../../../lib/pyro/naming/store_record.ts";
import { testDir } from "../../support/temp_dir.ts";

const entry = (uri: string, ...tags: string[]) => ({ uri, metadata: new Set(tags) });
const filePath = () => join(testDir(), "names");

function reopened(path: string): Record<string, string> {
  const store = new FileStore(path);
  const content = Object.fromEntries(
    [...store.entries()].map(([name, { uri, metadata }]) => [name, [uri, ...metadata].join()]),
  );
  store.close();
  return content;
}

describe("FileStore", () => {
  test("holds what it held before", () => {
    const path = filePath();
    const store = new FileStore(path);
    store.set("a", entry("PYRO:a@h:1", "x", "y"));
    store.set("käse €", entry("PYRO:b@h:1"));
    store.set("a", entry("PYRO:c@h:1"));
    store.set("gone", entry("PYRO:d@h:1"));
    store.delete("gone");
    store.delete("never there");
    store.close();

    expect(reopened(path)).toEqual({ a: "PYRO:c@h:1", "käse €": "PYRO:b@h:1" });
  });

  test("has every change in the file when the call returns", () => {
    const path = filePath();
    const store = new FileStore(path);
    store.set("a", entry("PYRO:a@h:1"));

    expect(decodeRecords(readFileSync(path)).records).toEqual([{ name: "a", entry: entry("PYRO:a@h:1") }]);
    store.close();
  });

  test("cuts off a record that was torn, wherever it was torn, and goes on behind the last good one", () => {
    const path = filePath();
    const good = encodeRecord({ name: "a", entry: entry("PYRO:a@h:1") });
    const torn = encodeRecord({ name: "b", entry: entry("PYRO:b@h:1") });
    for (let cut = 0; cut < torn.length; cut++) {
      writeFileSync(path, good);
      appendFileSync(path, torn.subarray(0, cut));
      const store = new FileStore(path);
      store.set("c", entry("PYRO:c@h:1"));
      store.close();

      expect(reopened(path), `cut at ${cut}`).toEqual({ a: "PYRO:a@h:1", c: "PYRO:c@h:1" });
    }
  });

  test("leaves out a damaged record in the middle, says so, and keeps the damaged file", () => {
    const path = filePath();
    const records = ["a", "b", "c"].map((name) => encodeRecord({ name, entry: entry(`PYRO:${name}@h:1`) }));
    records[1]?.write("X", 20);
    writeFileSync(path, Buffer.concat(records));
    const logged: LogRecord[] = [];
    new FileStore(path, { log: createLogger((record) => logged.push(record)) }).close();

    expect(reopened(path)).toEqual({ a: "PYRO:a@h:1", c: "PYRO:c@h:1" });
    expect(logged[0]).toMatchObject({ level: "warn", fields: { damagedLines: 1 } });
    expect(existsSync(`${path}.damaged`)).toBe(true);
  });

  test("writes the file anew once most of it is out of date, and loses nothing by it", () => {
    const path = filePath();
    const store = new FileStore(path);
    store.set("kept", entry("PYRO:kept@h:1", "tag"));
    for (let i = 0; i < 5000; i++) store.set("changing", entry(`PYRO:x@h:${i}`));
    store.close();

    expect(statSync(path).size).toBeLessThan(1100 * 60);
    expect(reopened(path)).toEqual({ kept: "PYRO:kept@h:1,tag", changing: "PYRO:x@h:4999" });
  });

  test("refuses a file that another process uses, and takes over from one that is gone", () => {
    const path = filePath();
    const store = new FileStore(path);

    expect(() => new FileStore(path)).toThrow(`Cannot open the name store ${path}: process ${process.pid} uses it`);
    store.close();
    store.close();
    for (const left of ["999999999", String(process.pid), "", "nonsense"]) { // a container's first process is always 1
      writeFileSync(`${path}.lock`, left);
      expect(() => new FileStore(path).close(), left).not.toThrow();
    }
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  test("takes an empty file, and one cut inside its first record, for a new one", () => {
    const path = filePath();
    writeFileSync(path, encodeRecord({ name: "a", entry: undefined }));
    truncateSync(path, 5);

    expect(reopened(path)).toEqual({});
    expect(readFileSync(path).length).toBe(0);
  });
});
