import { describe, expect, test } from "vitest";
import { ProtocolError } from "../../../lib/base/errors.ts";
import type { Message } from "../../../lib/socket/wire/message.ts";
import {
  encodeMessage,
  type Incoming,
  MessageDecoder,
  SessionDecoder,
} from "../../../lib/socket/wire/session_codec.ts";
import { anySplit } from "../../support/any_split.ts";
import {
  decodeAll,
  expectAtEverySplit,
  expectCleanTruncation,
  expectToSurviveGarbage,
} from "../../support/decoding.ts";

const bytesOf = (message: Message) => Buffer.concat([encodeMessage(message)].flat());

/** Runs of file bytes are joined: how they are cut is the network's business. */
function joined(messages: readonly Incoming[]): unknown[] {
  const out: unknown[] = [];
  for (const message of messages) {
    if (message.kind !== "data") out.push(message);
    else if (Array.isArray(out.at(-1))) (out.at(-1) as string[])[0] += String(Buffer.from(message.bytes));
    else out.push([String(Buffer.from(message.bytes))]);
  }
  return out;
}

const ALL: readonly Message[] = [
  { kind: "hello", version: 1, nonce: "00ff" },
  { kind: "challenge", nonce: "aa" },
  { kind: "proof", mac: "bb" },
  { kind: "welcome", mac: "cc" },
  { kind: "get", names: ["a", "b/c"], digest: false },
  {
    kind: "offer",
    entries: [{ name: "d", type: "folder", size: 0, mode: 0o755 }, {
      name: "s",
      type: "file",
      size: null,
      mode: 0o600,
    }],
    digest: true,
    existing: "skip",
  },
  { kind: "want", index: 0, offset: 5, prefix: "ab".repeat(32) },
  { kind: "begin", index: 0, offset: 0 },
  { kind: "end", index: 0, size: 2 ** 53 - 1, digest: null },
  { kind: "abort", index: 1, code: "changed", reason: "r" },
  { kind: "stored", index: 0, name: "n" },
  { kind: "skip", index: 0, reason: "r" },
  { kind: "failed", index: 0, code: "space", reason: "r" },
  { kind: "done" },
  { kind: "working" },
  { kind: "error", code: "secret", reason: "r" },
  { kind: "text", text: "kůň" },
  { kind: "text", text: "" },
];

describe("encodeMessage", () => {
  test("writes a string as Python's struct would: four bytes and the text", () => {
    expect(bytesOf({ kind: "text", text: "hello" }).toString("hex")).toBe("0000000568656c6c6f");
  });

  test("marks a text that begins like something else", () => {
    expect(bytesOf({ kind: "text", text: "\u0000x" }).toString("hex")).toBe("00000003020078");
  });

  test("sends file bytes as a part of their own, without a copy", () => {
    const bytes = new Uint8Array([7, 8]);

    const parts = encodeMessage({ kind: "data", bytes });

    expect([...(parts[0] as Uint8Array)]).toEqual([0, 0, 0, 3, 1]);
    expect(parts[1]).toBe(bytes);
  });
});

