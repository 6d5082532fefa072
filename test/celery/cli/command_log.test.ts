import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { CommandContext } from "../../../lib/celery/cli/command.ts";
import { commandLog } from "../../../lib/celery/cli/command_log.ts";
import { projApp } from "../../support/proj_app.ts";
import { testDir } from "../../support/temp_dir.ts";

describe("the log of a command", () => {
  const line = { level: "INFO", event: "said", text: "hello" } as const;

  function started(connect: (app: ReturnType<typeof projApp>["app"]) => void) {
    const { app } = projApp();
    connect(app);
    const logfile = join(testDir(), "worker.log");
    const context = { app, environment: {}, terminal: { color: false } } as unknown as CommandContext;
    return { logfile, log: commandLog(context, { level: "INFO", format: undefined, logfile }) };
  }

  test("is handed to receivers of after_setup_logger, who may add to it", () => {
    const heard: unknown[] = [];
    const { log, logfile } = started(({ signals }) => {
      signals.afterSetupLogger.connect(({ logger, loglevel, logfile, colorize }) => {
        heard.push([loglevel, logfile?.endsWith("worker.log"), colorize]);
        logger.addHandler(({ text }) => heard.push(text));
      });
    });

    log.write(line);
    log.flush();

    expect(heard).toEqual([["INFO", true, false], "hello"]);
    expect(readFileSync(logfile, "utf8")).toMatch(/INFO\/MainProcess\] hello\n$/);
  });

  test("is left to receivers of setup_logging: it then writes nothing itself", () => {
    const heard: string[] = [];
    const { log, logfile } = started(({ signals }) => {
      signals.setupLogging.connect(({ logger }) => void logger.addHandler(({ text }) => heard.push(text)));
      signals.afterSetupLogger.connect(() => heard.push("not sent"));
    });

    log.write(line);
    log.flush();

    expect([heard, existsSync(logfile)]).toEqual([["hello"], false]);
  });
});
