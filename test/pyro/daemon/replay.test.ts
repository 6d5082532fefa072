import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { connect, type Connection } from "../../../lib/net/mod.ts";
import { configFromVariables } from "../../../lib/pyro/config.ts";
import * as Pyro from "../../../lib/pyro/mod.ts";
import { HMAC, STRM } from "../../../lib/pyro/wire/annotations.ts";
import { encodeMessage, Flag, type Message, MessageType } from "../../../lib/pyro/wire/message.ts";
import { MessageDecoder } from "../../../lib/pyro/wire/message_decoder.ts";
import { createAuthenticator } from "../../../lib/pyro/hmac.ts";
import { CONVERSATIONS, type Exchange, type Scenario, scenariosOf } from "../../support/pyro_fixtures.ts";
import { methodOf, plainPayload } from "../../support/pyro_plain.ts";
import { startThings } from "../../support/pyro_thing.ts";

/** Conversations that our daemon leads otherwise, each with its reason. */
const OTHERWISE: Readonly<Record<string, string>> = {
  "connect-refused": "there is no daemon in it",
  "serializer-pickle-accepted": "pickle is never accepted",
  "invoke-pickle-not-accepted": "the refusal is pickled; ours just hangs up",
  "custom-class-result": "classes need a converter here",
  "custom-class-result-json": "classes need a converter here",
  "closing-system-exit": "nothing here ends a process from inside a method",
  "autoproxy-off": "classes need a converter here",
  "autoproxy-marshal": "Python sends the bare instance dict of a registered object",
  "stream-lifetime": "it waits; streams.test.ts has it with a fake clock",
  "bytes-serpent": "serpent's dict of base64 is read as the bytes that it stands for",
  "dates-marshal": "ours names the path of what marshal cannot carry, in a SerializeError",
  "invoke-bad-json": "Python's JSONDecodeError is a class that its own clients refuse; ours is its base, ValueError",
  "timeout": "the client hangs up before the answer comes",
};

/** Methods whose answers may say something else: they tell a port, or return a Python type that is not here. */
const OWN_ANSWERS = /^(?:info|keysview)$/;
/** Requests whose errors have words of their own, for they name Python's types or its parser; the class has to be the same. */
const OWN_WORDS = /^(?:unser|fail_unser|gen|when|)$/;

/** A client that sends captured bytes and reads whatever comes back. */
class Replayer {
  readonly #connection: Connection;
  readonly #decoder: MessageDecoder;
  readonly #messages: Message[] = [];
  #wake: () => void = () => {};
  #ended = false;

