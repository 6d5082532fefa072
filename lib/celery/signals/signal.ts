/** Whatever a signal says, it says who sends it. */
export interface SignalEvent {
  readonly sender: unknown;
}

/** What is called when a signal is sent. A promise that it returns is waited for where the signal's order demands it. */
export type Receiver<E> = (event: E) => unknown;

export interface ConnectOptions {
  /** Only if this one sends: for tasks the task or its name, for workers the node name. Default: whoever sends. */
  readonly sender?: unknown;
}

interface Connection<E> {
  readonly receiver: Receiver<E>;
  readonly sender: unknown;
}

/** Told which receiver has thrown what. */
export type ReceiverFailed = (receiver: Receiver<never>, error: unknown) => void;

/**
 * One thing that happens, and who wants to know of it. Receivers are called in the order in which they were connected; what one
 * throws is logged and stops neither the others nor what happens.
 *
 * Source: celery 5.2 celery/utils/dispatch/signal.py `Signal`
 */
export class Signal<E extends SignalEvent> {
  /** Python's name: `task_prerun`. */
  readonly name: string;
  readonly #failed: ReceiverFailed;
  #connections: readonly Connection<E>[] = []; // replaced, never changed: a receiver may disconnect while it is called

  constructor(name: string, failed: ReceiverFailed) {
    this.name = name;
    this.#failed = failed;
  }

  /** Ask before building an event: mostly nobody listens. */
  get isConnected(): boolean {
    return this.#connections.length > 0;
  }

  /** Calls `receiver` from now on; connected twice for the same sender, it is called once. @returns how to disconnect it */
  connect(receiver: Receiver<E>, { sender }: ConnectOptions = {}): () => boolean {
    if (!this.#connections.some((each) => each.receiver === receiver && each.sender === sender)) {
      this.#connections = [...this.#connections, { receiver, sender }];
    }
    return () => this.disconnect(receiver, { sender });
  }

  /** @param options as it was connected; @returns false if it was not */
  disconnect(receiver: Receiver<E>, { sender }: ConnectOptions = {}): boolean {
    const left = this.#connections.filter((each) => each.receiver !== receiver || each.sender !== sender);
    const was = left.length < this.#connections.length;
    this.#connections = left;
    return was;
  }

  /** @returns if any receiver is asynchronous, a promise of all of them, which never rejects */
  send(event: E): Promise<unknown> | undefined {
    let waiting: PromiseLike<unknown>[] | undefined;
    for (const { receiver, sender } of this.#connections) {
      if (sender !== undefined && !isSender(sender, event.sender)) continue;
      try {
        const returned = receiver(event);
        if (isThenable(returned)) (waiting ??= []).push(returned.then(null, (error) => this.#failed(receiver, error)));
      } catch (error) {
        this.#failed(receiver, error);
      }
    }
    return waiting === undefined ? undefined : Promise.all(waiting);
  }
}

/** A publish is sent by the name of a task and a run by the task itself: either stands for both. */
function isSender(wanted: unknown, sender: unknown): boolean {
  return wanted === sender || nameOf(wanted) === nameOf(sender);
}

function nameOf(sender: unknown): unknown {
  const isNamed = (typeof sender === "object" && sender !== null) || typeof sender === "function";
  return isNamed && "name" in sender ? sender.name : sender;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
