import type { Replies } from "../../control/remote_control.ts";
import { isPlainObject } from "../../../base/pyvalue.ts";
import type { MonitoredTask } from "../../events/monitored_task.ts";
import { columnsOf, printable, type Row, type Size, span, type Style, wrap } from "./row.ts";

const LEFT = "   ";
const INDENT = "    ";

/** A line of a page before it is broken. */
export interface PageLine {
  /** In front, bold. */
  readonly label?: string;
  readonly text: string;
  readonly style?: Style;
}

/** One thing at length, over the whole screen, until a key is pressed. */
export interface Page {
  readonly title: string;
  readonly lines: readonly PageLine[];
}

/** All that is known of a task. */
export function infoPage(task: MonitoredTask): Page {
  const lines = task.info(["state"]).map(([name, value]) => ({ label: `${name}: `, text: String(value) }));
  return { title: `Task details for ${task.uuid}`, lines };
}

/** @returns undefined where there is none to show */
export function tracebackPage(task: MonitoredTask): Page | undefined {
  const { traceback, exception } = task;
  const text = traceback ?? exception;
  if (text === undefined) return undefined;
  return {
    title: `Task Exception Traceback for ${task.uuid}`,
    lines: text.trimEnd().split(/\r?\n/).map((line) => ({ text: line })),
  };
}

/** What a task has returned or raised. */
export function resultPage(task: MonitoredTask): Page {
  const text = task.result ?? task.exception;
  return { title: `Task Result for ${task.uuid}`, lines: text === undefined ? [] : [{ text }] };
}

/** What workers have answered to a command. */
export function repliesPage(replies: Replies, timeoutMs: number): Page {
  const title = "Remote Control Command Replies";
  if (replies.size === 0) {
    return { title, lines: [{ text: `No replies received in ${timeoutMs / 1000}s deadline.`, style: "red" }] };
  }
  const lines = Array.from(replies, ([node, reply]): PageLine => {
    const { ok, error }: Record<string, unknown> = isPlainObject(reply) ? reply : { ok: reply };
    return error === undefined
      ? { label: `${node}: `, text: String(ok), style: "green" }
      : { label: `${node}: `, text: String(error), style: "red" };
  });
  return { title, lines };
}

/** What has gone wrong. */
export function errorPage(error: unknown): Page {
  const text = error instanceof Error ? error.message : String(error);
  return { title: "Remote Control Command Replies", lines: [{ text, style: "red" }] };
}

/**
 * The page as rows of the screen, as many as that has; what finds no room shows as `[...]`.
 *
 * Pure: no sockets, no clocks, no promises.
 */
export function drawPage({ title, lines }: Page, { columns, rows }: Size): Row[] {
  const head: Row[] = [[], [], [span(LEFT), span(title, "bold", "underline")], []];
  const room = Math.max(0, rows - head.length - 1);
  const body: Row[] = [];
  for (const line of lines) {
    if (body.length > room) break; // it is cut below, and lines may be many
    body.push(...lineRows(line, columns));
  }
  const shown = body.length <= room ? body : [...body.slice(0, Math.max(0, room - 1)), [span(`${LEFT}${INDENT}[...]`)]];
  const blanks = Array.from({ length: Math.max(0, room - shown.length) }, (): Row => []);
  return [...head, ...shown, ...blanks, [span("Press any key to continue...", "bold")]].slice(-rows);
}

/** On one row if it fits; otherwise the text goes below its label, further in. */
function lineRows({ label = "", text, style }: PageLine, columns: number): Row[] {
  const styles = style === undefined ? [] : [style];
  const clean = printable(text);
  const front = label === "" ? [] : [span(label, "bold")];
  if (LEFT.length + columnsOf(printable(label)) + columnsOf(clean) < columns) {
    return [[span(LEFT), ...front, span(clean, ...styles)]];
  }
  const indent = label === "" ? LEFT : LEFT + INDENT;
  const broken = wrap(clean, columns - indent.length - 1).map((part): Row => [span(indent), span(part, ...styles)]);
  return label === "" ? broken : [[span(LEFT), ...front], ...broken];
}
