import { onAbort } from "../../base/abort.ts";
import type { PyroConfig } from "../config.ts";
import { locateNS, type RemoteNameServer } from "../naming/locate_ns.ts";
import type { Proxy } from "../proxy/proxy_types.ts";
import { classNameOf } from "./members.ts";
import type { Daemon } from "./daemon.ts";

/** How `Daemon.serveSimple` goes about it. */
export interface ServeSimpleOptions {
  /** Of the daemon that is started. Default: HOST. */
  readonly host?: string;
  /** Default 0: the system chooses. */
  readonly port?: number;
  /** A daemon to use instead of a new one; it is closed in the end like a new one. */
  readonly daemon?: Daemon;
  /**
   * True: a name server is looked for, and knows the objects by their names. False: there is none, and the names are the ids
   * of the objects. A proxy of a name server is used as it is, and left connected. Default true.
   */
  readonly ns?: boolean | Proxy<RemoteNameServer>;
  /** Gets the lines that Pyro4 prints, `console.log` for one. Default: nobody. */
  readonly print?: (line: string) => void;
  /** Ends it: the daemon is closed, and `serveSimple` resolves. */
  readonly signal?: AbortSignal;
  /** Items that differ from `Pyro.config`. */
  readonly config?: Partial<PyroConfig>;
}

/** Objects or classes, and the name of each; null or nothing: it gets none. A `Map` will do. */
export type NamedObjects = Iterable<readonly [target: object, name?: string | null]>;

/**
 * Registers objects with a daemon, and with the name server, and serves them until the daemon is closed.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `Daemon.serveSimple`
 */
export async function serveObjects(daemon: Daemon, objects: NamedObjects, options: ServeSimpleOptions): Promise<void> {
  const { ns = true, print = () => {}, config = {}, signal } = options;
  const unlisten = onAbort(signal, () => daemon.shutdown());
  let located: Proxy<RemoteNameServer> | undefined;
  try {
    if (ns === true) located = await locateNS(undefined, undefined, { proxy: { config } });
    const nameServer = typeof ns === "boolean" ? located : ns;
    for (const [target, name] of objects) {
      const uri = daemon.register(target, nameServer === undefined ? name ?? undefined : undefined);
      print(`Object ${described(target)}:\n    uri = ${uri}`);
      if (!name || nameServer === undefined) continue;
      await nameServer.register(name, uri);
      print(`    name = ${name}`);
    }
    await located?._pyroRelease();
    print("Pyro daemon running.");
    await daemon.requestLoop();
  } finally {
    unlisten();
    await Promise.all([located?._pyroRelease(), daemon.close()]);
  }
}

function described(target: object): string {
  const name = classNameOf(target);
  return typeof target === "function" ? `<class '${name}'>` : `<${name} object>`;
}
