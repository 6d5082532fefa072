import process from "node:process";
import { Deferred } from "../../../base/deferred.ts";
import { silentLogger } from "../../../base/log.ts";
import type { Timer } from "../../../base/time.ts";
import type { CommandContext } from "../command.ts";
import { ExitCode, usageError } from "../exit_codes.ts";
import { FullScreen } from "./full_screen.ts";
import { Monitor, REPLY_TIMEOUT_MS } from "./monitor.ts";

/** However many events come, the screen is drawn no more often than this. */
const DRAW_EVERY_MS = 100;
/** However few: workers fall silent without an event. */
const DRAW_AT_LEAST_EVERY_MS = 1000;

/**
 * The screen of `celery events`, until its user quits.
 *
 * Source: celery 5.6 celery/events/cursesmon.py `evtop`
 *
 * Owns: the terminal, a receiver of events, one timer.
 */
export async function runEventsScreen({ app, terminal, environment, signal }: CommandContext): Promise<number> {
  checkTerminal(environment);
  const ended = new Deferred<void>();
  const opening = new AbortController();
  const state = await app.events.State({ log: silentLogger }); // a log would be written across the screen
  const { clock } = app;
  let timer: Timer | undefined;
  let isSoon = false;
  const draw = () => {
    timer?.cancel();
    isSoon = false;
    timer = clock.after(DRAW_AT_LEAST_EVERY_MS, draw);
    screen.draw(monitor.draw(screen.size));
  };
  const drawSoon = () => {
    if (isSoon) return;
    isSoon = true;
    timer?.cancel();
    timer = clock.after(DRAW_EVERY_MS, draw);
  };
  const quit = () => ended.resolve();
  const monitor = new Monitor({
    state,
    clock,
    revoke: (id) => app.control.ask("revoke", { timeoutMs: REPLY_TIMEOUT_MS, arguments: revoking(id) }),
    rateLimit: (name, limit) => app.control.rateLimit(name, limit, { timeoutMs: REPLY_TIMEOUT_MS }),
    beep: () => screen.beep(),
    quit,
    changed: draw,
  });
  const screen = new FullScreen({
    input: process.stdin,
    output: process.stdout,
    color: terminal.color,
    onKey: (key) => {
      if (key === "ctrl-z") screen.suspend();
      else if (key === "ctrl-l") screen.refresh();
      else monitor.press(key);
    },
    onResize: draw,
    onGone: quit,
  });
  signal.addEventListener("abort", quit, { once: true });
  if (signal.aborted) quit();
  try {
    monitor.notice = "connecting to the broker";
    draw();
    const receiving = app.events.receive((event) => {
      state.event(event);
      drawSoon();
    }, {
      signal: opening.signal,
      onOutage(reason) {
        monitor.notice = reason === undefined ? undefined : `the broker is away: ${reason.message}`;
        drawSoon();
      },
    });
    receiving.then(() => {
      monitor.notice = undefined;
      drawSoon();
    }, (error) => ended.reject(error));
    await ended.promise;
    opening.abort(new Error("The screen was closed"));
    receiving.then((receiver) => receiver.close()).catch(() => {}); // the process ends anyway
    return ExitCode.ok;
  } finally {
    timer?.cancel();
    signal.removeEventListener("abort", quit);
    screen.close();
  }
}

function revoking(taskId: string) {
  return { task_id: taskId, terminate: false, signal: "SIGTERM" };
}

function checkTerminal(environment: CommandContext["environment"]): void {
  const why = process.stdout.isTTY !== true
    ? "standard output is no terminal"
    : process.stdin.isTTY !== true
    ? "standard input is no terminal"
    : environment.TERM === "dumb"
    ? "the terminal is a dumb one (TERM=dumb)"
    : undefined;
  if (why === undefined) return;
  throw usageError(`Cannot draw the screen of events: ${why}. Print them instead, with --dump or --json.`, "events");
}
