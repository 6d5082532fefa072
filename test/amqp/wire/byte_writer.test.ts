import { describe, expect, test } from "vitest";
import { ByteWriter } from "../../../lib/amqp/wire/byte_writer.ts";
import { Seeded } from "../../support/seeded.ts";

const taken = (writer: ByteWriter) => Buffer.concat(writer.take());

describe("ByteWriter", () => {
  test.each([
    ["", "00"],
    ["celery", "0663656c657279"],
    ["kůň", "056bc5af c588"],
    ["x".repeat(255), `ff${"78".repeat(255)}`],
  ])("writes %j with its length in one byte", (text, hex) => {
    const writer = new ByteWriter();

    writer.shortstr(text);

    expect(taken(writer).toString("hex")).toBe(hex.replaceAll(" ", ""));
  });

  test("refuses a text of more than 255 bytes", () => {
    expect(() => new ByteWriter().shortstr("ů".repeat(128))).toThrow(/it has 256 bytes or more, the limit is 255/);
  });

  test("gives the same bytes however often its memory runs out, with lengths filled in and halves undone", () => {
    const random = new Seeded(5);
    const writer = new ByteWriter();
    const [expected, written]: [Buffer[], Buffer[]] = [[], []];
    for (let round = 0; round < 3000; round++) {
      const text = "t".repeat(random.integer(0, 200));
      const body = Buffer.from(random.bytes(random.integer(0, 2000)));
      const start = writer.begin();
      const opened = writer.openLength();
      writer.shortstr(text);
      writer.bytes(body);
      writer.closeLength(opened);
      if (random.integer(0, 10) === 0) writer.rewind(start);
      else {
        const size = Buffer.alloc(4);
        size.writeUInt32BE(1 + text.length + body.length);
        expected.push(size, Buffer.from([text.length]), Buffer.from(text), body);
      }
      if (random.integer(0, 200) === 0) written.push(taken(writer));
    }
    written.push(taken(writer));

    expect(Buffer.concat(written).equals(Buffer.concat(expected))).toBe(true);
  });

  test("never writes again to what was taken", () => {
    const writer = new ByteWriter();
    writer.longstr("first");
    const pieces = writer.take();
    const before = Buffer.concat(pieces);

    for (let i = 0; i < 1000; i++) {
      writer.begin();
      writer.longstr("x".repeat(100));
      writer.take();
    }

    expect(Buffer.concat(pieces).equals(before)).toBe(true);
  });
});
