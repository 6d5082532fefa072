import { describe, expect, test } from "vitest";
import { BrokerShell } from "../../support/broker_shell.ts";

describe("PUBLISH", () => {
  test("reaches subscribers of the channel and of patterns, and counts both", () => {
    const shell = new BrokerShell();
    const [exact, pattern] = [shell.client(), shell.client()];
    expect(exact.run("SUBSCRIBE", "/0.celeryev/worker.online")).toEqual(["subscribe", "/0.celeryev/worker.online", 1]);
    expect(pattern.run("PSUBSCRIBE", "/0.celeryev/*")).toEqual(["psubscribe", "/0.celeryev/*", 1]);

    expect(shell.client().run("PUBLISH", "/0.celeryev/worker.online", "\xff")).toBe(2);

    expect(exact.answers).toEqual([["message", "/0.celeryev/worker.online", "\xff"]]);
    expect(pattern.answers).toEqual([["pmessage", "/0.celeryev/*", "/0.celeryev/worker.online", "\xff"]]);
  });

  test("reaches nobody who has unsubscribed or gone", () => {
    const shell = new BrokerShell();
    const { client, run } = shell.client();
    const other = shell.client();
    run("SUBSCRIBE", "a");
    other.run("SUBSCRIBE", "a");

    expect(run("UNSUBSCRIBE")).toEqual(["unsubscribe", "a", 0]);
    shell.services.pubsub.remove(other.client);

    expect(run("PUBLISH", "a", "x")).toBe(0);
    expect(run("PUBSUB", "CHANNELS")).toEqual([]);
    expect(client.subscriptions).toBe(0);
  });
});

describe("a RESP2 client with subscriptions", () => {
  test("may only manage them and ping", () => {
    const { run } = new BrokerShell().client();
    run("SUBSCRIBE", "a");

    expect(run("GET", "k")).toEqual({
      error:
        "ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
    });
    expect(run("PING")).toEqual(["pong", ""]);
    expect(run("UNSUBSCRIBE", "a")).toEqual(["unsubscribe", "a", 0]);
    expect(run("GET", "k")).toBeNull();
  });

  test("is told of each subscription, and of none where there is none to end", () => {
    const { answers, run } = new BrokerShell().client();

    expect(run("UNSUBSCRIBE")).toEqual(["unsubscribe", null, 0]);
    run("SUBSCRIBE", "a", "b");

    expect(answers).toEqual([["subscribe", "b", 2]]);
  });
});
