import { describe, expect, test } from "vitest";
import { BrokerShell } from "../../support/broker_shell.ts";

describe("SET", () => {
  test("keeps every byte", () => {
    const { run } = new BrokerShell().client();

    run("SET", "k\x00", "\xff\r\n\x00");

    expect(run("GET", "k\x00")).toBe("\xff\r\n\x00");
  });

  test("is recorded with the time at which the key ends, not with how long it lives", () => {
    const shell = new BrokerShell();
    const { run } = shell.client();
    const now = shell.clock.now();

    run("SET", "a", "1", "EX", 10);
    run("SETEX", "b", 10, "1");
    run("SET", "c", "1", "NX", "GET");

    expect(shell.recorded).toEqual([`SET a 1 PXAT ${now + 10_000}`, `SET b 1 PXAT ${now + 10_000}`, "SET c 1"]);
  });

  test("records nothing where nothing was changed", () => {
    const shell = new BrokerShell();
    const { run } = shell.client();

    run("SET", "a", "1", "XX");
    run("GET", "a");
    run("DEL", "a");

    expect(shell.recorded).toEqual([]);
  });
});

describe("INCRBYFLOAT", () => {
  test("adds decimals exactly, and records the sum", () => {
    const shell = new BrokerShell();
    const { run } = shell.client();
    run("SET", "n", "0.1");

    expect(run("INCRBYFLOAT", "n", "0.2")).toBe("0.3");

    expect(shell.recorded.at(-1)).toBe("SET n 0.3");
  });
});

describe("INCR", () => {
  test("counts exactly beyond 2^53, up to 2^63", () => {
    const { run } = new BrokerShell().client();
    run("SET", "n", "9223372036854775806");

    expect(run("INCR", "n")).toBe(9223372036854775807n);
    expect(run("INCR", "n")).toEqual({ error: "ERR increment or decrement would overflow" });
  });
});

describe("an expired key", () => {
  test("is gone for whoever asks, and its removal is recorded once", async () => {
    const shell = new BrokerShell();
    const { run } = shell.client();
    run("SET", "a", "1", "PX", 100);
    await shell.clock.advance(101);

    expect(run("GET", "a")).toBeNull();
    expect(run("EXISTS", "a")).toBe(0);

    expect(shell.recorded.slice(1)).toEqual(["DEL a"]);
  });

  test("is removed although nobody asks", async () => {
    const shell = new BrokerShell();
    const { client, run } = shell.client();
    for (let i = 0; i < 10; i++) run("SET", `k${i}`, "1", "PX", 100);
    await shell.clock.advance(2000);

    expect(shell.executor.expireSome(client, 4)).toBe(true);
    expect(shell.executor.expireSome(client, 100)).toBe(false);

    expect(run("DBSIZE")).toBe(0);
    expect(shell.store.usedBytes).toBe(0);
  });

  test("lives on without its end after SET, and keeps it after INCR and APPEND", () => {
    const { run } = new BrokerShell().client();
    run("SET", "a", "1", "EX", 100);

    run("INCR", "a");
    run("APPEND", "a", "0");
    expect(run("TTL", "a")).toBe(100);
    run("SET", "a", "1");

    expect(run("TTL", "a")).toBe(-1);
  });
});
