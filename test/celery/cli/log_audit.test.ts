import { describe, expect, test } from "vitest";
import { LogAudit } from "../../../lib/celery/cli/log_audit.ts";

const at = (text: string) => `[2026-11-30 15:00:00,000: INFO/MainProcess] ${text}\n`;

function audit(...lines: string[]): LogAudit {
  const made = new LogAudit();
  for (const line of lines) made.feed(line);
  return made;
}

describe("LogAudit", () => {
  test("counts tasks by their names, the most frequent first, and how they ended", () => {
    const { report } = audit(
      at("Task a.once[1] received"),
      at("Task b.twice[2] received"),
      at("Task b.twice[3] received"),
      at("Task a.once[1] succeeded in 0.001s: 10"),
      at("Task b.twice[2] raised unexpected: ValueError('no')"),
    );

    expect(report).toEqual({
      types: [["b.twice", 2], ["a.once", 1]],
      total: 3,
      errors: 1,
      succeeded: 1,
      completed: 2,
    });
  });

  test("knows the words in which older workers received tasks", () => {
    expect(audit(at("Received task: a.b[1]  ")).report.types).toEqual([["a.b", 1]]);
  });

  test("does not take a task that is tried again for one that has ended", () => {
    const errors: string[] = [];
    const retried = new LogAudit({ onError: (line) => errors.push(line) });
    retried.feed(at("Task a.b[1] received"));
    retried.feed(at("Task a.b[1] retry: Retry in 3s"));

    expect(retried.incomplete).toEqual(["1"]);
    expect(errors).toEqual([at("Task a.b[1] retry: Retry in 3s")]);
    retried.feed(at("Task a.b[1] received"));
    retried.feed(at("Task a.b[1] succeeded in 1s: null"));
    expect(retried.incomplete).toEqual([]);
    expect(retried.report).toMatchObject({ total: 1, errors: 0, succeeded: 1, completed: 1 });
  });

  test("names what was received and has not ended, in order, and nothing whose start is in no log", () => {
    const { incomplete } = audit(
      at("Task a.b[before] succeeded in 1s: 1"),
      at("Task a.b[2] received"),
      at("Task a.b[1] received"),
    );

    expect(incomplete).toEqual(["2", "1"]);
  });
});
