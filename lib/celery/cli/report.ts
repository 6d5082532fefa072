import { ExitCode } from "./exit_codes.ts";
import type { Command } from "./command.ts";
import { bugReport } from "../worker/bug_report.ts";

/** Source: celery 5.6 celery/bin/celery.py `report` */
export const reportCommand: Command = {
  name: "report",
  summary: "Show versions and settings, for a bug report.",
  usage: "",
  examples: [["report", "versions, platform, settings without secrets"]],
  options: {},
  run({ app, terminal }) {
    terminal.out(bugReport(app));
    return Promise.resolve(ExitCode.ok);
  },
};
