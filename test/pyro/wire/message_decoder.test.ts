import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { createAuthenticator } from "../../../lib/pyro/hmac.ts";
import { NO_ANNOTATIONS } from "../../../lib/pyro/wire/annotations.ts";
import { MessageTooLargeError, PyroError } from "../../../lib/pyro/wire/errors.ts";
import { ForeignPeerError } from "../../../lib/pyro/wire/foreign_peer.ts";
import { encodeMessage, type Message, MessageType } from "../../../lib/pyro/wire/message.ts";
import { MessageDecoder, type MessageDecoderOptions } from "../../../lib/pyro/wire/message_decoder.ts";
import { anySplit, everyPrefix } from "../../support/any_split.ts";
import { capturedMessages, CONVERSATIONS, scenario, scenariosOf } from "../../support/pyro_fixtures.ts";
import { Seeded } from "../../support/seeded.ts";

const ALL_TYPES = Object.values(MessageType);
const INVOKE = {
  type: MessageType.invoke,
  flags: 0,
  seq: 3,
  serializerId: 1,
  annotations: new Map([["USER", Buffer.from("value")]]),
  payload: Buffer.from("('o','m',(),{})"),
} as const satisfies Message;

function decodeAll(chunks: readonly Uint8Array[], options: MessageDecoderOptions = {}): Message[] {
  const decoder = new MessageDecoder(options);
  const messages: Message[] = [];
  for (const chunk of chunks) {
    decoder.feed(chunk);
    for (let message; (message = decoder.next(ALL_TYPES)) !== undefined;) messages.push(message);
  }
  decoder.end();
  return messages;
}

/** The header that `bytes` would have with another field, and the checksum set right again. */
function withField(bytes: Buffer, offset: number, value: number, width: 2 | 4 = 2): Buffer {
  const out = Buffer.from(bytes);
  if (width === 2) out.writeUInt16BE(value, offset);
  else out.writeInt32BE(value, offset);
  const sum = out.readUInt16BE(4) + out.readUInt16BE(6) + out.readUInt16BE(8) + out.readUInt16BE(10) +
    out.readInt32BE(12) + out.readUInt16BE(16) + out.readUInt16BE(18) + 0x34e9;
  out.writeUInt16BE(sum & 0xffff, 22);
  return out;
}

