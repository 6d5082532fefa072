/**
 * From names and tags to addresses.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `_resolve`
 * @module
 */
import { isPlainObject } from "../../base/pyvalue.ts";
import { locate } from "../naming/locate.ts";
import { NamingError } from "../wire/errors.ts";
import { createSerializers } from "../wire/serializers.ts";
import { Uri } from "../wire/uri.ts";
import { pythonRepr } from "../wire/python_text.ts";
import { RemoteObject } from "./remote_object.ts";
import { type ProxyOptions, type ProxySettings, resolveProxySettings } from "./settings.ts";

/**
 * The PYRO uri that `uri` stands for; one that is PYRO already is returned as it is.
 * @throws {NamingError} if there is no name server, or it knows no such name or no object with all the tags
 */
export async function resolveUri(uri: Uri, settings: ProxySettings): Promise<Uri> {
  if (uri.protocol === "PYRO") return uri;
  const nameServer = await findNameServer(uri, settings);
  try {
    if (uri.protocol === "PYRONAME") return uriFrom(await nameServer.call("lookup", [uri.object], {}));
    const tags = new Set(uri.tags);
    const found = await nameServer.call("list", [], { metadata_all: tags });
    const candidates = isPlainObject(found) ? Object.values(found) : [];
    if (candidates.length === 0) {
      throw new NamingError(`no registrations available with desired metadata properties ${pythonRepr(tags)}`);
    }
    return uriFrom(candidates[Math.floor(Math.random() * candidates.length)]);
  } finally {
    await nameServer.release();
  }
}

/**
 * Resolves an address of any kind, as proxies do when they connect: a name by the name server, tags to any of the objects
 * that have them all.
 *
 * @throws {PyroError} `invalid uri`; {NamingError} if there is no name server, or nothing of that name
 */
export function resolve(uri: string | Uri, options: ProxyOptions = {}): Promise<Uri> {
  const settings = resolveProxySettings(options);
  return resolveUri(uri instanceof Uri ? uri : Uri.parse(uri, settings.config.NS_PORT), settings);
}

/** Connects to the name server at the location of `uri`, or wherever it is. @throws {NamingError} `Failed to locate the nameserver` */
function findNameServer(uri: Uri, settings: ProxySettings): Promise<RemoteObject> {
  const plain = { ...settings, serializer: undefined, handshake: "hello", connections: 1, validateHandshake() {} };
  return locate({ host: uri.host, port: uri.port, clock: settings.clock }, settings.config, async (target) => {
    const nameServer = new RemoteObject(target, plain, createSerializers(), (known) => Promise.resolve(known));
    await nameServer.bind();
    return nameServer;
  });
}

function uriFrom(value: unknown): Uri {
  if (value instanceof Uri) return value;
  if (typeof value === "string") return Uri.parse(value);
  throw new NamingError("Cannot resolve the name: the name server's answer is no URI");
}
