import type { AskOptions, BroadcastOptions, RemoteControl, Replies } from "./remote_control.ts";

export interface RevokeOptions extends BroadcastOptions {
  /** Also end it where it runs. Default false. */
  readonly terminate?: boolean;
  /** How it is ended. Default `SIGTERM`. */
  readonly signalName?: string;
}

/** `app.control.inspect(…)`: questions to workers, each answered with a map from node name to its reply. */
export class Inspect {
  readonly #remote: RemoteControl;
  readonly #options: AskOptions;

  constructor(remote: RemoteControl, options: AskOptions = {}) {
    this.#remote = remote;
    this.#options = options;
  }

  /** Asks any command by name. */
  ask(method: string, args: Readonly<Record<string, unknown>> = {}): Promise<Replies> {
    return this.#remote.ask(method, { ...this.#options, arguments: args });
  }

  ping(): Promise<Replies> {
    return this.ask("ping");
  }

  /** Tasks that run now. @param safe arguments as short texts instead of values */
  active(safe = false): Promise<Replies> {
    return this.ask("active", { safe });
  }

  /** Tasks that wait for a free process. */
  reserved(): Promise<Replies> {
    return this.ask("reserved");
  }

  /** Tasks that wait for their time. */
  scheduled(): Promise<Replies> {
    return this.ask("scheduled");
  }

  /** Ids of revoked tasks. */
  revoked(): Promise<Replies> {
    return this.ask("revoked");
  }

  /** Names of the tasks a worker knows. @param attributes to show with each, e.g. `rate_limit` */
  registered(...attributes: string[]): Promise<Replies> {
    return this.ask("registered", { taskinfoitems: attributes });
  }

  stats(): Promise<Replies> {
    return this.ask("stats");
  }

  conf(withDefaults = false): Promise<Replies> {
    return this.ask("conf", { with_defaults: withDefaults });
  }

  report(): Promise<Replies> {
    return this.ask("report");
  }

  clock(): Promise<Replies> {
    return this.ask("clock");
  }

  activeQueues(): Promise<Replies> {
    return this.ask("active_queues");
  }

  queryTask(...ids: string[]): Promise<Replies> {
    return this.ask("query_task", { ids });
  }
}

/**
 * `app.control`: commands to workers. All of them are told to all workers, or to those in `destination`.
 *
 * Source: celery 5.6 celery/app/control.py `Control`
 */
export class Control {
  readonly #remote: RemoteControl;

  constructor(remote: RemoteControl) {
    this.#remote = remote;
  }

  inspect(options: AskOptions = {}): Inspect {
    return new Inspect(this.#remote, options);
  }

  /** Sends any command by name and collects the replies. */
  ask(method: string, options: AskOptions = {}): Promise<Replies> {
    return this.#remote.ask(method, options);
  }

  /** Sends any command by name. */
  tell(method: string, options: BroadcastOptions = {}): Promise<void> {
    return this.#remote.tell(method, options);
  }

  /** Every worker that answers within the time. */
  ping(options: AskOptions = {}): Promise<Replies> {
    return this.#remote.ask("ping", options);
  }

  /** Workers will not run these tasks. */
  revoke(taskId: string | readonly string[], options: RevokeOptions = {}): Promise<void> {
    const { terminate = false, signalName = "SIGTERM", ...rest } = options;
    return this.#remote.tell("revoke", { ...rest, arguments: { task_id: taskId, terminate, signal: signalName } });
  }

  /** Workers will not run tasks that carry one of these stamps. */
  revokeByStampedHeaders(
    headers: Readonly<Record<string, string | readonly string[]>>,
    options: RevokeOptions = {},
  ): Promise<void> {
    const { terminate = false, signalName = "SIGTERM", ...rest } = options;
    const args = { headers, terminate, signal: signalName };
    return this.#remote.tell("revoke_by_stamped_headers", { ...rest, arguments: args });
  }

  /** `revoke` with `terminate`. */
  terminate(taskId: string | readonly string[], options: RevokeOptions = {}): Promise<void> {
    return this.revoke(taskId, { ...options, terminate: true });
  }

  /** @param limit `"10/m"`, tasks a second, or 0 for none */
  rateLimit(task: string, limit: string | number, options: AskOptions = {}): Promise<Replies> {
    return this.#remote.ask("rate_limit", { ...options, arguments: { task_name: task, rate_limit: limit } });
  }

  /** @param limits seconds; null for none */
  timeLimit(
    task: string,
    limits: { readonly soft: number | null; readonly hard: number | null },
    options: AskOptions = {},
  ): Promise<Replies> {
    return this.#remote.ask("time_limit", { ...options, arguments: { task_name: task, ...limits } });
  }

  addConsumer(queue: string, options: AskOptions = {}): Promise<Replies> {
    return this.#remote.ask("add_consumer", { ...options, arguments: { queue } });
  }

  cancelConsumer(queue: string, options: AskOptions = {}): Promise<Replies> {
    return this.#remote.ask("cancel_consumer", { ...options, arguments: { queue } });
  }

  poolGrow(by = 1, options: AskOptions = {}): Promise<Replies> {
    return this.#remote.ask("pool_grow", { ...options, arguments: { n: by } });
  }

  poolShrink(by = 1, options: AskOptions = {}): Promise<Replies> {
    return this.#remote.ask("pool_shrink", { ...options, arguments: { n: by } });
  }

  autoscale(max: number, min: number, options: AskOptions = {}): Promise<Replies> {
    return this.#remote.ask("autoscale", { ...options, arguments: { max, min } });
  }

  enableEvents(options: AskOptions = {}): Promise<Replies> {
    return this.#remote.ask("enable_events", options);
  }

  disableEvents(options: AskOptions = {}): Promise<Replies> {
    return this.#remote.ask("disable_events", options);
  }

  /** Workers send a heartbeat at once. */
  heartbeat(options: BroadcastOptions = {}): Promise<void> {
    return this.#remote.tell("heartbeat", options);
  }

  /** Workers finish what they run and end. */
  shutdown(options: BroadcastOptions = {}): Promise<void> {
    return this.#remote.tell("shutdown", options);
  }
}
