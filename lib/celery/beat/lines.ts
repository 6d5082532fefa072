/**
 * Every line that beat logs, in Celery's words.
 *
 * Source: celery 5.6 celery/beat.py
 * @module
 */
import { stringRepr } from "../../base/pyrepr.ts";
import type { LogLine } from "../worker/log_lines.ts";
import { humanSeconds } from "./schedule.ts";

export const beatStarting = (): LogLine => ({ level: "INFO", event: "beat-started", text: "beat: Starting..." });

export const beatStopping = (): LogLine => ({ level: "INFO", event: "beat-stopped", text: "beat: Shutting down..." });

export const ticking = (maxIntervalS: number): LogLine => ({
  level: "DEBUG",
  event: "beat-ticking",
  text: `beat: Ticking with max interval->${humanSeconds(maxIntervalS)}`,
});

export const wakingUp = (seconds: number): LogLine => ({
  level: "DEBUG",
  event: "beat-sleeps",
  text: `beat: Waking up ${humanSeconds(seconds, "in ")}.`,
});

export const synchronizing = (): LogLine => ({
  level: "DEBUG",
  event: "beat-sync",
  text: "beat: Synchronizing schedule...",
});

export const sendingDue = (name: string, task: string): LogLine => ({
  level: "INFO",
  event: "beat-task-due",
  text: `Scheduler: Sending due task ${name} (${task})`,
  fields: { entry: name, task },
});

export const sent = (task: string, id: string): LogLine => ({
  level: "DEBUG",
  event: "beat-task-sent",
  text: `${task} sent. id->${id}`,
  fields: { task, task_id: id },
});

export const cannotSend = (name: string, error: string): LogLine => ({
  level: "ERROR",
  event: "beat-task-failed",
  text: `Message Error: Couldn't apply scheduled task ${name}: ${error}`,
  fields: { entry: name },
});

export const cannotConnect = (error: string, waitS: number): LogLine => ({
  level: "ERROR",
  event: "connection-failed",
  text: `beat: Connection error: ${error}. Trying again in ${waitS.toFixed(1)} seconds...`,
});

export const corruptedFile = (path: string, error: string): LogLine => ({
  level: "ERROR",
  event: "beat-schedule-corrupted",
  text: `Removing corrupted schedule file ${stringRepr(path)}: ${error}`,
});

export const timezoneChanged = (before: string, now: string): LogLine => ({
  level: "WARNING",
  event: "beat-reset",
  text: `Reset: Timezone changed from ${stringRepr(before)} to ${stringRepr(now)}`,
});
