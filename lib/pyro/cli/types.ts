/**
 * `types`: prints the TypeScript interface of a live object, ours or Python's, ready for `Proxy<T>`.
 *
 * Metadata holds names, not parameters or results; those are `unknown` until somebody who knows them writes them in.
 * @module
 */
import { createProxy } from "../proxy/proxy.ts";
import { pythonStr } from "../wire/python_text.ts";
import { Uri } from "../wire/uri.ts";
import type { CommandIo } from "./io.ts";
import { type CommandSpec, hmacKeyOf, parseOptions, usageError } from "./options.ts";

export const TYPES: CommandSpec = {
  program: "pyro types",
  usage: "pyro types [options] uri",
  options: `  -h, --help            show this help message and exit
  -i NAME, --interface=NAME
                        name of the interface (default: after the object)
  -k KEY, --key=KEY     the HMAC key to use (deprecated)
`,
  specs: [
    { long: "interface", short: "i", kind: "text" },
    { long: "key", short: "k", kind: "text" },
  ],
};

/** @throws {CommandExit} for wrong usage; {PyroError} if the object cannot be reached */
export async function runTypes(argv: readonly string[], io: CommandIo): Promise<void> {
  const options = parseOptions(TYPES, argv, io);
  if (options === undefined) return;
  const [text, ...more] = options.args;
  if (text === undefined || more.length > 0) throw usageError(TYPES, "one uri is needed");
  const uri = Uri.parse(text);
  const proxy = createProxy(uri, { hmacKey: hmacKeyOf(options, io) });
  try {
    await proxy._pyroWith({ signal: io.signal })._pyroBind();
    io.print(interfaceText(options.text("interface") ?? interfaceName(uri), pythonStr(text), {
      methods: proxy._pyroMethods,
      oneway: proxy._pyroOneway,
      attrs: proxy._pyroAttrs,
    }));
  } finally {
    await proxy._pyroRelease();
  }
}

/** The members of an object, as its daemon tells them. */
export interface Members {
  readonly methods: ReadonlySet<string>;
  readonly oneway: ReadonlySet<string>;
  readonly attrs: ReadonlySet<string>;
}

/** The text of an interface; members in alphabetical order, attributes first. */
export function interfaceText(name: string, source: string, { methods, oneway, attrs }: Members): string {
  const lines = [
    ...[...attrs].sort().map((attr) => `  readonly ${propertyName(attr)}: unknown;`),
    ...[...methods].sort().map((method) =>
      oneway.has(method)
        ? `  /** Oneway: there is no answer. */\n  ${propertyName(method)}(...args: unknown[]): void;`
        : `  ${propertyName(method)}(...args: unknown[]): unknown;`
    ),
  ];
  return `/** What ${source.replaceAll("*/", "* /")} offers. */\nexport interface ${name} {\n${lines.join("\n")}\n}\n`;
}

/** `PYRONAME:example.stock-market` is an `ExampleStockMarket`; a random id says nothing. */
export function interfaceName(uri: Uri): string {
  const words = /^obj_[0-9a-f]{32}$/.test(uri.object) ? [] : uri.object.match(/[\p{L}\p{N}]+/gu) ?? [];
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  return /^\p{L}/u.test(name) ? name : `RemoteObject${name}`;
}

function propertyName(name: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) ? name : JSON.stringify(name);
}
