import { describe, expect, test } from "vitest";
import { BrokerShell } from "../../support/broker_shell.ts";

describe("MULTI and EXEC", () => {
  test("carry out what was queued, and record it as one step", () => {
    const shell = new BrokerShell();
    const { run } = shell.client();

    expect(run("MULTI")).toBe("OK");
    expect(run("SET", "a", 1)).toBe("QUEUED");
    expect(run("INCR", "a")).toBe("QUEUED");
    expect(run("LPUSH", "a", "x")).toBe("QUEUED");

    expect(run("EXEC")).toEqual([
      "OK",
      2n,
      { error: "WRONGTYPE Operation against a key holding the wrong kind of value" },
    ]);
    expect(shell.steps.map((step) => step.length)).toEqual([2]);
  });

  test("carry out nothing if something could not be queued", () => {
    const { run } = new BrokerShell().client();
    run("MULTI");
    run("SET", "a", 1);
    run("GET");

    expect(run("EXEC")).toEqual({ error: "EXECABORT Transaction discarded because of previous errors." });
    expect(run("GET", "a")).toBeNull();
  });

  test("cannot be nested, nor hold what answers otherwise than once", () => {
    const { run } = new BrokerShell().client();
    run("MULTI");

    expect(run("MULTI")).toEqual({ error: "ERR MULTI calls can not be nested" });
    expect(run("SUBSCRIBE", "c")).toEqual({ error: "ERR SUBSCRIBE is not allowed inside MULTI" });
    expect(run("WATCH", "k")).toEqual({ error: "ERR WATCH inside MULTI is not allowed" });
    expect(run("DISCARD")).toBe("OK");
    expect(run("EXEC")).toEqual({ error: "ERR EXEC without MULTI" });
  });

  test("follow SELECT from one command to the next", () => {
    const shell = new BrokerShell();
    const { run } = shell.client();
    for (const words of [["MULTI"], ["SET", "a", 0], ["SELECT", 3], ["SET", "a", 3], ["EXEC"]]) run(...words);

    expect(run("GET", "a")).toBe("3");
    expect(shell.steps[0]?.map(({ database }) => database)).toEqual([0, 3]);
  });
});

describe("WATCH", () => {
  test("lets EXEC answer null if a watched key was changed by anybody", () => {
    const shell = new BrokerShell();
    const [mine, other] = [shell.client(), shell.client()];
    mine.run("WATCH", "a", "b");
    other.run("SET", "b", 1);
    mine.run("MULTI");
    mine.run("SET", "a", 1);

    expect(mine.run("EXEC")).toBeNull();
    mine.run("MULTI");

    expect(mine.run("EXEC")).toEqual([]);
  });

  test("is broken by the end of a key, but not by an end that came before it", async () => {
    const shell = new BrokerShell();
    const { run } = shell.client();
    run("SET", "old", 1, "PX", 10);
    await shell.clock.advance(20);
    run("SET", "young", 1, "PX", 10);
    run("WATCH", "old");
    run("MULTI");
    expect(run("EXEC")).toEqual([]);

    run("WATCH", "young");
    await shell.clock.advance(20);
    run("MULTI");

    expect(run("EXEC")).toBeNull();
  });

  test("is ended by UNWATCH, DISCARD, and by another database's key of the same name not at all", () => {
    const shell = new BrokerShell();
    const [mine, other] = [shell.client(), shell.client()];
    const tryIt = (end: string) => {
      mine.run("WATCH", "a");
      if (end === "DISCARD") mine.run("MULTI");
      mine.run(end);
      other.run("SET", "a", 1);
      mine.run("MULTI");
      return mine.run("EXEC");
    };

    expect(tryIt("UNWATCH")).toEqual([]);
    expect(tryIt("DISCARD")).toEqual([]);
    other.run("SELECT", 1);
    expect(tryIt("PING")).toEqual([]);
  });
});
