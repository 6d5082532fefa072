import { describe, expect, test } from "vitest";
import { BrokerShell } from "../../support/broker_shell.ts";

describe("BRPOP", () => {
  test("answers at once where there is something, from the first key that has it", () => {
    const { run } = new BrokerShell().client();
    run("RPUSH", "second", "b");

    expect(run("BRPOP", "first", "second", 0)).toEqual(["second", "b"]);
  });

  test("waits for a push, and is recorded as the pop it was", () => {
    const shell = new BrokerShell();
    const [worker, producer] = [shell.client(), shell.client()];

    expect(worker.run("BRPOP", "q", "p", 0)).toBeUndefined();
    expect(producer.run("LPUSH", "q", "job")).toBe(1);

    expect(worker.answers).toEqual([["q", "job"]]);
    expect(shell.recorded).toEqual(["LPUSH q job", "RPOP q"]);
  });

  test("serves those who wait in the order in which they came", () => {
    const shell = new BrokerShell();
    const workers = [shell.client(), shell.client(), shell.client()];
    for (const worker of workers) worker.run("BRPOP", "q", 0);

    shell.client().run("LPUSH", "q", "1", "2");

    expect(workers.map(({ answers }) => answers)).toEqual([[["q", "1"]], [["q", "2"]], []]);
    expect(shell.services.waiters.size).toBe(1);
  });

  test("gives up after its time, which may be a fraction of a second", async () => {
    const shell = new BrokerShell();
    const { answers, run } = shell.client();
    run("BRPOP", "q", "0.05");

    await shell.clock.advance(49);
    expect(answers).toEqual([]);
    await shell.clock.advance(1);

    expect(answers).toEqual([null]);
    expect(shell.clock.armed).toBe(0);
  });

  test("takes nothing for a client that has gone", () => {
    const shell = new BrokerShell();
    const gone = shell.client();
    gone.run("BRPOP", "q", 0);

    shell.services.waiters.remove(gone.client);
    const { run } = shell.client();
    run("LPUSH", "q", "job");

    expect(run("LLEN", "q")).toBe(1);
  });

  test("does not wait inside a transaction, and is not served between its commands", () => {
    const shell = new BrokerShell();
    const [worker, other] = [shell.client(), shell.client()];
    worker.run("BRPOP", "q", 0);
    for (const words of [["MULTI"], ["LPUSH", "q", "job"], ["RPOP", "q"], ["BRPOP", "q", 0]]) other.run(...words);

    expect(other.run("EXEC")).toEqual([1, "job", null]);
    expect(worker.answers).toEqual([]);
  });

  test("is not served by a key that became something else than a list", () => {
    const shell = new BrokerShell();
    const [worker, other] = [shell.client(), shell.client()];
    worker.run("BRPOP", "q", 0);

    other.run("SET", "q", "text");
    expect(worker.answers).toEqual([]);
    other.run("DEL", "q");
    other.run("RPUSH", "q", "job");

    expect(worker.answers).toEqual([["q", "job"]]);
  });

  test("refuses times that are none", () => {
    const { run } = new BrokerShell().client();

    expect(run("BRPOP", "q", "x")).toEqual({ error: "ERR timeout is not a float or out of range" });
    expect(run("BRPOP", "q", -1)).toEqual({ error: "ERR timeout is negative" });
    expect(run("BRPOP", "q", "1e30")).toEqual({ error: "ERR timeout is out of range" });
  });
});

describe("BLMOVE", () => {
  test("hands an element on to whoever waits for the target", () => {
    const shell = new BrokerShell();
    const [mover, popper] = [shell.client(), shell.client()];
    popper.run("BLPOP", "to", 0);
    mover.run("BLMOVE", "from", "to", "RIGHT", "LEFT", 0);

    shell.client().run("RPUSH", "from", "x");

    expect(mover.answers).toEqual(["x"]);
    expect(popper.answers).toEqual([["to", "x"]]);
    expect(shell.recorded).toEqual(["RPUSH from x", "LMOVE from to RIGHT LEFT", "LPOP to"]);
  });

  test("wakes every waiter without moving anything where source and target are one list", () => {
    const shell = new BrokerShell();
    const workers = [shell.client(), shell.client()];
    for (const worker of workers) worker.run("BLMOVE", "q", "q", "RIGHT", "RIGHT", 0);

    const { run } = shell.client();
    run("LPUSH", "q", "a", "b");

    expect(workers.map(({ answers }) => answers)).toEqual([["a"], ["a"]]);
    expect(run("LRANGE", "q", 0, -1)).toEqual(["b", "a"]);
  });
});

describe("BZPOPMIN and BLMPOP", () => {
  test("wait for sorted sets, and for several elements", () => {
    const shell = new BrokerShell();
    const [first, second] = [shell.client(), shell.client()];
    first.run("BZPOPMIN", "z", 0);
    second.run("BLMPOP", 0, 1, "q", "LEFT", "COUNT", 2);

    const { run } = shell.client();
    run("ZADD", "z", 2, "late", 1, "soon");
    run("RPUSH", "q", "a", "b", "c");

    expect(first.answers).toEqual([["z", "soon", 1]]);
    expect(second.answers).toEqual([["q", ["a", "b"]]]);
    expect(shell.recorded.filter((line) => !/ADD|PUSH/.test(line))).toEqual(["ZREM z soon", "LPOP q 2"]);
  });
});

describe("CLIENT UNBLOCK", () => {
  test("ends the waiting of another client, as if its time were over or with an error", () => {
    const shell = new BrokerShell();
    const [worker, admin] = [shell.client(), shell.client()];

    worker.run("BRPOP", "q", 0);
    expect(admin.run("CLIENT", "UNBLOCK", worker.client.id)).toBe(1);
    expect(worker.answers.splice(0)).toEqual([null]);
    worker.run("BRPOP", "q", 0);
    admin.run("CLIENT", "UNBLOCK", worker.client.id, "ERROR");

    expect(worker.answers).toEqual([{ error: "UNBLOCKED client unblocked via CLIENT UNBLOCK" }]);
    expect(admin.run("CLIENT", "UNBLOCK", worker.client.id)).toBe(0);
  });
});
