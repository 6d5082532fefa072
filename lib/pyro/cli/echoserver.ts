/**
 * `echoserver`: an object to try clients on, with what Python's `pyro4-test-echoserver` has, and its output.
 *
 * Spec: Pyro4 4.82 `Pyro4/test/echoserver.py`
 * @module
 */
import { delay } from "../../base/time.ts";
import { Daemon } from "../daemon/daemon.ts";
import { locateNS } from "../naming/locate_ns.ts";
import { NameServerDaemon } from "../naming/name_server_daemon.ts";
import { PyroRemoteError } from "../wire/errors.ts";
import { pythonRepr } from "../wire/python_text.ts";
import type { CommandIo } from "./io.ts";
import { type CommandSpec, hmacKeyOf, parseOptions } from "./options.ts";

export const ECHOSERVER: CommandSpec = {
  program: "pyro4-test-echoserver",
  usage: "pyro4-test-echoserver [options]",
  options: `  -h, --help            show this help message and exit
  -H HOST, --host=HOST  hostname to bind server on (default=localhost)
  -p PORT, --port=PORT  port to bind server on
  -u UNIXSOCKET, --unixsocket=UNIXSOCKET
                        Unix domain socket name to bind server on
  -n, --naming          register with nameserver
  -N, --nameserver      also start a nameserver
  -v, --verbose         verbose output
  -q, --quiet           don't output anything
  -k KEY, --key=KEY     the HMAC key to use (deprecated)
`,
  specs: [
    { long: "host", short: "H", kind: "text" },
    { long: "port", short: "p", kind: "int" },
    { long: "unixsocket", short: "u", kind: "text" },
    { long: "naming", short: "n", kind: "flag" },
    { long: "nameserver", short: "N", kind: "flag" },
    { long: "verbose", short: "v", kind: "flag" },
    { long: "quiet", short: "q", kind: "flag" },
    { long: "key", short: "k", kind: "text" },
  ],
};

const OBJECT_NAME = "test.echoserver";
const SLOW_MS = 5000;

/** Resolves once a client has called `shutdown`, or `io.signal` has aborted. */
export async function runEchoserver(argv: readonly string[], io: CommandIo): Promise<void> {
  const options = parseOptions(ECHOSERVER, argv, io);
  if (options === undefined) return;
  const hmacKey = hmacKeyOf(options, io);
  const isVerbose = options.flag("verbose");
  const say = (line: string) => {
    if (isVerbose || !options.flag("quiet")) io.print(`${line}\n`);
  };
  say("Starting Pyro's built-in test echo server.");
  if (hmacKey === undefined) say("Warning: HMAC key not set. Anyone can connect to this server!");
  const host = options.text("host") ?? "localhost";
  const key = hmacKey === undefined ? {} : { hmacKey };
  const unixsocket = options.text("unixsocket");
  const nameServer = options.flag("nameserver") ? await NameServerDaemon.start({ host, ...key }) : undefined;
  const daemon = await Daemon.start({
    host,
    port: options.int("port") ?? 0,
    ...(unixsocket === undefined ? {} : { unixsocket }),
    ...key,
  });
  try {
    const uri = daemon.register(new EchoServer(daemon, isVerbose, io), OBJECT_NAME);
    if (nameServer !== undefined || options.flag("naming")) {
      const ns = await locateNS(nameServer?.uri.host, nameServer?.uri.port, { hmacKey });
      await ns.register(OBJECT_NAME, uri);
      if (isVerbose) say(`using name server at ${ns._pyroUri}`);
      await ns._pyroRelease();
    } else if (isVerbose) say("not using a name server.");
    for (const line of [`object name: ${OBJECT_NAME}`, `echo uri: ${uri}`, "echoserver running."]) say(line);
    const stop = () => daemon.shutdown();
    if (io.signal.aborted) stop();
    io.signal.addEventListener("abort", stop, { once: true });
    await daemon.requestLoop();
  } finally {
    await Promise.all([daemon.close(), nameServer?.close()]);
  }
}

/** Method names are those of the wire. */
class EchoServer {
  static readonly exposed = [
    ...[
      "echo",
      "error",
      "error_with_text",
      "oneway_echo",
      "slow",
      "generator",
      "nan",
      "inf",
      "oneway_slow",
      "shutdown",
    ],
    ...["__dunder__", "verbose"],
  ];
  static readonly oneway = ["oneway_echo", "oneway_slow"];
  readonly #daemon: Daemon;
  readonly #io: CommandIo;
  #verbose: boolean;

  constructor(daemon: Daemon, verbose: boolean, io: CommandIo) {
    this.#daemon = daemon;
    this.#verbose = verbose;
    this.#io = io;
  }

  get verbose(): boolean {
    return this.#verbose;
  }

  set verbose(verbose: unknown) {
    this.#verbose = Boolean(verbose);
  }

  echo(message: unknown): unknown {
    this.#tell(`echo: ${pythonRepr(message)}`);
    return message;
  }

  error(): never {
    this.#tell("error: generating exception");
    throw valueError("expected error from echoserver error() method");
  }

  error_with_text(): never {
    this.#tell("error: generating exception");
    throw valueError("the message of the error");
  }

  oneway_echo(message: unknown): void {
    this.#tell(`oneway_echo: ${pythonRepr(message)}`);
  }

  async slow(): Promise<string> {
    this.#tell("slow: waiting a bit...");
    await delay(SLOW_MS);
    this.#tell("slow: returning result");
    return "Finally, an answer!";
  }

  async oneway_slow(): Promise<void> {
    this.#tell("oneway_slow: waiting a bit...");
    await delay(SLOW_MS);
    this.#tell("oneway_slow: returning result");
  }

  *generator(): Generator<string> {
    yield* ["one", "two", "three"];
  }

  nan(): number {
    return NaN;
  }

  inf(): number {
    return Infinity;
  }

  __dunder__(): string {
    return "should be allowed (dunder)";
  }

  shutdown(): void {
    this.#tell("shutting down");
    this.#daemon.shutdown();
  }

  #tell(what: string): void {
    if (this.#verbose) this.#io.print(`${new Date().toUTCString()} - ${what}\n`);
  }
}

function valueError(words: string): PyroRemoteError {
  return new PyroRemoteError(words, { remoteType: "builtins.ValueError" });
}
