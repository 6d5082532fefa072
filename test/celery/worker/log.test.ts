import { describe, expect, test } from "vitest";
import { localTime, WorkerLog } from "../../../lib/celery/worker/log.ts";
import {
  cannotConnect,
  taskRaised,
  taskReceived,
  taskSucceeded,
  unregisteredTask,
  workerReady,
} from "../../../lib/celery/worker/log_lines.ts";
import { FakeClock, settled } from "../../support/fake_clock.ts";
import { fixture } from "../../support/fixture.ts";

const add = { id: "39480e58-fff2-4f3e-a0ea-95331ddebbe7", name: "proj.add" };

interface BadMessages {
  readonly cases: Readonly<Record<string, { readonly log: string }>>;
}

function logOf(options: Partial<ConstructorParameters<typeof WorkerLog>[0]> = {}) {
  const written: string[] = [];
  const log = new WorkerLog({ level: "INFO", write: (text) => written.push(text), clock: new FakeClock(), ...options });
  return { log, written };
}

/** A captured line without its time. */
function withoutTime(text: string): string {
  return text.replace(/^\[[^:]+:\d\d:\d\d,\d{3}: /gm, "[");
}

describe("WorkerLog", () => {
  test("hands every line at its level to its handlers as well, and lets go of one that throws", () => {
    const { log, written } = logOf();
    const records: unknown[] = [];
    const stop = log.addHandler(({ level, event, text, processName }) =>
      records.push([level, event, text, processName])
    );
    log.addHandler(() => {
      throw new Error("full");
    });

    log.write({ level: "INFO", event: "one", text: "first" }, "ForkPoolWorker-1");
    log.write({ level: "DEBUG", event: "none", text: "below" });
    stop();
    log.write({ level: "INFO", event: "two", text: "second" });
    log.flush();

    const failed = "A log handler raised, and is let go: Error: full";
    expect(records).toEqual([
      ["INFO", "one", "first", "ForkPoolWorker-1"],
      ["ERROR", "log-handler-failed", failed, "MainProcess"],
    ]);
    expect(withoutTime(written.join(""))).toBe(
      `[INFO/ForkPoolWorker-1] first\n[ERROR/MainProcess] ${failed}\n[INFO/MainProcess] second\n`,
    );
  });

  test("writes the lines that Celery wrote for the same", () => {
    const { log, written } = logOf();
    const captured = fixture<BadMessages>("celery/bad-messages-5.6.json").cases.ok?.log ?? "";

    log.write(taskReceived(add));
    log.write(taskSucceeded(add, 0.025163027999951737, "3"), "ForkPoolWorker-1");
    log.flush();

    expect(withoutTime(written.join(""))).toBe(withoutTime(captured));
  });

  test("explains an unregistered task as Celery does", () => {
    const { log, written } = logOf();
    const captured = fixture<BadMessages>("celery/bad-messages-5.6.json").cases.unknown_task?.log ?? "";
    const shown = (after: string) => captured.split(`${after}\n`)[1]?.split("\n")[0] ?? "";

    log.write(unregisteredTask({ id: "x", name: "nope.nope" }, {
      body: shown("The full contents of the message body was:"),
      headers: shown("The full contents of the message headers:"),
      deliveryInfo: shown("The delivery info for this task is:"),
      contentType: "",
      contentEncoding: "",
    }));
    log.flush();

    expect(withoutTime(captured).startsWith(withoutTime(written.join("")))).toBe(true);
  });

  test("announces the next try to connect as Celery does", () => {
    const { log, written } = logOf();

    log.write(cannotConnect("redis://localhost:6379//", "Error 111 connecting", "in 2.00 seconds", 1, 100));
    log.flush();

    expect(withoutTime(written.join(""))).toBe(
      "[ERROR/MainProcess] consumer: Cannot connect to redis://localhost:6379//: Error 111 connecting.\n" +
        "Trying again in 2.00 seconds... (1/100)\n\n",
    );
  });

  test("writes lines as the setting says, and leaves alone what it does not know", () => {
    let written = "";
    const template = "%(levelname)-8s %(processName)s %(nosuch)s: %(message)s";
    const log = new WorkerLog({ level: "INFO", template, write: (text) => written += text });

    log.write(workerReady("w1@host"));
    log.flush();

    expect(written).toBe("INFO MainProcess %(nosuch)s: w1@host ready.\n");
  });

  test("drops what is below its level", () => {
    const { log, written } = logOf({ level: "WARNING" });

    log.write(workerReady("celery@host"));
    log.flush();

    expect(written).toEqual([]);
    expect(log.isEnabled("INFO")).toBe(false);
  });

  test("writes the lines of one tick in one piece", async () => {
    const { log, written } = logOf();

    log.write(workerReady("a"));
    log.write(workerReady("b"));
    await settled();

    expect(written).toHaveLength(1);
    expect(written[0]?.split("\n")).toHaveLength(3);
  });

  test("writes an object a line where machines read, under the names that events have", () => {
    const { log, written } = logOf({ format: "json", host: "celery@host" });

    log.write(taskRaised(add, "ValueError('boom')", "Traceback …\nValueError: boom\n", false), "ForkPoolWorker-2", 42);
    log.flush();

    expect(JSON.parse(written[0] ?? "")).toEqual({
      ts: "2023-11-14T22:13:20.000Z",
      level: "ERROR",
      event: "task-failed",
      task: "proj.add",
      task_id: add.id,
      exception: "ValueError('boom')",
      message: `Task proj.add[${add.id}] raised unexpected: ValueError('boom')\nTraceback …\nValueError: boom`,
      process: "ForkPoolWorker-2",
      pid: 42,
      host: "celery@host",
    });
  });

  test("colours warnings and errors only where it is told to", () => {
    const { log, written } = logOf({ color: true });

    log.write(taskRaised(add, "E()", "", false));
    log.flush();

    expect(written[0]?.startsWith("\x1b[1;31m[")).toBe(true);
    expect(written[0]?.endsWith("\x1b[0m\n")).toBe(true);
  });
});

describe("localTime", () => {
  test("shows milliseconds after a comma", () => {
    expect(localTime(new Date(2026, 10, 24, 6, 1, 26, 9).getTime())).toBe("2026-11-24 06:01:26,009");
  });
});
