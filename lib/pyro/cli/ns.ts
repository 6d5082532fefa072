/**
 * `ns`: runs a name server until it is told to end. Prints what Python's `pyro4-ns` prints.
 *
 * Spec: Pyro4 4.82 `Pyro4/naming.py` `startNSloop`, `main`
 * @module
 */
import { isUnixAddress } from "../../net/mod.ts";
import { NameServerDaemon, type NameServerOptions } from "../naming/name_server_daemon.ts";
import type { CommandIo } from "./io.ts";
import { type CommandSpec, hmacKeyOf, type ParsedOptions, parseOptions } from "./options.ts";

export const NS: CommandSpec = {
  program: "pyro4-ns",
  usage: "pyro4-ns [options]",
  options: `  -h, --help            show this help message and exit
  -n HOST, --host=HOST  hostname to bind server on
  -p PORT, --port=PORT  port to bind server on (0=random)
  -u UNIXSOCKET, --unixsocket=UNIXSOCKET
                        Unix domain socket name to bind server on
  -s STORAGE, --storage=STORAGE
                        Storage system to use (memory, file:path)
  --bchost=BCHOST       hostname to bind broadcast server on (default is "")
  --bcport=BCPORT       port to bind broadcast server on (0=random)
  --nathost=NATHOST     external hostname in case of NAT
  --natport=NATPORT     external port in case of NAT
  -x, --nobc            don't start a broadcast server
  -k KEY, --key=KEY     the HMAC key to use (deprecated)
`,
  specs: [
    { long: "host", short: "n", kind: "text" },
    { long: "port", short: "p", kind: "int" },
    { long: "unixsocket", short: "u", kind: "text" },
    { long: "storage", short: "s", kind: "text" },
    { long: "bchost", kind: "text" },
    { long: "bcport", kind: "int" },
    { long: "nathost", kind: "text" },
    { long: "natport", kind: "int" },
    { long: "nobc", short: "x", kind: "flag" },
    { long: "key", short: "k", kind: "text" },
  ],
};

/** Resolves once the name server has been closed, which `io.signal` brings about. */
export async function runNs(argv: readonly string[], io: CommandIo): Promise<void> {
  const options = parseOptions(NS, argv, io);
  if (options === undefined) return;
  const hmacKey = hmacKeyOf(options, io);
  const server = await NameServerDaemon.start(optionsOf(options, hmacKey));
  try {
    for (const line of announcement(server, hmacKey !== undefined)) io.print(`${line}\n`);
    const stop = () => server.daemon.shutdown();
    if (io.signal.aborted) stop();
    io.signal.addEventListener("abort", stop, { once: true });
    await server.requestLoop();
  } finally {
    await server.close();
  }
  io.print("NS shut down.\n");
}

function optionsOf(options: ParsedOptions, hmacKey: string | undefined): NameServerOptions {
  const given: Record<string, unknown> = {
    hmacKey,
    broadcast: !options.flag("nobc"),
    ...Object.fromEntries(
      ["host", "unixsocket", "storage", "bchost", "nathost"].map((name) => [name, options.text(name)]),
    ),
    ...Object.fromEntries(["port", "bcport", "natport"].map((name) => [name, options.int(name)])),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** The lines that tell where the name server is. */
function* announcement(server: NameServerDaemon, hasKey: boolean): Generator<string> {
  const { broadcast, daemon, existing, internalUri, uri } = server;
  if (broadcast === "IPv6" || broadcast === "localhost") yield `Not starting broadcast server for ${broadcast}.`;
  else if (broadcast !== "off") yield `Broadcast server running on ${broadcast.location}`;
  if (existing > 0) yield `Persistent store contains ${existing + 1} existing registrations.`; // Python counts its own
  const { address } = daemon;
  yield `NS running on ${daemon.location} (${isUnixAddress(address) ? "Unix domain socket" : address.host})`;
  if (!hasKey) yield "Warning: HMAC key not set. Anyone can connect to this server!";
  if (daemon.natLocation === undefined) yield `URI = ${uri}`;
  else yield* [`internal URI = ${internalUri}`, `external URI = ${uri}`];
}
