/**
 * The opening of a connection, as the client sees it.
 *
 *     client                           server
 *       │── "AMQP" 0 0 9 1 ─────────────>│
 *       │<───────────────────── start ───│   who I am, which mechanisms
 *       │── start-ok ───────────────────>│   who I am, my answer to one of them
 *       │<────────────────────── tune ───│   limits
 *       │── tune-ok, open ──────────────>│   the smaller ones; the virtual host
 *       │<─────────────────── open-ok ───│
 *
 * A server that refuses says so with connection.close, which is not the handshake's business.
 *
 * Spec: AMQP 0-9-1 §2.2.4, §4.2.2 · py-amqp 5.1 amqp/connection.py `_on_start`, `_on_tune`
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { ConnectionError, ProtocolError } from "../../base/errors.ts";
import type { FieldTable } from "./field_table.ts";
import type { Method, MethodOf } from "./methods.ts";
import { ReplyCode } from "./reply_code.ts";
import { chooseMechanism, type Credentials, type SaslMechanism, saslResponse } from "./sasl.ts";

/** What a client sends first: "AMQP", then protocol 0, version 0-9-1. */
export const PROTOCOL_HEADER: Uint8Array = Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1);

/** Smallest `frame_max` that either side may ask for. */
export const MIN_FRAME_MAX_BYTES = 4096;

export interface HandshakeOptions {
  readonly credentials: Credentials;
  /** Undefined: PLAIN, else AMQPLAIN. */
  readonly mechanism?: SaslMechanism | undefined;
  readonly virtualHost: string;
  /** Highest channel number we want; 0 = as the server likes. */
  readonly channelMax: number;
  /** Largest frame we want, in bytes; 0 = as the server likes. */
  readonly frameMaxBytes: number;
  /** Heartbeat interval we want, in seconds; 0 = none, whatever the server proposes, as py-amqp has it. */
  readonly heartbeatSeconds: number;
  /** Shown by the broker's tools; `capabilities` are added. */
  readonly clientProperties: FieldTable;
}

/** What was agreed on. */
export interface Session {
  readonly serverProperties: FieldTable;
  readonly mechanism: SaslMechanism;
  readonly channelMax: number;
  readonly frameMaxBytes: number;
  /** 0 = no heartbeats. */
  readonly heartbeatSeconds: number;
}

/** What we understand of what RabbitMQ adds to the specification; told to a server that offers it. */
const CAPABILITIES = [
  "publisher_confirms",
  "exchange_exchange_bindings",
  "basic.nack",
  "consumer_cancel_notify",
  "connection.blocked",
  "authentication_failure_close",
] as const;

const HIGHEST_CHANNEL = 65_535;
const LOCALE = "en_US";

type State =
  | { readonly kind: "start" }
  | { readonly kind: "tune"; readonly serverProperties: FieldTable; readonly mechanism: SaslMechanism }
  | { readonly kind: "open-ok"; readonly session: Session }
  | { readonly kind: "done"; readonly session: Session };

/** Feed it the server's methods, send what it answers, until `session` is there. Its states are named for what is awaited. */
export class Handshake {
  readonly #options: HandshakeOptions;
  #state: State = { kind: "start" };

  constructor(options: HandshakeOptions) {
    this.#options = options;
  }

  /** Undefined until the server has opened the virtual host. */
  get session(): Session | undefined {
    return this.#state.kind === "done" ? this.#state.session : undefined;
  }

  /**
   * @returns what to send, in order.
   * @throws {ProtocolError} for a method out of turn; {ConnectionError} if the two sides have nothing in common.
   */
  next(method: Method): readonly Method[] {
    const state = this.#state;
    if (method.kind === "connection.start" && state.kind === "start") return this.#onStart(method);
    if (method.kind === "connection.tune" && state.kind === "tune") return this.#onTune(method, state);
    if (method.kind === "connection.secure" && state.kind === "tune") {
      throw new ConnectionError(`Cannot log in: the server asks a question that ${state.mechanism} has no answer to`, {
        code: "ERR_CONNECT",
      });
    }
    if (method.kind === "connection.open-ok" && state.kind === "open-ok") {
      this.#state = { kind: "done", session: state.session };
      return [];
    }
    throw new ProtocolError(`Cannot open AMQP connection: ${method.kind} came, expected ${state.kind}`, {
      replyCode: ReplyCode.commandInvalid,
    });
  }

  #onStart(method: MethodOf<"connection.start">): readonly Method[] {
    const { versionMajor, versionMinor, serverProperties } = method;
    if (versionMajor !== 0 || versionMinor !== 9) {
      throw new ProtocolError(
        `Cannot open AMQP connection: the server speaks AMQP ${versionMajor}-${versionMinor}, expected 0-9`,
      );
    }
    const { credentials, clientProperties } = this.#options;
    const mechanism = chooseMechanism(method.mechanisms, this.#options.mechanism);
    this.#state = { kind: "tune", serverProperties, mechanism };
    return [{
      kind: "connection.start-ok",
      clientProperties: { ...clientProperties, capabilities: commonCapabilities(serverProperties) },
      mechanism,
      response: saslResponse(mechanism, credentials),
      locale: LOCALE,
    }];
  }

  #onTune(method: MethodOf<"connection.tune">, state: Extract<State, { kind: "tune" }>): readonly Method[] {
    const { channelMax, frameMaxBytes, heartbeatSeconds, virtualHost } = this.#options;
    const session: Session = {
      serverProperties: state.serverProperties,
      mechanism: state.mechanism,
      channelMax: smallerLimit(channelMax, method.channelMax) || HIGHEST_CHANNEL,
      frameMaxBytes: smallerLimit(frameMaxBytes, method.frameMax) || HIGHEST_FRAME_MAX_BYTES,
      heartbeatSeconds: heartbeatSeconds === 0 ? 0 : smallerLimit(heartbeatSeconds, method.heartbeat),
    };
    if (session.frameMaxBytes < MIN_FRAME_MAX_BYTES) {
      throw new ProtocolError(
        `Cannot open AMQP connection: frames of at most ${session.frameMaxBytes} bytes were agreed on, the least is ${MIN_FRAME_MAX_BYTES}`,
      );
    }
    this.#state = { kind: "open-ok", session };
    return [
      {
        kind: "connection.tune-ok",
        channelMax: session.channelMax,
        frameMax: session.frameMaxBytes,
        heartbeat: session.heartbeatSeconds,
      },
      { kind: "connection.open", virtualHost },
    ];
  }
}

/** "No limit" on both sides still needs one, so that an announced size can be refused. */
const HIGHEST_FRAME_MAX_BYTES = 16 * 1024 * 1024;

/** The smaller of two limits of which 0 means "none". */
function smallerLimit(ours: number, theirs: number): number {
  if (ours === 0 || theirs === 0) return Math.max(ours, theirs);
  return Math.min(ours, theirs);
}

function commonCapabilities(serverProperties: FieldTable): FieldTable {
  const offered = serverProperties.capabilities;
  const isOffered = (name: string) =>
    typeof offered === "object" && offered !== null && (offered as FieldTable)[name] === true;
  return Object.fromEntries(CAPABILITIES.filter(isOffered).map((name) => [name, true]));
}
