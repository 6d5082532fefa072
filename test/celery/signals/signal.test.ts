import { describe, expect, test } from "vitest";
import { Signal } from "../../../lib/celery/signals/signal.ts";
import { receiverFailed } from "../../../lib/celery/signals/signals.ts";
import { projApp } from "../../support/proj_app.ts";

interface Said {
  readonly sender: unknown;
  readonly word: string;
}

function signal() {
  const failed: string[] = [];
  return {
    failed,
    it: new Signal<Said>("said", (receiver, error) => failed.push(receiverFailed(receiver, String(error)))),
  };
}

describe("Signal", () => {
  test("calls its receivers in the order in which they were connected, each once", () => {
    const { it } = signal();
    const heard: string[] = [];
    const first = ({ word }: Said) => void heard.push(`first ${word}`);
    it.connect(first);
    it.connect(({ word }) => void heard.push(`second ${word}`));
    it.connect(first);

    it.send({ sender: null, word: "hello" });

    expect(heard).toEqual(["first hello", "second hello"]);
  });

  test("calls who is connected to a sender for that one only: a task stands for its name, and its name for the task", () => {
    const { it } = signal();
    const { add, xsum } = projApp();
    const heard: string[] = [];
    it.connect(({ word }) => void heard.push(`task ${word}`), { sender: add });
    it.connect(({ word }) => void heard.push(`name ${word}`), { sender: "proj.add" });

    it.send({ sender: add, word: "of add" });
    it.send({ sender: "proj.add", word: "by name" });
    it.send({ sender: xsum, word: "of xsum" });

    expect(heard).toEqual(["task of add", "name of add", "task by name", "name by name"]);
  });

  test("forgets a receiver for the sender that it was connected for, even while it is being called", () => {
    const { it } = signal();
    const heard: string[] = [];
    const disconnect = it.connect(({ word }) => {
      heard.push(word);
      disconnect();
    });
    const other = () => void heard.push("other");
    it.connect(other, { sender: "a" });

    it.send({ sender: "a", word: "once" });
    it.send({ sender: "a", word: "twice" });

    expect(heard).toEqual(["once", "other", "other"]);
    expect([it.disconnect(other), it.disconnect(other, { sender: "a" }), it.isConnected]).toEqual([false, true, false]);
  });

  test("says in Celery's words what a receiver throws, now or later, and calls the others", async () => {
    const { it, failed } = signal();
    const heard: string[] = [];
    it.connect(function at_once() {
      throw new Error("now");
    });
    it.connect(async function later() {
      await Promise.resolve();
      throw new Error("later");
    });
    it.connect(() => void heard.push("called"));

    await it.send({ sender: null, word: "" });

    expect(heard).toEqual(["called"]);
    expect(failed).toEqual([
      "Signal handler <function at_once> raised: Error: now",
      "Signal handler <function later> raised: Error: later",
    ]);
  });

  test("has nothing to wait for where no receiver is asynchronous", () => {
    const { it } = signal();
    it.connect(() => 1);

    expect(it.send({ sender: null, word: "" })).toBeUndefined();
  });
});

describe("signals of a publish", () => {
  test("come before the message is encoded, where headers and arguments can be changed, and after it is confirmed", async () => {
    const { app, add } = projApp();
    const told: unknown[] = [];
    app.signals.beforeTaskPublish.connect(({ headers, body, properties }) => {
      headers.trace = "t1";
      properties.priority = 7;
      Object.assign(body[1], { y: 2 });
      told.push("before");
    });
    app.signals.afterTaskPublish.connect(async ({ sender, headers, routingKey }) => {
      await Promise.resolve();
      told.push([sender, headers.trace, routingKey]);
    }, { sender: add });
    app.onPublish(({ message }) => told.push(message.properties.priority, new TextDecoder().decode(message.body)));

    await add.applyAsync([1], { kwargs: { y: 1 } }).published;

    const body = '[[1], {"y": 2}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]';
    expect(told).toEqual(["before", 7, body, ["proj.add", "t1", "celery"]]);
  });

  test("are told to the app's log where a receiver throws", async () => {
    const said: string[] = [];
    const silent = {
      debug() {},
      info() {},
      warn() {},
      child: () => silent,
      error: (text: string) => void said.push(text),
    };
    const { app, add } = projApp({ log: silent });
    app.signals.beforeTaskPublish.connect(function unwell() {
      throw new RangeError("no");
    });

    await add.delay(1, 2).published;

    expect(said).toEqual(["Signal handler <function unwell> raised: ValueError('no')"]);
  });
});
