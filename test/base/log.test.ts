import { describe, expect, test } from "vitest";
import { createLogger, type LogRecord, redactUrl, silentLogger } from "../../lib/base/log.ts";

describe("createLogger", () => {
  test("hands on what is at or above its level", () => {
    const records: LogRecord[] = [];
    const log = createLogger((record) => records.push(record), "warn");

    log.debug("a");
    log.info("b");
    log.warn("c", { n: 0 });
    log.error("d");

    expect(records).toEqual([
      { level: "warn", message: "c", fields: { n: 0 } },
      { level: "error", message: "d", fields: {} },
    ]);
  });

  test("adds a child's fields to every record, the call's own last", () => {
    const records: LogRecord[] = [];
    const log = createLogger((record) => records.push(record), "debug", { app: 1 });

    log.child({ conn: 7, n: 1 }).debug("x", { n: 2 });

    expect(records[0]?.fields).toEqual({ app: 1, conn: 7, n: 2 });
  });
});

describe("silentLogger", () => {
  test("has silent children", () => {
    expect(silentLogger.child({ a: 1 })).toBe(silentLogger);
  });
});

describe("redactUrl", () => {
  test.each([
    ["redis://:secret@host:6379/0", "redis://:**@host:6379/0"],
    ["amqp://guest:guest@localhost//", "amqp://guest:**@localhost//"],
    ["amqps://u:p@ss@host/v", "amqps://u:**@host/v"],
    ["redis://:a@h1;redis://:b@h2", "redis://:**@h1;redis://:**@h2"],
    ["lost redis://u:p@h again", "lost redis://u:**@h again"],
    ["redis://host:6379/0", "redis://host:6379/0"],
    ["redis://user@host", "redis://user@host"],
    ["no url: a@b", "no url: a@b"],
  ])("turns %s into %s", (url, redacted) => {
    expect(redactUrl(url)).toBe(redacted);
  });
});
