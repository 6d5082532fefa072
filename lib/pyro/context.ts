/**
 * What a method knows about the call it carries out, without having been told by an argument.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `_CallContext`, which is one per thread; here it follows the call through its awaits.
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Uuid } from "../base/pyvalue.ts";
import type { PeerCertificate } from "../net/mod.ts";
import { uuidFromBytes } from "./correlation.ts";
import type { Annotations } from "./wire/annotations.ts";

/** Something that is closed when the client that caused it goes away. */
export interface TrackedResource {
  close(): unknown;
}

/** The client's connection, as far as methods and hooks may know it. */
export interface ClientView {
  /** Its address in text: `127.0.0.1:51234`, or the path of the unix socket. */
  readonly address: string;
  /** The certificate that the client has shown, where TLS asks for one. */
  readonly certificate: PeerCertificate | undefined;
  /** Ends the connection after what is being done for it. */
  close(): Promise<void>;
  /** Resources to close when the connection ends. */
  readonly resources: Set<TrackedResource>;
}

/** One call, from its request to its answer. */
export class CallContext {
  readonly client: ClientView;
  readonly seq: number;
  /** Bits of the request's header, see `Flag`. */
  readonly flags: number;
  readonly serializerId: number;
  /** What the caller has sent along; the bytes are views, copy what is kept. */
  readonly annotations: Annotations;
  /** What is sent along with the answer; ids are four ASCII characters. */
  readonly responseAnnotations = new Map<string, Uint8Array>();
  /** The 16 bytes of `correlationId`. */
  readonly correlationBytes: Uint8Array;

  constructor(
    client: ClientView,
    request: {
      readonly seq: number;
      readonly flags: number;
      readonly serializerId: number;
      readonly annotations: Annotations;
    },
    correlationBytes: Uint8Array,
  ) {
    this.client = client;
    this.seq = request.seq;
    this.flags = request.flags;
    this.serializerId = request.serializerId;
    this.annotations = request.annotations;
    this.correlationBytes = correlationBytes;
  }

  /** The id that all calls share which one first call has caused. */
  get correlationId(): Uuid {
    return uuidFromBytes(this.correlationBytes);
  }

  get clientAddress(): string {
    return this.client.address;
  }

  /** Closes `resource` when this client's connection ends. */
  trackResource(resource: TrackedResource): void {
    this.client.resources.add(resource);
  }

  untrackResource(resource: TrackedResource): void {
    this.client.resources.delete(resource);
  }
}

const storage = new AsyncLocalStorage<CallContext>();

/** The call that is being carried out, in a method and in whatever it awaits; `undefined` outside of one. */
export function currentContext(): CallContext | undefined {
  return storage.getStore();
}

/** Carries out `work` as part of the call of `context`. */
export function runInContext<T>(context: CallContext, work: () => T): T {
  return storage.run(context, work);
}
