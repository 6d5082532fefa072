/**
 * `nsc`: manages a name server, ours or Python's. Prints what Python's `pyro4-nsc` prints.
 *
 * Spec: Pyro4 4.82 `Pyro4/nsc.py`
 * @module
 */
import { asError } from "../../base/errors.ts";
import { locateNS, namesWithTags, type RemoteNameServer, uriWithTags } from "../naming/locate_ns.ts";
import type { Proxy } from "../proxy/proxy_types.ts";
import { PyroError } from "../wire/errors.ts";
import { pythonClassOf } from "../wire/exceptions.ts";
import { pythonRepr } from "../wire/python_text.ts";
import { CommandExit, type CommandIo } from "./io.ts";
import { type CommandSpec, hmacKeyOf, parseOptions, usageError } from "./options.ts";

export const NSC: CommandSpec = {
  program: "pyro4-nsc",
  usage: `pyro4-nsc [options] command [arguments]
Commands: register remove removematching lookup list listmatching
          listmeta_all listmeta_any setmeta ping`,
  options: `  -h, --help            show this help message and exit
  -n HOST, --host=HOST  hostname of the NS
  -p PORT, --port=PORT  port of the NS (or bc-port if host isn't specified)
  -u UNIXSOCKET, --unixsocket=UNIXSOCKET
                        Unix domain socket name of the NS
  -k KEY, --key=KEY     the HMAC key to use (deprecated)
  -v, --verbose         verbose output
`,
  specs: [
    { long: "host", short: "n", kind: "text" },
    { long: "port", short: "p", kind: "int" },
    { long: "unixsocket", short: "u", kind: "text" },
    { long: "key", short: "k", kind: "text" },
    { long: "verbose", short: "v", kind: "flag" },
  ],
};

type NameServerProxy = Proxy<RemoteNameServer>;

/** One command: what it prints, given the arguments behind its name. */
type Command = (nameServer: NameServerProxy, args: readonly string[], io: CommandIo) => Promise<string>;

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["ping", async (nameServer) => {
    await nameServer.ping();
    return "Name server ping ok.\n";
  }],
  ["list", async (nameServer, args) => {
    const [prefix] = args;
    if (prefix === undefined) return listing(await namesWithTags(nameServer), "");
    return listing(await namesWithTags(nameServer, { prefix }), `- prefix '${prefix}'`);
  }],
  ["listmatching", async (nameServer, args) => {
    const [regex] = exactly(1, args, "requires one argument: pattern");
    return listing(await namesWithTags(nameServer, { regex }), `- regex '${regex}'`);
  }],
  ["listmeta_all", async (nameServer, args) => {
    return listing(await namesWithTags(nameServer, { metadata_all: tagsOf(args) }), " - searched by metadata");
  }],
  ["listmeta_any", async (nameServer, args) => {
    return listing(await namesWithTags(nameServer, { metadata_any: tagsOf(args) }), " - searched by metadata");
  }],
  ["lookup", async (nameServer, args) => {
    const [name = ""] = exactly(1, args, "requires one argument: name");
    const { uri, tags } = await uriWithTags(nameServer, name);
    return `${uri}\n${tags.length > 0 ? `metadata: ${pythonRepr(tags)}\n` : ""}`;
  }],
  ["register", async (nameServer, args) => {
    const [name = "", uri = ""] = exactly(2, args, "requires two arguments: name uri");
    await nameServer._pyroInvoke("register", [name, uri], { safe: true });
    return `Registered ${name}\n`;
  }],
  ["remove", async (nameServer, args) => {
    const [name = ""] = exactly(1, args, "requires one argument: name");
    return await nameServer.remove(name) > 0 ? `Removed ${name}\n` : "Nothing removed\n";
  }],
  ["removematching", async (nameServer, args, io) => {
    const [regex = ""] = exactly(1, args, "requires one argument: pattern");
    const answer = await io.ask("Potentially removing lots of items from the Name server. Are you sure (y/n)?");
    if (answer === undefined) return "Error: EOFError - EOF when reading a line\n";
    if (!["y", "Y"].includes(answer.trim())) return "";
    return `${await nameServer.remove(null, null, regex)} items removed.\n`;
  }],
  ["setmeta", async (nameServer, args) => {
    const [name, ...tags] = args;
    if (name === undefined) throw new CommandExit("requires at least 2 arguments: uri and zero or more meta tags");
    await nameServer.set_metadata(name, new Set(tags));
    return tags.length > 0 ? "Metadata updated\n" : "Metadata cleared\n";
  }],
]);

/** Errors of the name server are printed, and are no failure, as in Python. @throws {CommandExit} for wrong usage */
export async function runNsc(argv: readonly string[], io: CommandIo): Promise<void> {
  const options = parseOptions(NSC, argv, io);
  if (options === undefined) return;
  const hmacKey = hmacKeyOf(options, io);
  const [name = "", ...args] = options.args;
  const command = COMMANDS.get(name);
  if (command === undefined) throw usageError(NSC, "invalid or missing command");
  const tell = (line: string) => options.flag("verbose") && io.print(`${line}\n`);
  tell("Locating name server...");
  const socket = options.text("unixsocket");
  const host = socket === undefined ? options.text("host") : `./u:${socket}`;
  let nameServer: NameServerProxy;
  try {
    nameServer = await locateNS(host, options.int("port"), { hmacKey, signal: io.signal });
  } catch (error) {
    if (!(error instanceof PyroError)) throw error;
    return io.print(`Error: ${error.message}\n`);
  }
  tell(`Name server found: ${nameServer._pyroUri}`);
  try {
    io.print(await command(nameServer, args, io));
  } catch (error) {
    if (error instanceof CommandExit) throw error;
    io.print(`Error: ${pythonClassOf(asError(error)).replace(/^.*\./, "")} - ${asError(error).message}\n`);
  } finally {
    await nameServer._pyroRelease();
  }
  tell("Done.");
}

function listing(
  names: ReadonlyMap<string, { readonly uri: string; readonly tags: readonly string[] }>,
  title: string,
): string {
  const lines = [...names].sort(([a], [b]) => a < b ? -1 : 1).flatMap(([name, { uri, tags }]) => [
    `${name} --> ${uri}`,
    ...(tags.length > 0 ? [`    metadata: ${pythonRepr(tags)}`] : []),
  ]);
  return [`--------START LIST ${title}`, ...lines, `--------END LIST ${title}`, ""].join("\n");
}

function exactly(count: number, args: readonly string[], words: string): readonly string[] {
  if (args.length !== count) throw new CommandExit(words);
  return args;
}

function tagsOf(args: readonly string[]): ReadonlySet<string> {
  if (args.length === 0) throw new CommandExit("requires at least one metadata tag argument");
  return new Set(args);
}
