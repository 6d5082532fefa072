import { currentContext } from "../context.ts";
import { expose } from "../expose.ts";
import { DaemonError } from "../wire/errors.ts";
import type { ObjectTable } from "./object_table.ts";
import type { StreamTable } from "./streams.ts";

/** What `Pyro.Daemon` tells about its daemon. */
export interface DaemonView {
  readonly objects: ObjectTable;
  readonly streams: StreamTable;
  /** `Pyro.Daemon bound on …`, one line. */
  describe(): string;
}

/**
 * The object `Pyro.Daemon`, which every daemon has. Method and parameter names are those of the wire.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `DaemonObject`
 */
export class DaemonObject {
  readonly #daemon: DaemonView;

  constructor(daemon: DaemonView) {
    this.#daemon = daemon;
  }

  /** The ids of all registered objects. */
  registered(): string[] {
    return this.#daemon.objects.ids;
  }

  /** Does nothing, and so shows that the daemon is there. */
  ping(): void {}

  info(): string {
    return this.#daemon.describe();
  }

  /** Names of methods, oneway methods and attributes: as sets, or as lists for the answer to a handshake. */
  get_metadata(objectId: string, as_lists = false): Record<string, unknown> {
    const entry = this.#daemon.objects.get(objectId);
    if (entry === undefined) throw new DaemonError("unknown object");
    const { methods, oneway, attrs } = entry.members.metadata;
    return as_lists ? { methods, oneway, attrs } : {
      methods: new Set(methods),
      oneway: new Set(oneway),
      attrs: new Set(attrs),
    };
  }

  get_next_stream_item(streamId: string): unknown {
    return this.#daemon.streams.next(streamId, currentContext()?.client ?? this);
  }

  close_stream(streamId: string): void {
    this.#daemon.streams.close(streamId);
  }
}

expose(DaemonObject, ["registered", "ping", "info", "get_metadata", "get_next_stream_item", "close_stream"]);