describe("MessageDecoder", () => {
  test("decodes one captured message of each kind the same however the network splits it", () => {
    const seen = new Set<string>();
    for (const { where, bytes, exchange, scenario } of capturedMessages()) {
      const kind = `${exchange.fields.type} ${exchange.fields.flags} ${exchange.fields.serializer}`;
      if (exchange.fields.version !== 48 || seen.has(kind) || bytes.length > 1000 || /checksum/.test(scenario.name)) {
        continue;
      }
      seen.add(kind);
      const authenticator = createAuthenticator(scenario.hmacKey);

      for (const chunks of anySplit(bytes)) {
        const again = decodeAll(chunks, { authenticator }).map((message) => encodeMessage(message));
        if (!Buffer.concat(again).equals(bytes)) throw new Error(`${where} is lost when split into ${chunks.length}`);
      }
    }
    expect(seen.size).toBeGreaterThan(20);
  });

  test.each(CONVERSATIONS)("reads each direction of every conversation in %s.json as one stream", (file) => {
    for (const { name, exchange, hmacKey } of scenariosOf(file)) {
      if (/without-key|wrong-key|checksum|version|garbage|early|no-key/.test(name)) continue; // broken on purpose
      for (const conn of new Set(exchange.map((each) => each.conn))) {
        for (const dir of ["c2s", "s2c"]) {
          const sent = exchange.filter((each) => each.conn === conn && each.dir === dir && each.message !== undefined);
          const bytes = Buffer.concat(sent.flatMap((each) => each.message ?? []));

          const messages = decodeAll([bytes], { authenticator: createAuthenticator(hmacKey) });

          expect(messages.map(({ seq, flags }) => [seq, flags]), name).toEqual(
            sent.map(({ fields }) => [fields.seq, fields.flags]),
          );
        }
      }
    }
  });

  test("puts large messages together from many chunks, between small ones, and lends each payload for one turn", () => {
    const large = { ...INVOKE, payload: Buffer.alloc(200_000, "large") };
    const decoder = new MessageDecoder();
    const bytes = Buffer.concat([INVOKE, large, INVOKE, large, large, INVOKE].map((each) => encodeMessage(each)));
    const seen: string[] = [];
    let annotation: Uint8Array | undefined;

    for (let at = 0; at < bytes.length; at += 65_536) {
      const chunk = Buffer.from(bytes.subarray(at, at + 65_536));
      decoder.feed(chunk);
      chunk.fill(0); // the decoder keeps nothing of a chunk
      for (let message; (message = decoder.next(ALL_TYPES)) !== undefined;) {
        const isWhole = Buffer.from(message.payload).equals(large.payload);
        seen.push(isWhole ? "large" : Buffer.from(message.payload).toString());
        annotation = message.annotations.get("USER");
      }
    }
    decoder.end();

    const small = INVOKE.payload.toString();
    expect(seen).toEqual([small, "large", small, "large", "large", small]);
    expect(annotation).toEqual(Buffer.from("value"));
  });

  test("refuses a large message by its header, though its bytes are on their way", () => {
    const bytes = encodeMessage({ ...INVOKE, payload: Buffer.alloc(200_000) });
    const decoder = new MessageDecoder({ maxMessageBytes: 100_000 });
    decoder.feed(bytes.subarray(0, 1000));

    expect(() => decoder.next(ALL_TYPES)).toThrow("max message size exceeded (200011 where max=100000)");
  });

  test("refuses a message over the limit from its header alone", () => {
    const decoder = new MessageDecoder({ maxMessageBytes: 25 });
    decoder.feed(encodeMessage(INVOKE).subarray(0, 24));

    expect(() => decoder.next(ALL_TYPES)).toThrow(MessageTooLargeError);
    expect(() => decoder.next(ALL_TYPES)).toThrow("max message size exceeded (26 where max=25)");
  });

  test("refuses announced sizes of 2 GiB and negative ones without waiting for the bytes", () => {
    const bytes = encodeMessage(INVOKE);

    expect(() => decodeAll([withField(bytes, 12, 0x7fff_ffff, 4)], { maxMessageBytes: 1000 })).toThrow("exceeded");
    expect(() => decodeAll([withField(bytes, 12, -1, 4)])).toThrow("invalid message size (-1");
  });

  test("refuses a type that may not come now", () => {
    const decoder = new MessageDecoder();
    decoder.feed(encodeMessage(INVOKE));

    expect(() => decoder.next([MessageType.connect])).toThrow("invalid msg type 4 received");
  });

  test.each([
    ["a wrong checksum", () => {
      const bytes = encodeMessage(INVOKE);
      bytes.writeUInt16BE(1, 22);
      return bytes;
    }, "header checksum mismatch"],
    ["an HTTP request", () => Buffer.from("GET / HTTP/1.1\r\n\r\n"), "the peer speaks HTTP"],
    ["a TLS greeting", () => Buffer.from("160301020001000001fc0303", "hex"), "the peer speaks TLS"],
    ["a Pyro5 header", () => Buffer.from("5059524f01f60101001000000000001e00000000", "hex"), "the peer speaks Pyro5"],
    ["an old Pyro4 header", () => Buffer.from("5059524f002f0001", "hex"), "Pyro protocol 47, expected 48"],
    ["anything else", () => Buffer.from("hello world"), 'expected PYRO, got "hello "'],
    ["an annotation that reaches over the end", () => {
      const bytes = encodeMessage(INVOKE);
      bytes.writeUInt16BE(6, 28); // its length, of 5
      return bytes;
    }, "a chunk needs 6 bytes, 5 are left"],
    [
      "half an annotation",
      () => withField(withField(encodeMessage({ ...INVOKE, annotations: NO_ANNOTATIONS }), 18, 4), 12, 11, 4),
      "a chunk needs 6 bytes, 4 are left",
    ],
  ])("recognizes %s", (_, bytes, words) => {
    expect(() => decodeAll([bytes()])).toThrow(words);
  });

  test("tells foreign peers by their first six bytes, before a header is complete", () => {
    const decoder = new MessageDecoder();
    decoder.feed(Buffer.from("GET / "));

    expect(() => decoder.next(ALL_TYPES)).toThrow(ForeignPeerError);
  });

  test("stays failed after an error, whatever comes later", () => {
    const decoder = new MessageDecoder();
    decoder.feed(Buffer.from("nonsense"));
    expect(() => decoder.next(ALL_TYPES)).toThrow();

    decoder.feed(encodeMessage(INVOKE));

    expect(() => decoder.next(ALL_TYPES)).toThrow('got "nonsen"');
  });

  test("accepts a digest by the shared key only", () => {
    const authenticator = createAuthenticator("key");
    const signed = encodeMessage(INVOKE, { authenticator });
    const tampered = Buffer.from(signed);
    tampered.writeUInt8(tampered.readUInt8(tampered.length - 1) ^ 1, tampered.length - 1);

    expect(decodeAll([signed], { authenticator })).toHaveLength(1);
    expect(() => decodeAll([tampered], { authenticator })).toThrow("message hmac mismatch");
    expect(() => decodeAll([signed], { authenticator: createAuthenticator("other") })).toThrow("message hmac mismatch");
    expect(() => decodeAll([signed])).toThrow("hmac key config not symmetric");
    expect(() => decodeAll([encodeMessage(INVOKE)], { authenticator })).toThrow("hmac key config not symmetric");
  });

  test("verifies the digests that Python wrote", () => {
    const { exchange, hmacKey } = scenario("hmac", "keyed-serpent");
    const authenticator = createAuthenticator(hmacKey);

    for (const { message } of exchange) {
      if (message !== undefined) expect(decodeAll([message], { authenticator })).toHaveLength(1);
    }
  });

  test("says at EOF whether a message was cut", () => {
    const bytes = encodeMessage(INVOKE);

    for (const prefix of everyPrefix(bytes)) {
      if (prefix.length === 0) expect(decodeAll([prefix])).toEqual([]);
      else expect(() => decodeAll([prefix])).toThrow("receiving: not enough data");
    }
  });

  test("throws only Pyro's errors, whatever happens to the bytes", () => {
    const seeded = new Seeded();
    const messages = capturedMessages().map(({ bytes }) => bytes).filter((bytes) => bytes.length < 2000);
    const rounds = Number(process.env.PYRO_FUZZ ?? 2000);

    for (let i = 0; i < rounds; i++) {
      const damaged = seeded.mutate(seeded.pick(messages));
      try {
        decodeAll([damaged], { maxMessageBytes: 1 << 20 });
      } catch (error) {
        if (!(error instanceof PyroError)) throw new Error(`seed ${seeded.seed}, round ${i}`, { cause: error });
      }
    }
  });
});
