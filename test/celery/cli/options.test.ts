import { describe, expect, test } from "vitest";
import { choice, commaSeparated, integer, parseOptions } from "../../../lib/celery/cli/options.ts";

const TABLE = {
  concurrency: { flags: ["-c", "--concurrency"], value: "N", parse: integer, help: "" },
  queues: { flags: ["-Q", "--queues"], value: "NAMES", parse: commaSeparated, help: "" },
  level: { flags: ["-l", "--loglevel"], value: "LEVEL", parse: choice("INFO", "DEBUG"), help: "" },
  events: { flags: ["-E", "--events"], help: "" },
  force: { flags: ["-f", "--force"], help: "" },
} as const;

function parse(argv: string[], environment: Record<string, string> = {}) {
  return parseOptions(TABLE, argv, { command: "worker", environment, environmentPrefix: "CELERY_WORKER" });
}

describe("parseOptions", () => {
  test.each([
    [["-c", "4"]],
    [["-c4"]],
    [["-c=4"]],
    [["--concurrency", "4"]],
    [["--concurrency=4"]],
  ])("reads %j", (argv) => expect(parse(argv).options.concurrency).toBe(4));

  test("reads flags that share a dash, the last of them with a value", () => {
    const { options } = parse(["-Efc", "2"]);

    expect(options).toEqual({ events: true, force: true, concurrency: 2 });
  });

  test("keeps words and everything after two dashes", () => {
    expect(parse(["a", "-E", "b", "--", "-c", "4"]).words).toEqual(["a", "b", "-c", "4"]);
  });

  test("takes a negative number for a word", () => {
    expect(parse(["-5"]).words).toEqual(["-5"]);
  });

  test("reads what was not given from the environment", () => {
    const environment = { CELERY_WORKER_CONCURRENCY: "3", CELERY_WORKER_EVENTS: "true", CELERY_WORKER_FORCE: "0" };

    expect(parse(["-c", "5"], environment).options).toEqual({ concurrency: 5, events: true });
  });

  test.each([
    [["-c", "many"], "Invalid value for '-c' / '--concurrency': 'many' is not a valid integer."],
    [["-c"], "Option '-c' requires an argument."],
    [["--events=yes"], "Option '--events' does not take a value."],
    [["--concurency", "4"], "No such option: --concurency Did you mean --concurrency?"],
    [["-l", "loud"], "Invalid value for '-l' / '--loglevel': 'loud' is not one of 'INFO', 'DEBUG'."],
  ])("refuses %j as click does", (argv, message) => {
    expect(() => parse(argv)).toThrow(message);
  });
});
