import { type Clock, delay } from "../../base/time.ts";
import type { Consumer } from "../transport/transport.ts";
import type { WorkerLog } from "./log.ts";
import * as lines from "./log_lines.ts";
import type { WorkerParts } from "./parts.ts";
import type { Request } from "./request.ts";

/** A worker that ends waits so long for its last words to the broker. */
export const GOODBYE_MS = 3000;
/** Idle children get so long to close their connections. */
const CHILD_GOODBYE_MS = 2000;

export interface EndingContext {
  readonly parts: WorkerParts;
  readonly log: WorkerLog;
  readonly clock: Clock;
  /** A cold shutdown lets tasks run on for so long. */
  readonly softShutdownMs: number;
}

/**
 * How a worker stops working: it takes no more, gives back what was not begun, and lets what runs finish, or ends it.
 *
 * `hurry` makes a warm shutdown cold; once more, it ends the soft shutdown that a cold one begins with.
 *
 * Source: celery 5.6 celery/worker/worker.py, celery/worker/consumer/consumer.py `cancel_all_unacked_requests`
 */
export class Ending {
  readonly #cold = new AbortController();
  readonly #stop = new AbortController();

  /** Aborted when whatever still waits shall stop waiting: children are killed from now on. */
  get stopSignal(): AbortSignal {
    return this.#stop.signal;
  }

  hurry(): void {
    if (this.#cold.signal.aborted) this.#stop.abort();
    this.#cold.abort();
  }

  /** Resolves when nothing runs any more and every message is settled or given back. */
  async work(consumer: Consumer | undefined, context: EndingContext): Promise<void> {
    const { parts, clock } = context;
    const { pool, intake, held, settlements } = parts;
    const cold = this.#cold.signal;
    await consumer?.stop();
    giveBack(intake.remove(() => true), context);
    pool.pause();
    await until(() => pool.isRecalled, cold, clock);
    giveBack(pool.removeWaiting(() => true), context);
    await until(() => pool.runningCount === 0 && held.size === countOf(pool.waiting), cold, clock);
    if (cold.aborted) await this.#endRunning(context);
    giveBack(pool.removeWaiting(() => true), context);
    await pool.close(cold.aborted ? 0 : CHILD_GOODBYE_MS);
    giveBack([...held], context);
    await Promise.race([settlements.idle(), delay(GOODBYE_MS, { clock })]);
    await consumer?.close().catch(() => {}); // the connection is lost: the broker gives back what is left
  }

  /** Cold: lets what runs go on for the time of the soft shutdown, then ends it. */
  async #endRunning({ parts: { pool }, clock, softShutdownMs }: EndingContext): Promise<void> {
    if (softShutdownMs > 0 && pool.runningCount > 0) {
      const over = new AbortController();
      const timer = clock.after(softShutdownMs, () => over.abort());
      this.#stop.signal.addEventListener("abort", () => over.abort(), { once: true });
      await until(() => pool.runningCount === 0, over.signal, clock);
      timer.cancel();
    }
    this.#stop.abort();
  }
}

function giveBack(requests: readonly Request[], { parts, log }: EndingContext): void {
  const unsettled = requests.filter((request) => !request.isDone);
  const restored = unsettled.filter((request) => !request.acknowledged).length;
  if (restored > 0) log.write(lines.restoringUnacked(restored));
  for (const request of unsettled) {
    if (request.state === "running" && !request.acknowledged) {
      parts.events.send("task-cancelled", { uuid: request.id });
    }
    request.release();
    parts.held.remove(request);
  }
}

/** Waits until `check` holds or the signal is aborted. */
async function until(check: () => boolean, signal: AbortSignal, clock: Clock): Promise<void> {
  while (!check() && !signal.aborted) {
    await delay(5, { signal, clock }).catch(() => {}); // aborted: the loop ends
  }
}

function countOf(items: Iterable<unknown>): number {
  let count = 0;
  for (const _ of items) count++;
  return count;
}