  constructor(connection: Connection, hmacKey: string | undefined) {
    this.#connection = connection;
    this.#decoder = new MessageDecoder({ authenticator: createAuthenticator(hmacKey) });
    connection.read((chunk) => {
      this.#decoder.feed(chunk);
      for (let message; (message = this.#decoder.next(Object.values(MessageType))) !== undefined;) {
        this.#messages.push(message);
      }
      this.#wake();
    }).catch(() => {}).finally(() => {
      this.#ended = true;
      this.#wake();
    });
  }

  send(bytes: Uint8Array): void {
    if (this.#connection.isOpen) this.#connection.write(bytes);
  }

  /** The next message, or undefined at the end. */
  async next(): Promise<Message | undefined> {
    while (this.#messages.length === 0 && !this.#ended) await new Promise<void>((resolve) => this.#wake = resolve);
    return this.#messages.shift();
  }

  close(): Promise<void> {
    return this.#connection.close(100);
  }
}

function optionsOf({ serverEnv, serverOptions, hmacKey, name }: Scenario): Pyro.DaemonOptions {
  const accepted = serverOptions.find((option) => option.startsWith("accept="))?.slice(7);
  const isKeyless = name === "server-without-key";
  return {
    config: {
      ...configFromVariables({ ...serverEnv }),
      ...(accepted === undefined ? {} : { SERIALIZERS_ACCEPTED: accepted }),
    },
    ...(hmacKey === undefined || isKeyless ? {} : { hmacKey }),
    ...(serverOptions.includes("dann=1") ? { annotations: () => new Map([["DANN", Buffer.from("daemon")]]) } : {}),
    ...(serverOptions.includes("validate=1")
      ? {
        validateHandshake: (_: unknown, value: unknown) => {
          if (value === "secret") return ["welcome", 1];
          throw new RangeError("wrong handshake value");
        },
      }
      : {}),
  };
}

/** Which of ours a captured stream id stands for. */
type StreamIds = Map<string, string>;

/** The captured request, about our streams, and signed again where that has changed it. */
function withOurStreams(bytes: Buffer, ids: StreamIds, hmacKey: string | undefined): Buffer {
  let latin1 = bytes.toString("latin1");
  for (const [theirs, ours] of ids) latin1 = latin1.replaceAll(theirs, ours);
  const changed = Buffer.from(latin1, "latin1");
  const authenticator = createAuthenticator(hmacKey);
  return changed.equals(bytes) || authenticator === undefined
    ? changed
    : encodeMessage(readCaptured(changed), { authenticator });
}

function readCaptured(bytes: Buffer): Message {
  const decoder = new MessageDecoder({
    authenticator: bytes.includes(HMAC) ? { digest: () => Buffer.alloc(0), isEqual: () => true } : undefined,
  });
  decoder.feed(bytes);
  const message = decoder.next(Object.values(MessageType));
  if (message === undefined) throw new Error("The captured bytes are no whole message");
  return message;
}

function comparable(message: Message, asked: string): unknown {
  const { type, flags, seq, serializerId, annotations } = message;
  if (OWN_ANSWERS.test(asked)) return { type, seq, serializerId };
  return {
    type,
    // Compressed or not depends on how long the metadata is.
    flags: type === MessageType.connectOk ? flags & ~Flag.compressed : flags,
    seq,
    serializerId,
    annotations: [...annotations.keys()],
    payload: exactText(message) ?? withoutOwnWords(withoutLongLists(plainPayload(message)), asked),
  };
}

/** Results of the text serializers have to be Python's to the byte, ports apart. */
function exactText({ type, flags, serializerId, payload }: Message): string | undefined {
  const isExact = type === MessageType.result && (flags & ~Flag.batch) === 0 && serializerId <= 2;
  const shown = isExact ? text(payload).replace(/(?<=127\.0\.0\.1['"]?[:,]) ?\d+/g, "PORT") : "_pyroTraceback";
  return shown.includes("_pyroTraceback") ? undefined : shown;
}

function withoutOwnWords(payload: unknown, asked: string): unknown {
  if (!OWN_WORDS.test(asked)) return payload;
  if (typeof payload === "string") return "own words";
  const error = typeof payload === "object" && payload !== null && "error" in payload ? payload.error : undefined;
  return error === undefined ? payload : { error };
}

/** The captured object has gained members from one capture to the next; the short lists are those of the other objects. */
function withoutLongLists(payload: unknown): unknown {
  return JSON.parse(
    JSON.stringify(payload, (key, value: unknown) => {
      const isLong = (key === "methods" || key === "oneway") && Array.isArray(value) &&
        !value.includes("close_stream") &&
        (value.length > 10 || value.includes("fire"));
      return isLong ? "many" : typeof value === "bigint" ? String(value) : value;
    }),
  );
}

async function replay(scenario: Scenario): Promise<void> {
  await using daemon = await startThings(optionsOf(scenario));
  const clients = new Map<number, Replayer>();
  const streams: StreamIds = new Map();
  const asked = new Map<number, string>();
  const ended = new Set<number>();
  const clientOf = async (conn: number): Promise<Replayer> => {
    const before = clients.get(conn);
    if (before !== undefined) return before;
    const fresh = new Replayer(
      await connect(daemon.address),
      scenario.name === "server-without-key" ? undefined : scenario.hmacKey,
    );
    clients.set(conn, fresh);
    return fresh;
  };
  const isBroken = scenario.name.includes("checksum");
  const step = async (each: Exchange): Promise<void> => {
    const client = await clientOf(each.conn);
    if (each.dir === "c2s") {
      const bytes = each.message ?? each.raw;
      if (bytes !== undefined) client.send(withOurStreams(bytes, streams, scenario.hmacKey));
      if (each.message !== undefined) asked.set(each.conn, isBroken ? "" : methodAsked(each));
      if (each.closed) {
        ended.add(each.conn);
        await client.close();
      }
      return;
    }
    if (each.closed && ended.has(each.conn)) return;
    const message = await client.next();
    if (each.closed) return expect(message, "the daemon hangs up").toBeUndefined();
    const theirs = readCaptured(each.message ?? Buffer.alloc(0));
    if (message === undefined) throw new Error(`${scenario.name}: the daemon hung up instead of answering`);
    const id = theirs.annotations.get(STRM);
    if (id !== undefined) streams.set(text(id), text(message.annotations.get(STRM) ?? Buffer.alloc(0)));
    const method = asked.get(each.conn) ?? "";
    expect(comparable(message, method), `${scenario.name}: ${method}`).toEqual(comparable(theirs, method));
  };
  // What formed no message was noted when its connection had ended.
  const inOrder = [...scenario.exchange].sort((a, b) => Number(b.raw !== undefined) - Number(a.raw !== undefined));
  for (const each of inOrder) await step(each);
  for (const client of clients.values()) await client.close();
}

function methodAsked({ message, fields }: Exchange): string {
  if (fields.type === "CONNECT") return fields.payload_text === "foo(1)" ? "" : "CONNECT";
  return message === undefined || fields.type !== "INVOKE" ? String(fields.type) : methodOf(readCaptured(message));
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

describe.each(CONVERSATIONS)("Daemon, asked as in %s.json", (file) => {
  const scenarios = scenariosOf(file).filter(({ name }) => OTHERWISE[name] === undefined);

  test.each(scenarios.map((scenario) => [scenario.name, scenario.what, scenario] as const))(
    "answers as Python did: %s (%s)",
    async (_name, _what, scenario) => {
      await replay(scenario);
    },
  );
});
