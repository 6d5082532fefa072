import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { describeEvent, describeFrame, describeMethod } from "../../../lib/amqp/wire/describe.ts";
import { assemble, capturedFrames, decodeFrames } from "../../support/amqp_frames.ts";

describe("describeMethod", () => {
  test("shows fields by name, and what is long by its start", () => {
    expect(describeMethod({ kind: "basic.ack", deliveryTag: 7, multiple: false })).toBe(
      "basic.ack(deliveryTag=7, multiple=false)",
    );
    expect(describeMethod({ kind: "connection.blocked", reason: "x".repeat(70) })).toBe(
      `connection.blocked(reason="${"x".repeat(64)}"…)`,
    );
  });

  test("shows no secret", () => {
    const text = describeMethod({
      kind: "connection.start-ok",
      clientProperties: { product: "x" },
      mechanism: "PLAIN",
      response: Buffer.from("\0joe\0secret"),
      locale: "en_US",
    });

    expect(text).toBe(
      'connection.start-ok(clientProperties={product}, mechanism="PLAIN", response=**, locale="en_US")',
    );
  });
});

describe("describeFrame", () => {
  test("has a line for every captured frame", () => {
    for (const { bytes, frame } of capturedFrames()) {
      if (frame === "protocol-header") continue;
      const [decoded] = decodeFrames([bytes]);
      if (decoded !== undefined) expect(describeFrame(decoded)).toMatch(/^(?:channel \d+ \S.*|heartbeat)$/);
    }
  });
});

describe("describeEvent", () => {
  test("shows the size of a content", () => {
    const publish = decodeFrames([
      Buffer.from("01 0001 0000000f 003c00280000000663656c65727900 ce".replaceAll(" ", ""), "hex"),
      Buffer.from("02 0001 0000000e 003c0000000000000000 0003 0000 ce".replaceAll(" ", ""), "hex"),
      Buffer.from("03 0001 00000003 616263 ce".replaceAll(" ", ""), "hex"),
    ]);

    const [event] = assemble(publish);

    expect(event && describeEvent(event)).toBe(
      'basic.publish(exchange="", routingKey="celery", mandatory=false, immediate=false) with 3 bytes',
    );
  });
});
