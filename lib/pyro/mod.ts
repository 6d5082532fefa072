/**
 * Pyro4 in TypeScript: objects that are called from other processes, on other machines, in Python or TypeScript. Python's
 * own daemons, proxies and name servers take part without noticing.
 *
 * @example
 * ```ts
 * import * as Pyro from "./mod.ts";
 *
 * class Greeter {
 *   static exposed = ["hello"];
 *   hello(name: string) {
 *     return `Hello, ${name}`;
 *   }
 * }
 *
 * const daemon = await Pyro.Daemon.start();
 * const uri = daemon.register(Greeter);
 * const greeter = new Pyro.Proxy<Greeter>(uri);
 * console.log(await greeter.hello("you"));
 * await daemon.close();
 * ```
 * @module
 */
import * as errors from "./wire/errors.ts";

export { Complex, Decimal, PyDate, PyDateTime, PyFloat, PyTime, TimeDelta, Tuple, Uuid } from "../base/pyvalue.ts";
export { configFromVariables, DEFAULT_CONFIG } from "./config.ts";
export type { PyroConfig } from "./config.ts";
export { currentContext } from "./context.ts";
export type { CallContext, ClientView, TrackedResource } from "./context.ts";
export type { PeerCertificate } from "../net/mod.ts";
export { Daemon } from "./daemon/daemon.ts";
export { DaemonObject } from "./daemon/daemon_object.ts";
export type { DaemonView } from "./daemon/daemon_object.ts";
export type { NamedObjects, ServeSimpleOptions } from "./daemon/serve_simple.ts";
export type { DaemonOptions } from "./daemon/settings.ts";
export { config } from "./env.ts";
export { behavior, callback, expose, oneway } from "./expose.ts";
export type { Behavior, ExposeOptions, InstanceMode } from "./expose.ts";
export { kwargs } from "./kwargs.ts";
export type { KeywordArguments } from "./kwargs.ts";
export { locateNS, namesWithTags, uriWithTags } from "./naming/locate_ns.ts";
export type { LocateOptions, RemoteNameServer, Tagged, Tags } from "./naming/locate_ns.ts";
export { NameServerDaemon, startNS } from "./naming/name_server_daemon.ts";
export type { NameServerOptions } from "./naming/name_server_daemon.ts";
export { batch } from "./proxy/batch.ts";
export type { Batch } from "./proxy/batch.ts";
export type { CallOptions } from "./proxy/call_options.ts";
export { isProxy, Proxy, proxyCodec } from "./proxy/proxy.ts";
export type { ProxyConstructor } from "./proxy/proxy.ts";
export type { ProxyControls, RemoteMembers, RemoteMethod, Untyped } from "./proxy/proxy_types.ts";
export { resolve } from "./proxy/resolve.ts";
export { RemoteStream } from "./proxy/remote_stream.ts";
export type { ProxyOptions } from "./proxy/settings.ts";
export { SerializedBlob } from "./serialized_blob.ts";
export type { Annotations } from "./wire/annotations.ts";
export { ClassRegistry } from "./wire/class_registry.ts";
export type { ClassDict } from "./wire/class_registry.ts";
export { errors };
export { Uri, Uri as URI } from "./wire/uri.ts";
