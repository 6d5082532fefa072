/**
 * From names and tags to addresses.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `_resolve`, `_locateNS`
 * @module
 */
import { isPlainObject } from "../../base/pyvalue.ts";
import { NamingError, PyroError } from "../wire/errors.ts";
import { createSerializers } from "../wire/serializers.ts";
import { Uri } from "../wire/uri.ts";
import { pythonRepr } from "../wire/python_text.ts";
import { RemoteObject } from "./remote_object.ts";
import type { ProxySettings } from "./settings.ts";

export const NAME_SERVER_ID = "Pyro.NameServer";

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
 * Connects to the name server at the location of `uri`, or else at NS_HOST and NS_PORT.
 * @throws {NamingError} `Failed to locate the nameserver`
 */
async function findNameServer(uri: Uri, settings: ProxySettings): Promise<RemoteObject> {
  const { NS_HOST, NS_PORT } = settings.config;
  const location = { host: uri.host ?? NS_HOST, port: uri.port ?? NS_PORT };
  const target = new Uri({ protocol: "PYRO", object: NAME_SERVER_ID, ...location });
  const plain = { ...settings, serializer: undefined, handshake: "hello", connections: 1, validateHandshake() {} };
  const nameServer = new RemoteObject(target, plain, createSerializers(), (known) => Promise.resolve(known));
  try {
    await nameServer.bind();
  } catch (cause) {
    if (!(cause instanceof PyroError)) throw cause;
    throw new NamingError("Failed to locate the nameserver", { cause });
  }
  return nameServer;
}

function uriFrom(value: unknown): Uri {
  if (value instanceof Uri) return value;
  if (typeof value === "string") return Uri.parse(value);
  throw new NamingError("Cannot resolve the name: the name server's answer is no URI");
}
