/**
 * The traceback of an error of ours in Python's form, for results, logs and monitors that people read beside Python's.
 *
 *     Traceback (most recent call last):
 *       File "/app/addTask.ts", line 5, in add
 *     ValueError: boom
 *
 * Spec: CPython Lib/traceback.py · V8 "Stack trace API" (Bun and Deno write the same form)
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { pyRepr } from "../../base/pyrepr.ts";
import type { ExceptionData } from "./exception.ts";
import { TaskError } from "./task_errors.ts";

const FRAME = /^\s+at (?:async )?(?:(.+?) \()?(?:file:\/\/)?(.+?):(\d+):\d+\)?$/;
const MAX_FRAMES = 50;

/** @param stored the error as it is stored, for its last line */
export function tracebackOf(error: unknown, stored: ExceptionData): string {
  const frames = error instanceof Error ? framesOf(error) : [];
  const remote = error instanceof TaskError ? error.remoteTraceback : undefined;
  const head = remote === undefined ? "" : `${remote.trimEnd()}\n\nThe above exception was raised again here:\n\n`;
  return `${head}Traceback (most recent call last):\n${frames.join("")}${lastLine(stored)}\n`;
}

/** Outermost first, as Python lists them; frames of the runtime itself say nothing and are left out. */
function framesOf(error: Error): string[] {
  const frames: string[] = [];
  for (const line of (error.stack ?? "").split("\n")) {
    const [, name = "<anonymous>", file, row] = FRAME.exec(line) ?? [];
    if (file === undefined || file.startsWith("node:") || frames.length >= MAX_FRAMES) continue;
    frames.push(`  File "${file}", line ${row}, in ${name}\n`);
  }
  return frames.reverse();
}

function lastLine({ exc_type, exc_message, exc_module }: ExceptionData): string {
  const type = exc_module === null || exc_module === "builtins" ? exc_type : `${exc_module}.${exc_type}`;
  const args = typeof exc_message === "string" ? [exc_message] : exc_message;
  const [first] = args;
  const text = args.length > 1 ? `(${args.map(pyRepr).join(", ")})` : typeof first === "string" ? first : pyRepr(first);
  return args.length === 0 || text === "" ? type : `${type}: ${text}`;
}
