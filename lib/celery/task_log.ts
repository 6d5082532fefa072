import { createLogger, fieldsText, type LogFields, type Logger, type LogLevel } from "../base/log.ts";
import type { CurrentTask } from "./current_task.ts";

/** What code of a task's has logged. */
export interface TaskLogRecord {
  readonly level: LogLevel;
  /** With the fields behind it, for people. */
  readonly text: string;
  readonly fields: LogFields;
  /** The task that runs; undefined where none does. */
  readonly task: { readonly id: string; readonly name: string } | undefined;
}

/** A logger for the code of tasks, which knows which of them runs. @param write asked for at each line: a worker's child has its own */
export function taskLogger(currentTask: CurrentTask, write: (record: TaskLogRecord) => void): Logger {
  return createLogger(({ level, message, fields }) => {
    const { request } = currentTask;
    const task = request === undefined ? undefined : { id: request.id, name: request.shadow || request.task };
    write({ level, text: `${message}${fieldsText(fields)}`, fields, task });
  }, "debug");
}
