import { describe, expect, test } from "vitest";
import { ScanCursors } from "../../../lib/broker/store/scan_cursors.ts";
import { BrokerShell } from "../../support/broker_shell.ts";

describe("SCAN", () => {
  test("returns every key that is there from beginning to end, once, while others come and go", () => {
    const { run } = new BrokerShell().client();
    for (let i = 0; i < 500; i++) run("SET", `stays${i}`, i);
    for (let i = 0; i < 500; i++) run("SET", `goes${i}`, i);
    const seen: string[] = [];
    let cursor = "0";
    let round = 0;
    do {
      const reply = run("SCAN", cursor, "COUNT", 37);
      if (!Array.isArray(reply) || !Array.isArray(reply[1])) throw new Error(`SCAN answered ${String(reply)}`);
      cursor = String(reply[0]);
      seen.push(...reply[1].map(String));
      run("DEL", `goes${round}`, `goes${499 - round}`);
      run("SET", `comes${round++}`, 1);
    } while (cursor !== "0");

    expect(seen.filter((key) => key.startsWith("stays"))).toHaveLength(500);
    expect(new Set(seen).size).toBe(seen.length);
  });

  test("filters by pattern and kind", () => {
    const { run } = new BrokerShell().client();
    run("SET", "a1", 1);
    run("LPUSH", "a2", 1);
    run("SET", "b", 1);

    expect(run("SCAN", 0, "MATCH", "a*", "TYPE", "list", "COUNT", 100)).toEqual(["0", ["a2"]]);
    expect(run("SCAN", "x")).toEqual({ error: "ERR invalid cursor" });
    expect(run("SCAN", 77)).toHaveProperty("error", expect.stringMatching(/^ERR invalid cursor/));
  });
});

describe("HSCAN, SSCAN and ZSCAN", () => {
  test("walk through small containers in one piece, and through large ones in several", () => {
    const { run } = new BrokerShell().client();
    run("HSET", "h", "f", "v", "g", "w");
    run("ZADD", "z", "1.5", "m");
    run("SADD", "s", ...Array.from({ length: 1000 }, (_, i) => i));

    expect(run("HSCAN", "h", 0)).toEqual(["0", ["f", "v", "g", "w"]]);
    expect(run("HSCAN", "h", 0, "MATCH", "g")).toEqual(["0", ["g", "w"]]);
    expect(run("ZSCAN", "z", 0)).toEqual(["0", ["m", 1.5]]);
    expect(run("SSCAN", "s", 0, "COUNT", 600)).toEqual([
      expect.not.stringMatching(/^0$/),
      expect.objectContaining({ length: 600 }),
    ]);
    expect(run("SSCAN", "none", 0)).toEqual(["0", []]);
  });
});

describe("ScanCursors", () => {
  test("forgets the iteration that was used longest ago, once there are too many", () => {
    const cursors = new ScanCursors();
    const first = cursors.open([1, 2, 3].values());
    const second = cursors.open([1, 2, 3].values());
    for (let i = 0; i < 1022; i++) cursors.open([].values());
    cursors.take(first, 1);

    cursors.open([].values());

    expect(cursors.take(first, 5)).toEqual({ items: [2, 3], isDone: true });
    expect(() => cursors.take(second, 1)).toThrow(/invalid cursor/);
  });
});
