import { describe, expect, test } from "vitest";
import { BrokerShell, type ShellClient } from "../../support/broker_shell.ts";
import { storedResults } from "../../support/message_bodies.ts";

function envelope(tag: string, extra: { exchange?: string; priority?: number; headers?: string } = {}): string {
  const { exchange = "", priority = 0, headers = "{}" } = extra;
  return `{"body": "W10=", "headers": ${headers}, "properties": {"delivery_tag": "${tag}", "priority": ${priority}, ` +
    `"delivery_info": {"exchange": "${exchange}", "routing_key": "celery"}}}`;
}

function reserve({ run }: ShellClient, holder = "w", limit = 10) {
  return run("Q.RESERVE", "unacked", "unacked_index", holder, "1700000000.5", limit, 1, "celery");
}

describe("Q.RESERVE", () => {
  test("takes messages from the right and records each as kombu does", () => {
    const one = new BrokerShell().client();
    one.run("LPUSH", "celery", envelope("t1"), envelope("t2"), envelope("t3"));

    expect(reserve(one, "w", 2)).toEqual([["celery", "t1", envelope("t1")], ["celery", "t2", envelope("t2")]]);

    expect(one.run("HGET", "unacked", "t1")).toBe(`[${envelope("t1")}, "", "celery"]`);
    expect(one.run("ZRANGE", "unacked_index", 0, -1, "WITHSCORES")).toEqual(
      [["t1", 1700000000.5], ["t2", 1700000000.5]].map(([tag, at]) => [tag, at]),
    );
    expect(one.run("LLEN", "celery")).toBe(1);
  });

  test("serves lists in the order given", () => {
    const { run } = new BrokerShell().client();
    run("LPUSH", "low", envelope("l"));
    run("LPUSH", "high", envelope("h"));

    expect(run("Q.RESERVE", "u", "i", "w", 1, 2, 3, "none", "high", "low")).toEqual([["high", "h", envelope("h")], [
      "low",
      "l",
      envelope("l"),
    ]]);
  });

  test("hands out what is no envelope without recording it", () => {
    const one = new BrokerShell().client();
    one.run(
      "LPUSH",
      "celery",
      "junk",
      '{"properties": {"delivery_tag": "t"}}',
      '{"properties": {"delivery_tag": 5}}',
      "[1]",
    );

    expect(reserve(one)).toEqual([
      ["celery", null, "junk"],
      ["celery", null, '{"properties": {"delivery_tag": "t"}}'],
      ["celery", null, '{"properties": {"delivery_tag": 5}}'],
      ["celery", null, "[1]"],
    ]);
    expect(one.run("EXISTS", "unacked", "unacked_index")).toBe(0);
  });

  test("is one step for the journal", () => {
    const shell = new BrokerShell();
    const one = shell.client();
    one.run("LPUSH", "celery", envelope("t1"));

    reserve(one);

    expect(shell.recorded[1]).toBe("Q.RESERVE unacked unacked_index w 1700000000.5 10 1 celery");
  });

  test("changes nothing if one of the keys is of another kind", () => {
    const one = new BrokerShell().client();
    one.run("LPUSH", "celery", envelope("t1"));
    one.run("SET", "unacked_index", "x");

    expect(reserve(one)).toHaveProperty("error", expect.stringMatching(/^WRONGTYPE/));
    expect(one.run("LLEN", "celery")).toBe(1);
  });
});

describe("Q.ACK and Q.RENEW", () => {
  test("work on what is still unacknowledged", () => {
    const one = new BrokerShell().client();
    one.run("LPUSH", "celery", envelope("t1"), envelope("t2"));
    reserve(one);

    expect(one.run("Q.RENEW", "unacked_index", 1700000099, "t1", "gone")).toBe(1);
    expect(one.run("ZSCORE", "unacked_index", "t1")).toBe(1700000099);
    expect(one.run("Q.ACK", "unacked", "unacked_index", "t1", "t2", "gone")).toBe(2);
    expect(one.run("Q.ACK", "unacked", "unacked_index", "t1")).toBe(0);
    expect(one.run("EXISTS", "unacked", "unacked_index")).toBe(0);
  });
});

describe("Q.REQUEUE", () => {
  test("puts messages in front, marked, and leaves every other byte as it was", () => {
    const one = new BrokerShell().client();
    const text = envelope("t1", { headers: '{"big": 12345678901234567890, "float": 1.0, "text": "\xc3\xa9 \\" }"}' });
    one.run("LPUSH", "celery", text, envelope("t2"));
    reserve(one, "w", 1);

    expect(one.run("Q.REQUEUE", "unacked", "unacked_index", "front", "t1", "celery", "gone", "celery")).toBe(1);

    expect(one.run("RPOP", "celery")).toBe(
      text.replace('\\" }"}', '\\" }", "redelivered": true}')
        .replace('"routing_key": "celery"', '"routing_key": "celery", "redelivered": true'),
    );
  });

  test("puts messages behind the others", () => {
    const one = new BrokerShell().client();
    one.run("LPUSH", "celery", envelope("t1"), envelope("t2"));
    reserve(one, "w", 1);

    one.run("Q.REQUEUE", "unacked", "unacked_index", "back", "t1", "celery");

    expect(one.run("LINDEX", "celery", -1)).toBe(envelope("t2"));
    expect(one.run("LINDEX", "celery", 0)).toMatch(/"delivery_tag": "t1".*"redelivered": true/);
  });
});

