import { isPlainObject } from "../../base/pyvalue.ts";
import type { RemoteControl } from "../control/remote_control.ts";
import type { LogicalClock } from "../logical_clock.ts";
import type { WorkerLog } from "./log.ts";
import * as lines from "./log_lines.ts";
import type { Revoked } from "./revoked.ts";

export interface MingleOptions {
  readonly remote: RemoteControl;
  readonly node: string;
  readonly revoked: Revoked;
  readonly logicalClock: LogicalClock;
  readonly log: WorkerLog;
  readonly signal: AbortSignal;
}

/** Neighbours reply within milliseconds; who has not by now is told of in the log no more, but still listened to. */
const PATIENCE_MS = 250;
const TIMEOUT_MS = 1000;

/**
 * Asks the other workers what was revoked and what time it is on their logical clocks.
 *
 * Python's worker starts only after a second of waiting for replies. Here what was heard in a quarter of it decides over the
 * start, and later replies are merged when they come; nor is anybody waited for where the broker tells that nobody listens.
 *
 * Source: celery 5.6 celery/worker/consumer/mingle.py
 *
 * @returns resolves when the start may go on; never rejects
 */
export async function mingle(options: MingleOptions): Promise<void> {
  const { remote, node, revoked, logicalClock, log, signal } = options;
  log.write(lines.minglingStarts());
  let neighbours = 0;
  const asked = remote.ask("hello", {
    arguments: { from_node: node, revoked: revoked.toWire() },
    timeoutMs: TIMEOUT_MS,
    signal,
    onReply: (from, reply) => {
      if (from === node || !isPlainObject(reply)) return;
      neighbours++;
      logicalClock.adjust(reply.clock);
      revoked.mergeWire(reply.revoked);
    },
  }).then(() => {}, () => {}); // a worker starts without neighbours as well
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
  await Promise.race([
    asked,
    new Promise<void>((resolve) => patience.signal.addEventListener("abort", () => resolve())),
  ]);
  clearTimeout(timer);
  if (neighbours === 0) log.write(lines.minglingAlone());
  else {
    log.write(lines.minglingWith(neighbours));
    log.write(lines.mingled());
  }
}
