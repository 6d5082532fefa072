import type { Celery } from "../app.ts";
import type { MonitorEvent } from "./event.ts";
import type { EventReceiver, ReceiveOptions } from "./receiver.ts";
import type { State, StateOptions } from "./state.ts";

/**
 * `app.events`: what workers and clients tell of themselves. What it takes is loaded when it is asked for: clients and pool
 * children start without.
 *
 * Source: celery 5.6 celery/app/events.py
 */
export class Events {
  readonly #app: Celery;

  constructor(app: Celery) {
    this.#app = app;
  }

  /** An empty picture of the cluster. */
  async State(options: StateOptions = {}): Promise<State> {
    const { State } = await import("./state.ts");
    const { log, clock } = this.#app;
    return new State({ log, clock, ...options });
  }

  /**
   * Hears events from now on; the process stays alive for it until the receiver is closed. A broker that is not there is waited
   * for.
   */
  async receive(listener: (event: MonitorEvent) => void, options: ReceiveOptions = {}): Promise<EventReceiver> {
    const { EventReceiver } = await import("./receiver.ts");
    return await EventReceiver.open(this.#app, listener, options);
  }
}
