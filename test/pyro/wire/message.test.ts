import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { createAuthenticator } from "../../../lib/pyro/hmac.ts";
import { CORR, HMAC, NO_ANNOTATIONS } from "../../../lib/pyro/wire/annotations.ts";
import {
  describeMessage,
  encodeHead,
  encodeMessage,
  Flag,
  type Message,
  MessageType,
} from "../../../lib/pyro/wire/message.ts";
import { MessageDecoder } from "../../../lib/pyro/wire/message_decoder.ts";
import { capturedMessages } from "../../support/pyro_fixtures.ts";

const PING = {
  type: MessageType.ping,
  flags: 0,
  seq: 0,
  serializerId: 42,
  annotations: NO_ANNOTATIONS,
  payload: Buffer.from("ping"),
};

describe("encodeMessage", () => {
  test("writes every captured message as Python wrote it, byte for byte", () => {
    let count = 0;
    for (const { where, bytes, exchange } of capturedMessages()) {
      const fields = exchange.fields as { seq: number; reserved: number; checksum: number };
      if (exchange.fields.version !== 48 || /checksum/.test(where)) continue; // damaged on purpose
      const message = decode(bytes);

      expect(encodeMessage(message).equals(bytes), where).toBe(true);
      expect(message.seq, where).toBe(fields.seq);
      count++;
    }
    expect(count).toBeGreaterThan(800);
  });

  test("adds the digest as the last annotation, as Python does", () => {
    let count = 0;
    for (const { where, bytes, scenario } of capturedMessages()) {
      if (!scenario.name.startsWith("keyed") && scenario.name !== "compressed-hmac") continue;
      const message = decode(bytes);
      const annotations = new Map(message.annotations);
      annotations.delete(HMAC);

      const again = encodeMessage({ ...message, annotations }, {
        authenticator: createAuthenticator(scenario.hmacKey),
      });

      expect(again.equals(bytes), where).toBe(true);
      count++;
    }
    expect(count).toBeGreaterThan(40);
  });

  test("refuses a message over the limit, with Python's words", () => {
    expect(() => encodeMessage({ ...PING, payload: Buffer.alloc(101) }, { maxMessageBytes: 100 })).toThrow(
      "max message size exceeded (101 where max=100)",
    );
    expect(encodeMessage({ ...PING, payload: Buffer.alloc(100) }, { maxMessageBytes: 100 }).length).toBe(124);
  });

  test("counts annotations towards the limit", () => {
    const annotations = new Map([["USER", Buffer.alloc(10)]]);

    expect(() => encodeMessage({ ...PING, annotations }, { maxMessageBytes: 19 })).toThrow("(20 where max=19)");
  });

  test.each([
    ["XREQX", 1, "annotation key must be of length 4"],
    ["ABÇD", 1, "must be ASCII"],
    ["XREQ", 70_000, "70006 bytes, the header counts up to 65535"],
  ])("refuses the annotation %s of %i bytes", (id, length, words) => {
    const annotations = new Map([[id, Buffer.alloc(length)]]);

    expect(() => encodeMessage({ ...PING, annotations })).toThrow(words);
  });
});

describe("encodeHead", () => {
  test("is the whole message without its payload", () => {
    const annotations = new Map([["USER", Buffer.from("value")]]);

    const head = encodeHead({ ...PING, annotations });

    expect(Buffer.concat([head, PING.payload])).toEqual(encodeMessage({ ...PING, annotations }));
  });
});

describe("describeMessage", () => {
  test("says in one line what a log needs", () => {
    const annotations = new Map([[CORR, Buffer.alloc(16)]]);

    expect(describeMessage({ ...PING, flags: Flag.oneway | Flag.batch, seq: 7, annotations })).toBe(
      "PING flags=0xc ser=42 seq=7 annotations=CORR payload=4",
    );
  });
});

/** Reads one message and lets any digest pass: the captured message itself is what is compared. */
function decode(bytes: Buffer): Message {
  const isKeyed = bytes.includes(HMAC);
  const trusting = { digest: () => Buffer.alloc(20), isEqual: () => true };
  const decoder = new MessageDecoder({ authenticator: isKeyed ? trusting : undefined });
  decoder.feed(bytes);
  const message = decoder.next(Object.values(MessageType));
  if (message === undefined) throw new Error("The captured bytes are no whole message");
  return message;
}
