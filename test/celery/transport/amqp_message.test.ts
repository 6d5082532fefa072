import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { Decimal, PyDateTime } from "../../../lib/base/pyvalue.ts";
import { concatBytes } from "../../../lib/base/bytes.ts";
import { ByteWriter } from "../../../lib/amqp/wire/byte_writer.ts";
import { writePublish } from "../../../lib/amqp/wire/content.ts";
import { fromBasicProperties, toBasicProperties } from "../../../lib/celery/transport/amqp_message.ts";
import { assemble, capturedCases, decodeFrames } from "../../support/amqp_frames.ts";

describe("fromBasicProperties", () => {
  test("reads what a Python client published, and toBasicProperties writes the same bytes again", () => {
    let seen = 0;
    for (const frames of capturedCases("amqp-publish-rpc-5.6").values()) {
      const bytes = Buffer.concat(
        frames.filter(({ dir, channel }) => dir === "c2s" && channel === 1).map((frame) => frame.bytes),
      );
      for (const event of assemble(decodeFrames([bytes]))) {
        if (event.kind !== "content" || event.method.kind !== "basic.publish") continue;
        const message = fromBasicProperties(event.content.properties, event.content.body);
        const writer = new ByteWriter();
        writePublish(writer, 1, event.method, { properties: toBasicProperties(message), body: message.body }, 131_072);

        expect(message.headers.task).toMatch(/^proj\./);
        expect(message.properties.correlationId).toBe(message.headers.id);
        expect(bytes.includes(Buffer.from(concatBytes(writer.take())))).toBe(true);
        seen++;
      }
    }
    expect(seen).toBeGreaterThan(15);
  });

  test("gives times and decimals as texts, however deep, since no other broker carries them", () => {
    const headers = { at: PyDateTime.parse("2030-01-02T03:04:05+00:00"), list: [{ price: new Decimal("1.50") }], n: 1 };

    expect(fromBasicProperties({ headers }, new Uint8Array(0)).headers).toEqual({
      at: "2030-01-02T03:04:05+00:00",
      list: [{ price: "1.50" }],
      n: 1,
    });
  });

  test("has no headers where there are none, and keeps a priority of 0", () => {
    const message = fromBasicProperties({ priority: 0, deliveryMode: 7 }, new Uint8Array(0));

    expect(message).toMatchObject({ headers: {}, properties: { priority: 0 }, contentType: "" });
    expect(message.properties.deliveryMode).toBeUndefined();
  });
});
