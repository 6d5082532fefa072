import { type Clock, systemClock } from "../../base/time.ts";
import type { Transport, TransportState } from "../transport/transport.ts";
import type { WorkerLog } from "./log.ts";
import * as lines from "./log_lines.ts";

/** So many connections lost within `FREQUENT_MS` are worth a warning. */
const FREQUENT = 5;
const FREQUENT_MS = 1000;

/**
 * Writes what becomes of the connection to the broker, in Celery's words: the countdown to the next attempt, the loss.
 *
 * Source: celery 5.6 celery/worker/consumer/consumer.py `on_connection_error_…`, `ensure_connected`
 *
 * @returns how to stop
 */
export function logConnection(
  transport: Transport,
  log: WorkerLog,
  maxAttempts: number,
  clock: Clock = systemClock,
): () => void {
  let wasReady = transport.state.kind === "ready";
  let losses: number[] = [];
  return transport.onState((state: TransportState) => {
    if (state.kind === "ready") {
      log.write(lines.connectedTo(transport.uri));
      wasReady = true;
    }
    if (state.kind !== "waiting") return;
    if (wasReady) {
      wasReady = false;
      log.write(lines.connectionLost());
      const now = clock.monotonic();
      losses = [...losses.filter((at) => now - at < FREQUENT_MS), now];
      if (losses.length > FREQUENT) log.write(lines.frequentRestarts());
    } else {
      const wait = humanizeSeconds(state.waitMs / 1000, "in ");
      const max = maxAttempts > 0 ? maxAttempts : "None";
      log.write(lines.cannotConnect(transport.uri, state.reason.message, wait, state.attempt, max));
    }
  });
}

/** Resolves when the transport is connected; rejects if the first attempt fails, though the transport would try again. */
export function readyAtOnce(transport: Transport): Promise<void> {
  return new Promise((resolve, reject) => {
    const unwatch = transport.onState((state) => {
      if (state.kind === "waiting") reject(state.reason);
    });
    transport.ready().then(resolve, reject).finally(unwatch);
  });
}

const UNITS: readonly (readonly [name: string, seconds: number, digits: number])[] = [
  ["day", 86_400, 2],
  ["hour", 3600, 2],
  ["minute", 60, 2],
  ["second", 1, 2],
];

/**
 * `2.00 seconds`, `1.50 minutes`, `now`.
 *
 * Source: celery 5.6 celery/utils/time.py `humanize_seconds`
 */
export function humanizeSeconds(seconds: number, prefix = ""): string {
  for (const [name, divider, digits] of UNITS) {
    if (seconds < divider) continue;
    const count = seconds / divider;
    return `${prefix}${count.toFixed(digits)} ${count === 1 ? name : `${name}s`}`;
  }
  return "now";
}
