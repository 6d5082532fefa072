import type { Celery } from "../app.ts";
import type { MonitorEvent } from "./event.ts";
import { EventReceiver, type ReceiveOptions } from "./receiver.ts";
import { State, type StateOptions } from "./state.ts";

/**
 * `app.events`: what workers and clients tell of themselves.
 *
 * Source: celery 5.6 celery/app/events.py
 */
export class Events {
  readonly #app: Celery;

  constructor(app: Celery) {
    this.#app = app;
  }

  /** An empty picture of the cluster. */
  State(options: StateOptions = {}): State {
    const { log, clock } = this.#app;
    return new State({ log, clock, ...options });
  }

  /**
   * Hears events from now on; the process stays alive for it until the receiver is closed. A broker that is not there is waited
   * for.
   */
  receive(listener: (event: MonitorEvent) => void, options: ReceiveOptions = {}): Promise<EventReceiver> {
    return EventReceiver.open(this.#app, listener, options);
  }
}
