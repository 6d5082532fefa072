import process from "node:process";
import type { Worker } from "../worker/worker.ts";

export interface SignalOptions {
  /** Writes a line that has no log prefix. */
  readonly say: (text: string) => void;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `SIGHUP` starts the worker anew; not where a terminal was closed. */
  readonly restartOnHangup: boolean;
  /** Told of each shutdown that a signal begins. */
  readonly onShutdown: (signal: NodeJS.Signals, how: "Warm" | "Cold", exitCode: number) => void;
  /** What is going on, for `SIGUSR1`. */
  readonly describe: () => string;
}

/**
 * What a worker does on signals.
 *
 * | signal | first | again |
 * |---|---|---|
 * | TERM | warm shutdown, code 0 (cold with REMAP_SIGTERM=SIGQUIT) | the same |
 * | INT | warm shutdown, code 1 | cold shutdown, code 1; once more: exit |
 * | QUIT | cold shutdown, code 0 | exit |
 * | HUP | warm shutdown, then a new worker | |
 * | USR1 | says what is going on | |
 *
 * Source: celery 5.6 celery/apps/worker.py `install_worker_…_handler`
 *
 * @returns how to stop listening, and whether a new worker is to be started
 */
export function handleSignals(worker: Worker, options: SignalOptions): { stop(): void; readonly restarts: boolean } {
  const { say, environment, restartOnHangup, describe, onShutdown } = options;
  let interrupts = 0;
  let quits = 0;
  let restarts = false;
  const warm = (signal: NodeJS.Signals, exitCode: number) => {
    say("\nworker: Warm shutdown (MainProcess)");
    onShutdown(signal, "Warm", exitCode);
    worker.shutdown("warm", exitCode);
  };
  const cold = (signal: NodeJS.Signals, exitCode: number) => {
    if (++quits > 2) process.exit(1); // nobody wants to wait any more
    say("\nworker: Hitting Ctrl+C again will terminate all running tasks!");
    say("\nworker: Cold shutdown (MainProcess)");
    onShutdown(signal, "Cold", exitCode);
    worker.shutdown("cold", exitCode);
  };
  const handlers: readonly (readonly [NodeJS.Signals, () => void])[] = [
    ["SIGTERM", () => environment.REMAP_SIGTERM === "SIGQUIT" ? cold("SIGTERM", 0) : warm("SIGTERM", 0)],
    ["SIGINT", () => {
      if (++interrupts > 1) return cold("SIGINT", 1);
      say("\nworker: Hitting Ctrl+C again will initiate cold shutdown, terminating all running tasks!");
      warm("SIGINT", 1);
    }],
    ["SIGQUIT", () => cold("SIGQUIT", 0)],
    ["SIGHUP", () => {
      restarts = restartOnHangup;
      if (restarts) say(`\nRestarting celery worker (${process.argv.join(" ")})`);
      warm("SIGHUP", 0);
    }],
    ["SIGUSR1", () => say(`\n${describe()}`)],
  ];
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return {
    stop: () => {
      for (const [signal, handler] of handlers) process.removeListener(signal, handler);
    },
    get restarts() {
      return restarts;
    },
  };
}