describe("MessageDecoder", () => {
  test.each(ALL.map((message) => [message.kind, message] as const))("reads back %s at every split", (_, message) => {
    expectAtEverySplit(() => new MessageDecoder(), bytesOf(message), [message], (each) => each);
  });

  test("keeps file bytes and messages in order, at every split", () => {
    const stream = Buffer.concat([
      bytesOf({ kind: "begin", index: 0, offset: 0 }),
      bytesOf({ kind: "data", bytes: Buffer.from("abc") }),
      bytesOf({ kind: "data", bytes: Buffer.from("de") }),
      bytesOf({ kind: "done" }),
      bytesOf({ kind: "data", bytes: Buffer.from("f") }),
    ]);
    for (const chunks of anySplit(stream)) {
      expect(joined(decodeAll(new MessageDecoder(), chunks))).toEqual([
        { kind: "begin", index: 0, offset: 0 },
        ["abcde"],
        { kind: "done" },
        ["f"],
      ]);
    }
  });

  test("keeps no view of a chunk: it may be overwritten after feed, at every split", () => {
    const stream = Buffer.concat(ALL.map(bytesOf));
    const chunks = [...anySplit(stream)].filter((_, index) => index % 7 === 0);
    for (const pieces of chunks) {
      const decoder = new MessageDecoder();
      const messages: Message[] = [];
      for (const piece of pieces) {
        const lent = Buffer.from(piece);
        decoder.feed(lent);
        lent.fill(0xee);
        for (let message; (message = decoder.next()) !== undefined;) messages.push(message);
      }

      expect(messages).toEqual(ALL);
    }
  });

  test("hands file bytes to a sink only when nothing stands before them", () => {
    const decoder = new MessageDecoder();
    const taken: string[] = [];
    decoder.divert({ take: (bytes) => void taken.push(String(Buffer.from(bytes))), room: () => undefined });
    decoder.feed(Buffer.concat([
      bytesOf({ kind: "data", bytes: Buffer.from("first") }),
      bytesOf({ kind: "done" }),
      bytesOf({ kind: "data", bytes: Buffer.from("after") }),
    ]));

    expect(taken).toEqual(["first"]); // and what is pulled next is what stood behind it
    expect(joined([decoder.next(), decoder.next(), decoder.next()].filter((each) => each !== undefined))).toEqual([
      { kind: "done" },
      ["after"],
    ]);
  });

  test("has file bytes received where they belong, but only inside a frame that nothing stands before", () => {
    const decoder = new MessageDecoder();
    const file = Buffer.alloc(100);
    let filled = 0;
    const sink = {
      take(bytes: Uint8Array) {
        if (bytes.byteOffset !== file.byteOffset + filled || bytes.buffer !== file.buffer) file.set(bytes, filled);
        filled += bytes.length;
      },
      room: (atMost: number) => file.subarray(filled, filled + atMost),
    };
    const frame = bytesOf({ kind: "data", bytes: Buffer.from("0123456789") });
    expect(decoder.target()).toBeUndefined();

    decoder.feed(frame.subarray(0, 7));
    expect(decoder.target()).toBeUndefined(); // nobody takes the bytes where they lie
    expect(decoder.next()).toEqual({ kind: "data", bytes: Uint8Array.of(48, 49) });
    decoder.divert(sink);
    const room = Buffer.from(decoder.target() ?? []);
    decoder.target()?.set(frame.subarray(7, 10));
    decoder.feed(file.subarray(0, 3));
    expect([room.length, decoder.target()?.length, decoder.target()?.byteOffset]).toEqual([
      8,
      5,
      file.byteOffset + 3,
    ]);
    expect(decoder.next()).toMatchObject({ kind: "data", bytes: { length: 0 } }); // the word that some went
    decoder.feed(Buffer.concat([frame.subarray(10), bytesOf({ kind: "done" })]));
    expect(decoder.target()).toBeUndefined(); // the frame is over, and a message waits

    expect(String(file.subarray(0, filled))).toBe("23456789");
    expect(decoder.next()).toEqual({ kind: "done" });
  });

  test("refuses a large control message from its header, but no large run of file bytes", () => {
    const limited = () => new MessageDecoder({ maxTextBytes: 10 });
    const head = Buffer.from("00000100", "hex");

    expect(() => decodeAll(limited(), [head, Buffer.from([0])])).toThrow("255 bytes announced, limit is 10");
    const decoder = limited();
    decoder.feed(Buffer.concat([head, Buffer.from([1, 9])]));
    expect(decoder.next()).toEqual({ kind: "data", bytes: Uint8Array.of(9) });
  });

  test("names a plain server that answers with text", () => {
    expect(() => decodeAll(new MessageDecoder(), [Buffer.from("Tue Nov  3 08:05:09 2026\r\n")])).toThrow(
      "looks like plain text",
    );
  });

  test.each([
    ["[]", "expected an object"],
    ['{"kind":"nonsense"}', "has no kind that is known"],
    ['{"kind":"constructor"}', "has no kind that is known"],
    ['{"kind":"want","index":-1}', "expected index to be a whole number from 0, got -1"],
    ['{"kind":"want","index":0,"offset":1.5}', "expected offset to be a whole number"],
    ['{"kind":"want","index":0,"offset":0,"prefix":"xyz"}', "a SHA-256 in hex"],
    ['{"kind":"offer","entries":{}}', "expected entries to be a list"],
    ['{"kind":"offer","entries":[{"name":"a","type":"link","size":0}]}', "expected an entry of type file or folder"],
    ['{"kind":"get","names":[5]}', "expected a text, got 5 (number)"],
    ['{"kind":"error","code":"__proto__","reason":"x"}', "expected a known code"],
    ["{", "is no JSON"],
  ])("refuses %s: %s", (json, why) => {
    const payload = Buffer.concat([Buffer.from([0]), Buffer.from(json)]);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(payload.length);

    expect(() => decodeAll(new MessageDecoder(), [head, payload])).toThrow(why);
    expect(() => decodeAll(new MessageDecoder(), [head, payload])).toThrow(ProtocolError);
  });

  test("ends every truncation cleanly, and survives garbage", () => {
    const stream = Buffer.concat(ALL.slice(-6).map(bytesOf));

    expectCleanTruncation(() => new MessageDecoder(), stream);
    expectToSurviveGarbage(() => new MessageDecoder({ maxTextBytes: 1000 }), stream);
  });

  test("takes no more than permission bits from a mode", () => {
    const offer = '{"kind":"offer","entries":[{"name":"a","type":"file","size":1,"mode":3565}]}'; // 0o6755: setuid, setgid
    const payload = Buffer.concat([Buffer.from([0]), Buffer.from(offer)]);
    const decoder = new MessageDecoder();
    decoder.feed(Buffer.from([0, 0, 0, payload.length]));
    decoder.feed(payload);

    expect(decoder.next()).toMatchObject({ entries: [{ mode: 0o755 }] });
  });
});

describe("SessionDecoder", () => {
  test("reads frames where the first byte is zero, and lines where it is text, at every split", () => {
    expectAtEverySplit(
      () => new SessionDecoder(),
      bytesOf({ kind: "text", text: "x" }),
      [{ kind: "text", text: "x" }],
      (m) => m,
    );
    expectAtEverySplit(
      () => new SessionDecoder(),
      Buffer.from("kůň\r\nlast"),
      [{ kind: "line", text: "kůň", isOpen: false }, { kind: "line", text: "last", isOpen: true }],
      (message) => message,
    );
  });

  test.each([
    ["GET / HTTP/1.1\r\n", "an HTTP request"],
    ["\x16\x03\x01\x00\x05\x01", "TLS"],
    ["SSH-2.0-x\r\n", "SSH"],
    ["\xff\xfb\x01", "telnet negotiation"],
    ["\x7fELF\x02\x01\x01", "neither a frame nor text"],
  ])("refuses %j by name: %s", (text, name) => {
    const decoder = new SessionDecoder();
    decoder.feed(Buffer.from(text, "latin1"));

    expect(() => decoder.next()).toThrow(name);
  });
});
