import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { ConnectionError, ProtocolError } from "../../../lib/base/errors.ts";
import { Handshake, type HandshakeOptions, PROTOCOL_HEADER } from "../../../lib/amqp/wire/handshake.ts";
import { readMethod } from "../../../lib/amqp/wire/method_codec.ts";
import type { Method, MethodOf } from "../../../lib/amqp/wire/methods.ts";
import { capturedCases, decodeFrames, methodFrame } from "../../support/amqp_frames.ts";

const OPTIONS: HandshakeOptions = {
  credentials: { user: "guest", password: "guest" },
  virtualHost: "/",
  channelMax: 0,
  frameMaxBytes: 0,
  heartbeatSeconds: 120,
  clientProperties: { product: "test" },
};

const START: MethodOf<"connection.start"> = {
  kind: "connection.start",
  versionMajor: 0,
  versionMinor: 9,
  serverProperties: { product: "RabbitMQ", capabilities: { "basic.nack": true, "connection.blocked": false } },
  mechanisms: "AMQPLAIN PLAIN",
  locales: "en_US",
};
const TUNE: MethodOf<"connection.tune"> = {
  kind: "connection.tune",
  channelMax: 2047,
  frameMax: 131_072,
  heartbeat: 60,
};

/** The first connection of a captured session, in order. */
const captured = (capturedCases("amqp-worker-5.6").get("worker_startup") ?? []).filter(({ conn }) => conn === 1).slice(
  0,
  7,
);

describe("Handshake", () => {
  test("answers RabbitMQ's captured greeting with Python's bytes", () => {
    const sent = captured.filter(({ dir }) => dir === "c2s").map(({ bytes }) => bytes);
    const came = captured.filter(({ dir }) => dir === "s2c").map(({ bytes }) => bytes);
    const handshake = new Handshake({
      ...OPTIONS,
      clientProperties: { product: "py-amqp", product_version: "5.1.1" },
    });

    const answers = came.flatMap((bytes) => {
      const [frame] = decodeFrames([bytes]);
      return handshake.next(readMethod(frame?.payload ?? Buffer.alloc(0)));
    });

    // py-amqp knows three of the capabilities that we know, and lists them first to last as a Python dict does
    const capabilities = {
      consumer_cancel_notify: true,
      "connection.blocked": true,
      authentication_failure_close: true,
    };
    const ours = answers.map((method) =>
      method.kind === "connection.start-ok"
        ? { ...method, clientProperties: { product: "py-amqp", product_version: "5.1.1", capabilities } }
        : method
    );
    expect([PROTOCOL_HEADER, ...ours.map((method) => methodFrame(0, method))].map((bytes) => Buffer.from(bytes)))
      .toEqual(sent);
    expect(handshake.session).toMatchObject({ channelMax: 2047, frameMaxBytes: 131_072, heartbeatSeconds: 60 });
  });

  test("tells the server only those capabilities that it offers too", () => {
    const [startOk] = new Handshake(OPTIONS).next(START);

    expect(startOk).toMatchObject({ clientProperties: { product: "test", capabilities: { "basic.nack": true } } });
  });

  test.each([
    ["the smaller heartbeat wins", { heartbeatSeconds: 10 }, {}, { heartbeatSeconds: 10 }],
    ["no heartbeat of ours means none", { heartbeatSeconds: 0 }, {}, { heartbeatSeconds: 0 }],
    ["no heartbeat of theirs leaves ours", {}, { heartbeat: 0 }, { heartbeatSeconds: 120 }],
    ["the smaller frame wins", { frameMaxBytes: 8192 }, {}, { frameMaxBytes: 8192 }],
    ["a frame without limit on both sides gets one", {}, { frameMax: 0 }, { frameMaxBytes: 16 * 1024 * 1024 }],
    ["channels without limit on both sides are 65535", {}, { channelMax: 0 }, { channelMax: 65_535 }],
    ["the smaller number of channels wins", { channelMax: 8 }, {}, { channelMax: 8 }],
  ])("agrees: %s", (_, ours, theirs, agreed) => {
    const handshake = new Handshake({ ...OPTIONS, ...ours });
    handshake.next(START);
    handshake.next({ ...TUNE, ...theirs });
    handshake.next({ kind: "connection.open-ok" });

    expect(handshake.session).toMatchObject(agreed);
  });

  test("opens the virtual host right behind tune-ok", () => {
    const handshake = new Handshake({ ...OPTIONS, virtualHost: "jobs" });
    handshake.next(START);

    expect(handshake.next(TUNE)).toMatchObject([
      { kind: "connection.tune-ok" },
      { kind: "connection.open", virtualHost: "jobs" },
    ]);
    expect(handshake.session).toBeUndefined();
  });

  test("refuses every method out of turn", () => {
    const openOk: Method = { kind: "connection.open-ok" };
    for (const path of [[TUNE], [openOk], [START, START], [START, openOk], [START, TUNE, TUNE]]) {
      const handshake = new Handshake(OPTIONS);
      expect(() => path.forEach((method) => handshake.next(method))).toThrow(ProtocolError);
    }
  });

  test("refuses another version of AMQP", () => {
    expect(() => new Handshake(OPTIONS).next({ ...START, versionMinor: 8 })).toThrow("the server speaks AMQP 0-8");
  });

  test("refuses frames too small to work with", () => {
    const handshake = new Handshake(OPTIONS);
    handshake.next(START);

    expect(() => handshake.next({ ...TUNE, frameMax: 1024 })).toThrow("1024 bytes were agreed on, the least is 4096");
  });

  test("names both lists if no mechanism is common", () => {
    const handshake = new Handshake({ ...OPTIONS, mechanism: "EXTERNAL" });

    expect(() => handshake.next(START)).toThrow(
      "Cannot log in: the server offers AMQPLAIN PLAIN, expected EXTERNAL",
    );
  });

  test("refuses a question that the mechanism has no answer to", () => {
    const handshake = new Handshake(OPTIONS);
    handshake.next(START);

    expect(() => handshake.next({ kind: "connection.secure", challenge: Buffer.from("?") })).toThrow(ConnectionError);
  });
});
