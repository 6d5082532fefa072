import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { asError, UsageError } from "../../base/errors.ts";
import { isPlainObject } from "../../base/pyvalue.ts";
import type { EntryState } from "./entry.ts";

/** What of the file could be used. */
export interface LoadedSchedule {
  /** Undefined: there was no file. */
  readonly timezone: string | undefined;
  readonly entries: ReadonlyMap<string, EntryState>;
  /** Why the file was removed, if it was. */
  readonly damage: string | undefined;
}

const NOTHING: LoadedSchedule = { timezone: undefined, entries: new Map(), damage: undefined };
const VERSION = 1;

/**
 * What beat remembers from one run to the next: when each entry ran last, and how often.
 *
 *     {"version": 1, "timezone": "UTC", "entries": {"<name>": {"last_run_at": <ISO 8601>, "total_run_count": 3}}}
 *
 * Celery's own is a `shelve` of pickles, which only Python can read. The name ends in `.json`, so that both may be at work in
 * one folder.
 *
 * Source: celery 5.6 celery/beat.py `PersistentScheduler`
 */
export class ScheduleFile {
  readonly path: string;

  /** @param path as in the setting `beatScheduleFilename` or `--schedule` */
  constructor(path: string) {
    this.path = path.endsWith(".json") ? path : `${path}.json`;
  }

  /** Reads the file; one that is damaged is removed, as Celery does. @throws {UsageError} if it cannot be read at all */
  load(): LoadedSchedule {
    const text = this.#read();
    if (text === undefined) return NOTHING;
    try {
      return parse(text);
    } catch (error) {
      rmSync(this.path);
      return { ...NOTHING, damage: asError(error).message };
    }
  }

  /** Writes the file anew, whole or not at all. @throws {UsageError} if it cannot be written */
  save(timezone: string, entries: Iterable<readonly [name: string, state: EntryState]>): void {
    const stored = [...entries].map(([name, { lastRunAtMs, totalRunCount }]) => [
      name,
      { last_run_at: new Date(lastRunAtMs).toISOString(), total_run_count: totalRunCount },
    ]);
    const draft = `${this.path}.draft`;
    try {
      writeFileSync(draft, `${JSON.stringify({ version: VERSION, timezone, entries: Object.fromEntries(stored) })}\n`);
      renameSync(draft, this.path);
    } catch (error) {
      throw new UsageError(`Cannot write the schedule file ${this.path}: ${asError(error).message}`, { cause: error });
    }
  }

  #read(): string | undefined {
    try {
      return readFileSync(this.path, "utf8");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw new UsageError(`Cannot read the schedule file ${this.path}: ${asError(error).message}`, { cause: error });
    }
  }
}

function parse(text: string): LoadedSchedule {
  const stored: unknown = JSON.parse(text);
  if (!isPlainObject(stored) || stored.version !== VERSION) throw new Error(`it is no schedule of version ${VERSION}`);
  const { timezone, entries } = stored;
  if (typeof timezone !== "string" || !isPlainObject(entries)) throw new Error("it lacks its timezone or its entries");
  return {
    timezone,
    entries: new Map(Object.entries(entries).map(([name, state]) => [name, stateOf(name, state)])),
    damage: undefined,
  };
}

function stateOf(name: string, state: unknown): EntryState {
  const { last_run_at: last, total_run_count: count } = isPlainObject(state) ? state : {};
  const lastRunAtMs = typeof last === "string" ? Date.parse(last) : NaN;
  if (Number.isNaN(lastRunAtMs) || typeof count !== "number") throw new Error(`its entry ${name} is none`);
  return { lastRunAtMs, totalRunCount: count };
}
