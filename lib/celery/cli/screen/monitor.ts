import { type Clock, systemClock } from "../../../base/time.ts";
import { EXCEPTION_STATES } from "../../backend/backend.ts";
import type { Replies } from "../../control/remote_control.ts";
import type { MonitoredTask } from "../../events/monitored_task.ts";
import type { State } from "../../events/state.ts";
import type { Key } from "./keys.ts";
import { drawPage, errorPage, infoPage, type Page, repliesPage, resultPage, tracebackPage } from "./page.ts";
import type { Row, Size } from "./row.ts";
import { drawTable, taskRows } from "./table.ts";

/** How long replies to a command are waited for. */
export const REPLY_TIMEOUT_MS = 1000;
const MAX_ANSWER = 64;

/** What the screen asks of workers, and of its terminal. */
export interface MonitorPorts {
  readonly state: State;
  revoke(taskId: string): Promise<Replies>;
  rateLimit(taskName: string, limit: string): Promise<Replies>;
  beep(): void;
  /** The user has had enough. */
  quit(): void;
  /** Something has to be drawn again. */
  changed(): void;
  readonly clock?: Clock;
}

/**
 *     table --i,t,r--> page --any key--> table
 *       |--l--> question --enter--> asking --replies--> page
 *       |--c---------------------> asking
 */
type View =
  | { readonly kind: "table" }
  | { readonly kind: "page"; readonly page: Page }
  | { readonly kind: "question"; readonly task: string; readonly answer: string }
  | { readonly kind: "asking" };

/**
 * What the keys of the screen do, and what it shows; it knows no terminal.
 *
 * Source: celery 5.6 celery/events/cursesmon.py `CursesMonitor`
 */
export class Monitor {
  /** What is wrong, if anything is. */
  notice: string | undefined;
  readonly #ports: MonitorPorts;
  readonly #clock: Clock;
  #view: View = { kind: "table" };
  #selected: MonitoredTask | undefined;
  /** What was drawn last: keys mean what their user sees. */
  #shown: readonly MonitoredTask[] = [];

  constructor(ports: MonitorPorts) {
    this.#ports = ports;
    this.#clock = ports.clock ?? systemClock;
  }

  draw(size: Size): Row[] {
    if (this.#view.kind === "page") return drawPage(this.#view.page, size);
    const { state } = this.#ports;
    this.#shown = state.tasksByTime({ limit: taskRows(size) });
    const alive = state.aliveWorkers().map((worker) => worker.hostname).sort();
    return drawTable({
      tasks: this.#shown,
      selected: this.#selected,
      alive,
      workerCount: state.workers.size,
      eventCount: state.eventCount,
      taskCount: state.taskCount,
      notice: this.notice,
      question: this.#question(),
      now: this.#clock.now(),
    }, size);
  }

  #question(): string | undefined {
    if (this.#view.kind === "question") return `New rate limit: ${this.#view.answer}_`;
    return this.#view.kind === "asking" ? "Waiting for workers to reply" : undefined;
  }

  press(key: Key): void {
    if (key === "ctrl-c") return this.#ports.quit();
    switch (this.#view.kind) {
      case "page":
        return this.#show({ kind: "table" });
      case "question":
        return this.#type(this.#view.task, this.#view.answer, key);
      case "asking":
        return; // a second at most
      case "table":
        return this.#command(key.length === 1 ? key.toLowerCase() : key);
    }
  }

  #command(key: Key): void {
    switch (key) {
      case "j":
      case "down":
        return this.#move(1);
      case "k":
      case "up":
        return this.#move(-1);
      case "i":
      case "enter":
        return this.#open((task) => infoPage(task));
      case "t":
        return this.#open((task) => EXCEPTION_STATES.has(task.state) ? tracebackPage(task) : undefined);
      case "r":
        return this.#open((task) => resultPage(task));
      case "c":
        return this.#revoke();
      case "l":
        return this.#askLimit();
      case "q":
        return this.#ports.quit();
    }
  }

  /** Down from the last comes the first, and up from the first the last. */
  #move(by: 1 | -1): void {
    const count = this.#shown.length;
    if (count === 0) return;
    const at = this.#selected === undefined ? -1 : this.#shown.indexOf(this.#selected);
    const next = at === -1 ? 0 : (at + by + count) % count;
    this.#selected = this.#shown[next];
    this.#ports.changed();
  }

  #open(pageOf: (task: MonitoredTask) => Page | undefined): void {
    const page = this.#selected === undefined ? undefined : pageOf(this.#selected);
    if (page === undefined) this.#ports.beep();
    else this.#show({ kind: "page", page });
  }

  #revoke(): void {
    if (this.#selected === undefined) this.#ports.beep();
    else this.#ask(this.#ports.revoke(this.#selected.uuid));
  }

  #askLimit(): void {
    const task = this.#selected?.name;
    if (task === undefined) this.#ports.beep();
    else this.#show({ kind: "question", task, answer: "" });
  }

  #type(task: string, answer: string, key: Key): void {
    if (key === "escape") this.#show({ kind: "table" });
    else if (key === "backspace") this.#show({ kind: "question", task, answer: answer.slice(0, -1) });
    else if (key.length === 1 && answer.length < MAX_ANSWER) {
      this.#show({ kind: "question", task, answer: answer + key });
    } else if (key === "enter") {
      const limit = answer.trim();
      if (limit === "") this.#show({ kind: "table" });
      else this.#ask(this.#ports.rateLimit(task, limit));
    }
  }

  #ask(replies: Promise<Replies>): void {
    this.#show({ kind: "asking" });
    replies.then(
      (all) => this.#show({ kind: "page", page: repliesPage(all, REPLY_TIMEOUT_MS) }),
      (error) => this.#show({ kind: "page", page: errorPage(error) }),
    );
  }

  #show(view: View): void {
    this.#view = view;
    this.#ports.changed();
  }
}
