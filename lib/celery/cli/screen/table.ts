import type { MonitoredTask } from "../../events/monitored_task.ts";
import { VERSION_BANNER } from "../../version.ts";
import { columnsOf, cut, pad, printable, type Row, shorten, type Size, type Span, span, type Style } from "./row.ts";

export const MIN_SIZE: Size = { columns: 60, rows: 12 };

const LEFT = 3;
const UUID_COLUMNS = 36;
const TIME_COLUMNS = 8;
const STATE_COLUMNS = 8;
const LEAST_TASK_COLUMNS = 16;
const LEAST_WORKER_COLUMNS = 15;
/** Rows that are not of tasks: frame, title, heading, and the six at the foot. */
const OTHER_ROWS = 10;
const MORE = "... -> key i";

const STATE_STYLES: ReadonlyMap<string, Style> = new Map([
  ["SUCCESS", "green"],
  ["STARTED", "yellow"],
  ["FAILURE", "red"],
  ["RETRY", "red"],
  ["REVOKED", "red"],
]);

/** What the table shows. */
export interface Table {
  /** Newest first; as many as there is room for are shown. */
  readonly tasks: readonly MonitoredTask[];
  /** The selected one, which may have left the screen. */
  readonly selected: MonitoredTask | undefined;
  /** Node names of workers that are alive, sorted. */
  readonly alive: readonly string[];
  /** Workers that were heard of. */
  readonly workerCount: number;
  readonly eventCount: number;
  readonly taskCount: number;
  /** What is wrong, if anything is: beside the title. */
  readonly notice: string | undefined;
  /** Instead of the keys: what is asked, or waited for. */
  readonly question: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** How many tasks there is room for. */
export function taskRows({ rows }: Size): number {
  return Math.max(0, rows - OTHER_ROWS);
}

/**
 * The table of tasks in its frame, with three lines below it: as many rows as the screen has.
 *
 * Source: celery 5.6 celery/events/cursesmon.py, for what stands where
 *
 * Pure: no sockets, no clocks, no promises.
 */
export function drawTable(table: Table, size: Size): Row[] {
  const { columns, rows } = size;
  if (columns < MIN_SIZE.columns || rows < MIN_SIZE.rows) return [tooSmall(size)];
  const inside = columns - 2;
  const heading = span(line(["UUID", "WORKER", "TASK", "TIME", "STATE"], columns), "bold", "underline");
  const shown = table.tasks.slice(0, taskRows(size)).map((task) => taskRow(task, table, columns));
  const blanks = Array.from({ length: taskRows(size) - shown.length }, (): Row => []);
  const body: Row[] = [titleRow(table), [], [heading], ...shown, ...blanks];
  const foot: Row[] = [
    [span("─".repeat(columns - 4))],
    selectedRow(table, inside),
    workersRow(table),
    infoRow(table),
    keysRow(table),
  ];
  const edge = "─".repeat(inside);
  return [
    [span(`┌${edge}┐`)],
    ...[...body, ...foot].map((row) => framed(row, inside)),
    [span(`└${edge}┘`)],
  ];
}

function tooSmall({ columns, rows }: Size): Row {
  return [span(`${columns}x${rows} is too small: ${MIN_SIZE.columns}x${MIN_SIZE.rows} at least`)];
}

function framed(row: Row, inside: number): Row {
  const spans: Span[] = [span("│"), span(" ".repeat(LEFT - 1))];
  let left = inside - (LEFT - 1);
  for (const { text, styles } of row) {
    const kept = cut(text, left);
    left -= columnsOf(kept);
    spans.push({ text: kept, styles });
  }
  return [...spans, span(" ".repeat(left)), span("│")];
}

function titleRow({ notice }: Table): Row {
  const title = span(`celery events ${VERSION_BANNER}`, "dim", "blue");
  return notice === undefined ? [title] : [title, span(`  ${notice}`, "red")];
}

/** Five columns, the last cut where the frame begins. */
function line([uuid, worker, task, time, state]: readonly [string, string, string, string, string], columns: number) {
  const all = columns - 4;
  const names = all - (1 + TIME_COLUMNS + 1 + STATE_COLUMNS);
  const uuidColumns = Math.min(UUID_COLUMNS, names - (1 + LEAST_TASK_COLUMNS + 1 + LEAST_WORKER_COLUMNS));
  const taskColumns = Math.ceil((names - uuidColumns - 1) / 2);
  const workerColumns = names - uuidColumns - 1 - taskColumns - 1;
  const cells = [
    pad(uuid, uuidColumns),
    pad(worker, workerColumns),
    pad(shortName(task, taskColumns), taskColumns),
    pad(time, TIME_COLUMNS),
    pad(state, STATE_COLUMNS),
  ];
  return cut(cells.join(" "), all);
}

/** Of a name that is too long the middle goes: `very.long.mod[.]task`. */
function shortName(name: string, columns: number): string {
  if (columnsOf(name) <= columns) return name;
  const dot = name.lastIndexOf(".");
  const last = name.slice(dot + 1);
  return `${cut(name.slice(0, Math.max(0, dot)), Math.max(0, columns - columnsOf(last) - 3))}[.]${last}`;
}

function taskRow(task: MonitoredTask, { selected, now }: Table, columns: number): Row {
  const { uuid, name = "???", worker, timestamp, state } = task;
  const cells = [uuid, worker?.hostname ?? "*NONE*", name, clockTime(timestamp ?? now / 1000), state] as const;
  const text = line([printable(cells[0]), printable(cells[1]), printable(cells[2]), cells[3], cells[4]], columns);
  const lit: Style[] = task === selected ? ["reverse"] : [];
  const style = STATE_STYLES.get(state);
  const at = text.lastIndexOf(` ${state}`) + 1;
  if (style === undefined || at === 0) return [span(text, ...lit)];
  return [
    span(text.slice(0, at), ...lit),
    span(state, style, ...lit),
    span(text.slice(at + state.length), ...lit),
  ];
}

/** `HH:MM:SS` of seconds since 1970, in UTC. */
function clockTime(seconds: number): string {
  const moment = new Date(seconds * 1000);
  return Number.isNaN(moment.getTime()) ? "??:??:??" : moment.toISOString().slice(11, 19);
}

function selectedRow({ selected }: Table, inside: number): Row {
  if (selected === undefined) return [span("No task selected")];
  const head = span("Selected: ", "bold");
  const room = inside - (LEFT - 1) - head.text.length;
  const info = selected.info().map(([name, value]) => `${name}=${brief(name, value)}`).join(" ");
  const text = shorten(printable(info), room, MORE);
  if (!text.endsWith(MORE)) return [head, span(text)];
  return [head, span(text.slice(0, -MORE.length)), span(MORE, "bold")];
}

function brief(name: string, value: unknown): string {
  if (name === "runtime" && typeof value === "number") return value.toFixed(2);
  return name === "result" ? shorten(String(value), 16) : String(value);
}

function workersRow({ alive }: Table): Row {
  if (alive.length === 0) return [span("No workers discovered.")];
  return [span("Workers online: ", "bold"), span(alive.join(", "))];
}

function infoRow({ eventCount, taskCount, alive, workerCount }: Table): Row {
  const counts = `events: ${eventCount} tasks:${taskCount} workers:${alive.length}/${workerCount}`;
  return [span("Info: ", "bold"), span(counts, "dim")];
}

function keysRow({ question }: Table): Row {
  if (question !== undefined) return [span(question, "bold")];
  const keys = "j:down k:up i:info t:traceback r:result c:revoke l:rate limit q:quit";
  return [span("Keys: ", "bold"), span(keys, "dim")];
}