describe("Q.RESTORE", () => {
  test("gives back what is too old, to the list of its priority and through the bindings of its exchange", () => {
    const { run } = new BrokerShell().client();
    const record = (tag: string, exchange: string, priority: number, key: string) =>
      run("HSET", "pfx:unacked", tag, `[${envelope(tag, { exchange, priority })}, "${exchange}", "${key}"]`);
    record("old", "", 5, "celery");
    record("bound", "tasks", 0, "a.b");
    record("young", "", 0, "celery");
    run("SADD", "pfx:_kombu.binding.tasks", "a.*\x06\x16^a\\..*?[^\\.]$\x06\x16topical", "x\x06\x16\x06\x16direct");
    run("ZADD", "pfx:unacked_index", 10, "old", 20, "bound", 30, "young");

    expect(run("Q.RESTORE", "pfx:unacked", "pfx:unacked_index", 20, 100)).toBe(2);

    expect(run("LLEN", "pfx:celery\x06\x163")).toBe(1);
    expect(run("LINDEX", "pfx:topical", 0)).toMatch(/"redelivered": true/);
    expect(run("HKEYS", "pfx:unacked")).toEqual(["young"]);
  });

  test("leaves alone what it would have to put nowhere, and strikes half a record off", () => {
    const { run } = new BrokerShell().client();
    run("HSET", "unacked", "unbound", `[${envelope("unbound")}, "no such exchange", "key"]`, "unreadable", "garbage");
    run("ZADD", "unacked_index", 1, "unbound", 1, "unreadable", 1, "half");

    expect(run("Q.RESTORE", "unacked", "unacked_index", 20, 100)).toBe(0);

    expect(run("HLEN", "unacked")).toBe(2);
    expect(run("ZCARD", "unacked_index")).toBe(2);
  });
});

describe("Q.STORE", () => {
  test("stores and publishes a result, unless a success is stored", () => {
    const shell = new BrokerShell();
    const [client, { run }] = [shell.client(), shell.client()];
    client.run("SUBSCRIBE", "r");

    expect(run("Q.STORE", "r", 60, '{"status": "STARTED"}')).toBe(1);
    expect(run("Q.STORE", "r", 60, '{"status": "SUCCESS"}')).toBe(1);
    expect(run("Q.STORE", "r", 60, '{"status": "FAILURE"}')).toBe(0);

    expect(client.answers.map((push) => Array.isArray(push) && push[2])).toEqual([
      '{"status": "STARTED"}',
      '{"status": "SUCCESS"}',
    ]);
    expect(run("TTL", "r")).toBe(60);
    run("Q.STORE", "for ever", 0, "pickled");
    expect(run("TTL", "for ever")).toBe(-1);
  });

  test.each(storedResults())("knows a success in $serializer", ({ success, failure, liar }) => {
    const { run } = new BrokerShell().client();
    run("SET", "kept", success.toString("latin1"));
    run("SET", "lost", failure.toString("latin1"));
    run("SET", "lied", liar.toString("latin1"));

    expect(["kept", "lost", "lied"].map((key) => run("Q.STORE", key, 60, "late"))).toEqual([0, 1, 1]);
  });
});

describe("Q.WAIT", () => {
  test("names the first list that has something, takes nothing, and wakes everybody", async () => {
    const shell = new BrokerShell();
    const [first, second, { run }] = [shell.client(), shell.client(), shell.client()];
    first.run("Q.WAIT", 1000, 2, "a", "b");
    second.run("Q.WAIT", 1000, 2, "a", "b");

    run("LPUSH", "b", "x");

    expect([first.answers, second.answers]).toEqual([["b"], ["b"]]);
    expect(run("LLEN", "b")).toBe(1);
    first.run("Q.WAIT", 1000, 1, "empty");
    await shell.clock.advance(1000);
    expect(first.answers.at(-1)).toBeNull();
  });
});

describe("Q.HOLD", () => {
  test("gives everything back once all connections of the holder have been gone for the grace time", async () => {
    const shell = new BrokerShell();
    const [one, two, { run }] = [shell.client(), shell.client(), shell.client()];
    one.run("LPUSH", "celery", envelope("t1"), envelope("t2"), envelope("t3"));
    for (const each of [one, two]) each.run("Q.HOLD", "w", 2000);
    reserve(one);
    two.run("Q.ACK", "unacked", "unacked_index", "t1");

    shell.services.holders.leave(one.client);
    await shell.clock.advance(5000);
    expect(run("LLEN", "celery")).toBe(0);
    shell.services.holders.leave(two.client);
    await shell.clock.advance(1999);
    expect(run("LLEN", "celery")).toBe(0);
    await shell.clock.advance(1);

    expect(run("LRANGE", "celery", 0, -1)).toHaveLength(2);
    expect(run("EXISTS", "unacked", "unacked_index")).toBe(0);
    expect(shell.clock.armed).toBe(0);
  });

  test("gives nothing back if the holder comes again in time", async () => {
    const shell = new BrokerShell();
    const one = shell.client();
    one.run("LPUSH", "celery", envelope("t1"));
    one.run("Q.HOLD", "w", 2000);
    reserve(one);

    shell.services.holders.leave(one.client);
    await shell.clock.advance(1500);
    shell.client().run("Q.HOLD", "w", 2000);
    await shell.clock.advance(5000);

    expect(one.run("HLEN", "unacked")).toBe(1);
  });

  test("wakes whoever waits for the queue it goes back to", async () => {
    const shell = new BrokerShell();
    const [dead, python] = [shell.client(), shell.client()];
    dead.run("LPUSH", "celery", envelope("t1"));
    dead.run("Q.HOLD", "w", 10);
    reserve(dead);
    python.run("BRPOP", "celery", 0);

    shell.services.holders.leave(dead.client);
    await shell.clock.advance(10);

    expect(python.answers).toEqual([["celery", expect.stringMatching(/"redelivered": true/)]]);
  });
});
