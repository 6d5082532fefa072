import { pythonClassOf } from "../wire/exceptions.ts";

const FRAME = /^\s*at (?:(?:async )?(.*?) \()?(.*?):(\d+):\d+\)?$/;
/** Where the daemon hands over to user code: what lies beneath is the daemon's own business. */
const BOTTOM = "runMethod";

/**
 * The lines of an error's stack as Python's `traceback.format_exception` writes them, outermost call first, each with its
 * line end. Python clients join and print them.
 */
export function tracebackLines(error: Error): string[] {
  const frames: string[] = [];
  for (const line of (error.stack ?? "").split("\n")) {
    const match = FRAME.exec(line);
    if (match === null) continue;
    const [, where = "<anonymous>", file = "", row = "0"] = match;
    frames.push(`  File "${file.replace(/^file:\/\//, "")}", line ${row}, in ${where}\n`);
    if (where === BOTTOM) break;
  }
  const type = pythonClassOf(error).replace(/^builtins\./, "");
  return [
    "Traceback (most recent call last):\n",
    ...frames.reverse(),
    error.message === "" ? `${type}\n` : `${type}: ${error.message}\n`,
  ];
}
