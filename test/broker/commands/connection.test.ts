import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../../lib/broker/commands/table.ts";
import { BrokerShell } from "../../support/broker_shell.ts";

describe("AUTH", () => {
  test("opens the broker to who knows the password, and to nobody else", () => {
    const { run } = new BrokerShell().client({ needsPassword: true });

    expect(run("GET", "a")).toEqual({ error: "NOAUTH Authentication required." });
    expect(run("NOSUCH")).toEqual({ error: "NOAUTH Authentication required." });
    expect(run("AUTH", "wrong")).toEqual({ error: "WRONGPASS invalid username-password pair or user is disabled." });
    expect(run("AUTH", "root", "secret")).toEqual({
      error: "WRONGPASS invalid username-password pair or user is disabled.",
    });
    expect(run("AUTH", "default", "secret")).toBe("OK");
    expect(run("GET", "a")).toBeNull();
  });
});

describe("HELLO", () => {
  test("introduces the broker under the name by which our client knows it", () => {
    const { client, run } = new BrokerShell().client();

    expect(run("HELLO", 3, "SETNAME", "me")).toEqual([
      ...["server", "three-classics-broker", "version", "7.0.0", "proto", 3],
      ...["id", 1, "mode", "standalone", "role", "master", "modules", []],
    ]);
    expect([client.protocol, client.name]).toEqual([3, "me"]);
  });

  test("refuses other protocols, and to tell anything before the password", () => {
    const { run } = new BrokerShell().client({ needsPassword: true });

    expect(run("HELLO", 4)).toEqual({ error: "NOPROTO unsupported protocol version" });
    expect(run("HELLO", 3)).toHaveProperty("error", expect.stringMatching(/^NOAUTH HELLO must be called/));
    expect(run("HELLO", 3, "AUTH", "default", "secret")).toContain("three-classics-broker");
  });
});

describe("every command", () => {
  test("is found under its own name, and in no other way than by it", () => {
    const { run } = new BrokerShell().client();

    for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
      expect(run(name)).toEqual({ error: `ERR unknown command '${name}', with args beginning with: ` });
    }
    for (const [name, command] of COMMANDS) expect(command.name).toBe(name);
  });

  test("refuses too few and too many words before it runs", () => {
    const { run } = new BrokerShell().client();

    for (const { arity, name } of COMMANDS.values()) {
      const wrong = arity > 0 ? arity + 1 : -arity - 1;
      if (wrong === 0) continue;
      expect(run(name, ...Array.from({ length: wrong - 1 }, () => "x"))).toEqual({
        error: `ERR wrong number of arguments for '${name.toLowerCase()}' command`,
      });
    }
  });

  test("survives names of inherited properties as keys, fields, members and channels", () => {
    const { run } = new BrokerShell().client();

    for (const name of ["__proto__", "constructor", "toString"]) {
      run("HSET", "h", name, name);
      run("SADD", "s", name);
      run("ZADD", "z", 1, name);
      run("SET", name, name);
      expect([run("HGET", "h", name), run("GET", name), run("SISMEMBER", "s", name), run("ZSCORE", "z", name)])
        .toEqual([name, name, 1, 1]);
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe("the memory limit", () => {
  test("refuses what needs memory, and lets everything else go on", () => {
    const { run } = new BrokerShell({ maxMemoryBytes: 1000 }).client();
    run("RPUSH", "q", "x".repeat(2000));

    expect(run("RPUSH", "q", "y")).toHaveProperty("error", expect.stringMatching(/^OOM command not allowed/));
    expect(run("LLEN", "q")).toBe(1);
    expect(run("RPOP", "q")).toBe("x".repeat(2000));

    expect(run("RPUSH", "q", "y")).toBe(1);
  });

  test("counts what is there and nothing else", () => {
    const shell = new BrokerShell();
    const { run } = shell.client();
    const empty = shell.store.usedBytes;
    run("SET", "s", "abc");
    run("RPUSH", "l", "a", "b");
    run("HSET", "h", "f", "v");
    run("SADD", "m", "x", "y");
    run("ZADD", "z", 1, "x");
    run("LSET", "l", 0, "longer");
    run("HSET", "h", "f", "longer");

    expect(shell.store.usedBytes).toBeGreaterThan(500);
    run("RPOP", "l", 10);
    run("HDEL", "h", "f");
    run("SREM", "m", "x", "y");
    run("ZREM", "z", "x");
    run("DEL", "s");

    expect(shell.store.usedBytes).toBe(empty);
  });
});

describe("a journal that cannot be written", () => {
  test("lets reads go on and refuses every write, inside transactions too", () => {
    const shell = new BrokerShell();
    const { run } = shell.client();
    run("SET", "a", 1);
    run("MULTI");
    run("SET", "a", 2);
    shell.refusal = "MISCONF the disk is full";

    expect(run("EXEC")).toEqual({ error: "EXECABORT Transaction discarded because of: MISCONF the disk is full" });
    expect(run("SET", "a", 3)).toEqual({ error: "MISCONF the disk is full" });
    expect(run("GET", "a")).toBe("1");
  });
});
